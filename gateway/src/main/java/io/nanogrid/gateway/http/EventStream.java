package io.nanogrid.gateway.http;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An answer as server-sent events, each sent at once. Used by one thread.
final class EventStream {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final OutputStream out;

    private EventStream(OutputStream out) {
        this.out = out;
    }

    static EventStream open(Context ctx) throws IOException {
        ctx.res().setContentType("text/event-stream");
        ctx.res().setCharacterEncoding("UTF-8");
        ctx.res().setHeader("Cache-Control", "no-store");
        return new EventStream(ctx.res().getOutputStream());
    }

    /// @throws IOException if nobody listens any more
    void send(String event, Map<String, ? extends @Nullable Object> data) throws IOException {
        write("event: " + event + "\ndata: " + JSON.writeValueAsString(data) + "\n\n");
    }

    /// What listeners skip, and what keeps the connection from being taken for idle.
    void comment(String text) throws IOException {
        write(": " + text + "\n\n");
    }

    private void write(String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }
}
