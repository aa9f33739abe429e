package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.gateway.logs.CurrentRequest;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/// The id under which a request is answered, logged and recorded: the caller's own, if it is a plain word.
final class RequestId {

    static final String HEADER = "X-Request-Id";
    private static final String ATTRIBUTE = "nanogrid.request-id";
    private static final int MAX = 64;

    private RequestId() {
    }

    static void assign(Context ctx) {
        String id = orFresh(ctx.header(HEADER));
        ctx.attribute(ATTRIBUTE, id);
        CurrentRequest.begin(id);
        ctx.header(HEADER, id);
    }

    static String orFresh(@Nullable String given) {
        return given != null && isPlain(given) ? given : fresh().toString();
    }

    /// A UUID of version 7 (RFC 9562), so that ids sort by their time. It is a name and no secret, so an ordinary random generator will do.
    private static UUID fresh() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        long time = System.currentTimeMillis() << 16 | 0x7000 | random.nextInt(1 << 12);
        long rest = random.nextLong() >>> 2 | 0x8000_0000_0000_0000L;
        return new UUID(time, rest);
    }

    static String of(Context ctx) {
        String id = ctx.attribute(ATTRIBUTE);
        if (id == null) {
            assign(ctx);
            return of(ctx);
        }
        return id;
    }

    private static boolean isPlain(String id) {
        if (id.isEmpty() || id.length() > MAX) {
            return false;
        }
        for (int i = 0; i < id.length(); i++) {
            char c = id.charAt(i);
            boolean plain = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_'
                    || c == '-';
            if (!plain) {
                return false;
            }
        }
        return true;
    }
}
