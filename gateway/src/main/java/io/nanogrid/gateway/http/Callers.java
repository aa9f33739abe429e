package io.nanogrid.gateway.http;

import io.nanogrid.gateway.auth.ApiKeys;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

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
    ///
    /// @param presented what it presents as its key
    /// @param address as [#address] gives it
    String client(@Nullable String presented, String address) {
        String key = keys.identify(presented);
        return key == null ? network(address) : key;
    }

    /// An address as the server gives it, without the brackets around one of IPv6.
    static String address(String address) {
        return address.startsWith("[") && address.endsWith("]") ? address.substring(1, address.length() - 1) : address;
    }

    private static String network(String address) {
        byte[] bytes = InetAddress.ofLiteral(address).getAddress();
        return bytes.length == V4_BYTES
                ? address
                : HexFormat.of().formatHex(Arrays.copyOf(bytes, V6_NETWORK_BYTES));
    }
}
