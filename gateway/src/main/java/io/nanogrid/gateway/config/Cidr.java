package io.nanogrid.gateway.config;

import java.net.Inet4Address;

/// A range of IPv4 addresses, written as `10.1.0.0/16`.
///
/// @param address its first address, as a number
/// @param bits length of the prefix
public record Cidr(long address, int bits) {

    public Cidr {
        if (bits < 0 || bits > 32) {
            throw new IllegalArgumentException("a range's prefix must be 0 to 32, not " + bits);
        }
        address &= mask(bits);
    }

    /// `10.0.0.0/8`, or one address.
    public static Cidr of(String text) {
        String[] parts = text.split("/", 2);
        String[] octets = parts[0].split("\\.", -1);
        long address = 0;
        for (String octet : octets) {
            if (octets.length != 4 || !octet.matches("\\d{1,3}") || Integer.parseInt(octet) > 255) {
                throw new IllegalArgumentException("'" + text + "' isn't a range of IPv4 addresses");
            }
            address = (address << 8) | Integer.parseInt(octet);
        }
        return new Cidr(address, parts.length == 1 ? 32 : Integer.parseInt(parts[1]));
    }

    public static Cidr of(Inet4Address address) {
        return of(address.getHostAddress());
    }

    public boolean contains(Cidr other) {
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
