package io.nanogrid.gateway.config;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;

/// A range of addresses of either family, such as `10.1.0.0/16` or `fd00::/8`; a bare address is a range of one.
///
/// @param address its first address
/// @param bits length of the prefix
public record AddressRange(InetAddress address, int bits) {

    /// Four decimal numbers and no fewer: `10.1` is 10.0.0.1 to some and 10.1.0.0 to others; so is a leading zero octal to some.
    private static final Pattern V4 = Pattern.compile("(?:(?:0|[1-9]\\d{0,2})\\.){3}(?:0|[1-9]\\d{0,2})");
    private static final Pattern V6 = Pattern.compile("[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");
    private static final Pattern BITS = Pattern.compile("\\d{1,3}");

    public AddressRange {
        byte[] bytes = address.getAddress();
        int all = bytes.length * Byte.SIZE;
        if (bits < 0 || bits > all) {
            throw new IllegalArgumentException("a range's prefix must be 0 to " + all + ", not " + bits);
        }
        address = first(bytes, bits);
    }

    /// @throws IllegalArgumentException if it is neither an address nor a range
    public static AddressRange parse(String text) {
        int slash = text.indexOf('/');
        String literal = slash < 0 ? text : text.substring(0, slash);
        if (!V4.matcher(literal).matches() && !V6.matcher(literal).matches()) {
            throw new IllegalArgumentException("'" + text + "' isn't a range of addresses");
        }
        InetAddress address = InetAddress.ofLiteral(literal);
        if (slash < 0) {
            return of(address);
        }
        String bits = text.substring(slash + 1);
        if (!BITS.matcher(bits).matches()) {
            throw new IllegalArgumentException("'" + text + "' isn't a range of addresses");
        }
        return new AddressRange(address, Integer.parseInt(bits));
    }

    /// A range of one.
    public static AddressRange of(InetAddress address) {
        return new AddressRange(address, address.getAddress().length * Byte.SIZE);
    }

    public boolean isV4() {
        return address instanceof Inet4Address;
    }

    public boolean contains(InetAddress other) {
        byte[] bytes = other.getAddress();
        return bytes.length == address.getAddress().length && first(bytes, bits).equals(address);
    }

    public boolean contains(AddressRange other) {
        return bits <= other.bits && contains(other.address);
    }

    @Override
    public String toString() {
        return address.getHostAddress() + "/" + bits;
    }

    private static InetAddress first(byte[] bytes, int bits) {
        for (int i = 0; i < bytes.length; i++) {
            int kept = Math.clamp(bits - i * Byte.SIZE, 0, Byte.SIZE);
            bytes[i] &= (byte) (0xff << (Byte.SIZE - kept));
        }
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("an address has 4 or 16 bytes", e);
        }
    }
}
