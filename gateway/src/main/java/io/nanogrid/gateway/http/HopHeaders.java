package io.nanogrid.gateway.http;

import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/// Headers that end at the gateway, whether a caller or a function sends them. Names are in lower case.
final class HopHeaders {

    /// Those of one hop (RFC 9110, 7.6.1), and those by which the gateway itself talks to callers.
    private static final Set<String> ALWAYS = Set.of("connection", "keep-alive", "proxy-connection",
            "proxy-authenticate", "proxy-authorization", "proxy-authentication-info", "te", "trailer",
            "transfer-encoding", "upgrade", "x-api-key", "x-request-id", "x-lambda-status-code", "x-cold-start");

    private final Set<String> named = new HashSet<>();

    /// @param connection values of the message's `Connection` headers: they name further ones
    HopHeaders(Iterable<String> connection) {
        for (String value : connection) {
            for (String name : value.split(",")) {
                named.add(name.strip().toLowerCase(Locale.ROOT));
            }
        }
    }

    boolean endHere(String name) {
        return ALWAYS.contains(name) || named.contains(name);
    }
}
