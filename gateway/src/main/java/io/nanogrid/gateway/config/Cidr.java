package io.nanogrid.gateway.config;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// An address range such as `10.1.0.0/16` or `fd00::/8`; a bare address is a range of one.
public record Cidr(String address, int bits) {

    private static final Pattern V4 = Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})");
    private static final Pattern V6 = Pattern.compile("[0-9a-fA-F:]{2,39}");

    public Cidr {
        Matcher parts = V4.matcher(address);
        boolean v4 = parts.matches();
        for (int i = 1; v4 && i <= parts.groupCount(); i++) {
            if (Integer.parseInt(parts.group(i)) > 255) {
                throw new IllegalArgumentException("'" + address + "' isn't an address");
            }
        }
        if (!v4 && !(V6.matcher(address).matches() && address.contains(":"))) {
            throw new IllegalArgumentException("'" + address + "' isn't an address");
        }
        if (bits < 0 || bits > (v4 ? 32 : 128)) {
            throw new IllegalArgumentException("a range has 0 to " + (v4 ? 32 : 128) + " bits");
        }
    }

    static Cidr parse(String text) {
        int slash = text.indexOf('/');
        return slash < 0
                ? new Cidr(text, text.contains(":") ? 128 : 32)
                : new Cidr(text.substring(0, slash), Integer.parseInt(text.substring(slash + 1)));
    }

    @Override
    public String toString() {
        return address + "/" + bits;
    }
}
