package io.nanogrid.gateway.invoke;

import java.nio.charset.StandardCharsets;

/// Where an output file is found on this server.
final class OutputUrl {

    private static final String PLAIN = "-._~/";

    private OutputUrl() {
    }

    /// @param name what the store keeps it under
    /// @param path as the function called it
    static String of(String name, String path) {
        StringBuilder url = new StringBuilder("/outputs/").append(name).append('/');
        for (byte b : path.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            boolean plain = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
                    || PLAIN.indexOf(c) >= 0;
            if (plain) {
                url.append(c);
            } else {
                url.append('%').append(Character.forDigit(c >> 4, 16)).append(Character.forDigit(c & 15, 16));
            }
        }
        return url.toString();
    }
}
