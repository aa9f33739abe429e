package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.gateway.auth.ApiKeys;
import io.nanogrid.gateway.auth.Caller;
import io.nanogrid.gateway.config.AddressRange;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.jspecify.annotations.Nullable;

/// Who calls, as far as limits and functions care.
final class Callers {

    /// An address as proxies write it, some with a port.
    private static final Pattern FORWARDED = Pattern
            .compile("\\[([^]]+)](?::\\d+)?|([\\d.]+)(?::\\d+)?|([0-9A-Fa-f:.]+)");
    private static final int V4_BYTES = 4;
    /// What a provider hands to one customer: whoever has one address of IPv6 has at least all of these.
    private static final int V6_NETWORK_BYTES = 8;

    private final ApiKeys keys;
    private final List<AddressRange> proxies;

    /// @param proxies those whose word about the client's address is taken
    Callers(ApiKeys keys, List<AddressRange> proxies) {
        this.keys = keys;
        this.proxies = proxies;
    }

    /// Names the client whose calls are counted together: the key that it presents, if that is valid, else its address, which
    /// of IPv6 is its network of 64 bits. No secret.
    ///
    /// @param presented what it presents as its key
    /// @param address as [#address] gives it
    String client(@Nullable String presented, String address) {
        return client(keys.identify(presented), address);
    }

    /// The same for a request that [Guard] let through.
    String client(Context ctx) {
        return client(Guard.caller(ctx), address(ctx.req().getRemoteAddr(),
                () -> Collections.list(ctx.req().getHeaders(HttpHeader.X_FORWARDED_FOR.asString()))));
    }

    private static String client(@Nullable Caller caller, String address) {
        if (caller != null) {
            return "key:" + caller.id();
        }
        byte[] bytes = InetAddress.ofLiteral(address).getAddress();
        return bytes.length == V4_BYTES
                ? address
                : HexFormat.of().formatHex(Arrays.copyOf(bytes, V6_NETWORK_BYTES));
    }

    /// Names the key that is presented, or is `-` where there is none. No secret.
    String name(@Nullable String presented) {
        Caller caller = keys.identify(presented);
        return caller == null ? "-" : "key:" + caller.id();
    }

    /// The address that a request comes from.
    ///
    /// @param peer the other end of the connection
    /// @param headers the request's; read only where there are proxies to believe
    String address(String peer, HttpFields headers) {
        return address(peer, () -> headers.getValuesList(HttpHeader.X_FORWARDED_FOR));
    }

    private String address(String peer, Supplier<List<String>> forwardedFor) {
        String literal = peer.startsWith("[") ? peer.substring(1, peer.length() - 1) : peer;
        return proxies.isEmpty() ? literal : origin(InetAddress.ofLiteral(literal), forwardedFor).getHostAddress();
    }

    /// Each proxy adds whom it got the request from at the end. So the list is believed from there, as long as those who wrote it are trusted:
    /// whatever the client itself has sent stands before.
    private InetAddress origin(InetAddress peer, Supplier<List<String>> forwardedFor) {
        InetAddress address = peer;
        if (!isProxy(address)) {
            return address;
        }
        String[] said = String.join(",", forwardedFor.get()).split(",");
        for (int i = said.length - 1; i >= 0 && isProxy(address); i--) {
            InetAddress before = read(said[i].strip());
            if (before == null) {
                break;
            }
            address = before;
        }
        return address;
    }

    private boolean isProxy(InetAddress address) {
        return proxies.stream().anyMatch(range -> range.contains(address));
    }

    private static @Nullable InetAddress read(String text) {
        Matcher parts = FORWARDED.matcher(text);
        if (!parts.matches()) {
            return null;
        }
        try {
            for (int group = 1; group <= parts.groupCount(); group++) {
                if (parts.group(group) != null) {
                    return InetAddress.ofLiteral(parts.group(group));
                }
            }
            return null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
