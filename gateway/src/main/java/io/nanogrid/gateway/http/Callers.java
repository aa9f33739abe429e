package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.gateway.auth.ApiKeys;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;

/// Who calls, as far as limits and functions care.
final class Callers {

    private static final int V4_BYTES = 4;
    /// What a provider hands to one customer: whoever has one address of IPv6 has at least all of these.
    private static final int V6_NETWORK_BYTES = 8;

    private final ApiKeys keys;

    Callers(ApiKeys keys) {
        this.keys = keys;
    }

    /// Names the client whose calls are counted together: the key that it presents, if that is valid, else its address, which
    /// of IPv6 is its network of 64 bits. No secret.
    String client(Context ctx) {
        String key = keys.identify(ctx.header(Guard.API_KEY));
        return key == null ? network(address(ctx)) : key;
    }

    /// The address that the request comes from.
    String address(Context ctx) {
        String address = ctx.req().getRemoteAddr();
        return address.startsWith("[") && address.endsWith("]") ? address.substring(1, address.length() - 1) : address;
    }

    private static String network(String address) {
        byte[] bytes = InetAddress.ofLiteral(address).getAddress();
        return bytes.length == V4_BYTES
                ? address
                : HexFormat.of().formatHex(Arrays.copyOf(bytes, V6_NETWORK_BYTES));
    }
}
