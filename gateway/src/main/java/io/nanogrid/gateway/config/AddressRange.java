package io.nanogrid.gateway.config;

import java.net.InetAddress;

/// A range of addresses of either family, such as `10.1.0.0/16` or `fd00::/8`; a bare address is a range of one.
public record AddressRange(InetAddress address, int bits) {

    public AddressRange {
        int all = address.getAddress().length * Byte.SIZE;
        if (bits < 0 || bits > all) {
            throw new IllegalArgumentException("a range has 0 to " + all + " bits");
        }
    }

    static AddressRange parse(String text) {
        int slash = text.indexOf('/');
        InetAddress address = InetAddress.ofLiteral(slash < 0 ? text : text.substring(0, slash));
        return new AddressRange(address, slash < 0
                ? address.getAddress().length * Byte.SIZE
                : Integer.parseInt(text.substring(slash + 1)));
    }

    public boolean contains(InetAddress other) {
        byte[] mine = address.getAddress();
        byte[] its = other.getAddress();
        if (mine.length != its.length) {
            return false;
        }
        for (int bit = 0; bit < bits; bit += Byte.SIZE) {
            int unused = Math.max(0, bit + Byte.SIZE - bits);
            if ((mine[bit / Byte.SIZE] ^ its[bit / Byte.SIZE]) >> unused << unused != 0) {
                return false;
            }
        }
        return true;
    }
}
