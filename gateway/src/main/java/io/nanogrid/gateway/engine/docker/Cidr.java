package io.nanogrid.gateway.engine.docker;

import java.net.Inet4Address;

/// A network of IPv4 addresses.
///
/// @param address its first address, as a number
/// @param bits length of the prefix
record Cidr(long address, int bits) {

    Cidr {
        if (bits < 0 || bits > 32) {
            throw new IllegalArgumentException("a network's prefix must be 0 to 32, not " + bits);
        }
        address &= mask(bits);
    }

    /// `10.0.0.0/8`, or one address.
    static Cidr of(String text) {
        String[] parts = text.split("/", 2);
        long address = 0;
        for (String octet : parts[0].split("\\.", -1)) {
            int value = Integer.parseInt(octet);
            if (value < 0 || value > 255) {
                throw new IllegalArgumentException("'" + text + "' is not an IPv4 network");
            }
            address = (address << 8) | value;
        }
        return new Cidr(address, parts.length == 1 ? 32 : Integer.parseInt(parts[1]));
    }

    static Cidr of(Inet4Address address) {
        return of(address.getHostAddress());
    }

    boolean contains(Cidr other) {
        return bits <= other.bits && (other.address & mask(bits)) == address;
    }

    @Override
    public String toString() {
        return (address >> 24 & 255) + "." + (address >> 16 & 255) + "." + (address >> 8 & 255) + "." + (address & 255)
                + "/" + bits;
    }

    private static long mask(int bits) {
        return (0xffff_ffffL << (32 - bits)) & 0xffff_ffffL;
    }
}
