package io.nanogrid.gateway.http;

import io.nanogrid.gateway.wire.Bytes;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/// One request to `/api/` and the answer to it, on the server's own terms: a servlet and a Javalin context around it would cost a good part
/// of what a warm call does. Used by one thread.
final class ApiExchange {

    private static final int NOT_ANSWERED = 0;

    private final Request request;
    private final Response response;
    private final Callback callback;
    private final String requestId;
    /// What the gateway says under these names a function can't change.
    private final List<HttpField> overriding = new ArrayList<>(2);
    private int status = NOT_ANSWERED;
    private @Nullable String template;
    private @Nullable Problem problem;
    private @Nullable Recording recording;

    /// An answer that is to be kept, as far as it has been said.
    private record Recording(List<KeptResponse.Header> headers, Consumer<KeptResponse> keeper) {
    }

    ApiExchange(Request request, Response response, Callback callback) {
        this.request = request;
        this.response = response;
        this.callback = callback;
        this.requestId = RequestId.orFresh(request.getHeaders().get(RequestId.HEADER));
        response.getHeaders().put(RequestId.HEADER, requestId);
    }

    String requestId() {
        return requestId;
    }

    String method() {
        return request.getMethod();
    }

    /// Of the callback that the path leads to, without `/api/`; null where it leads to none.
    @Nullable
    String template() {
        return template;
    }

    void leadsTo(String callbackTemplate) {
        template = callbackTemplate;
    }

    /// What was answered, or 0 before that.
    int status() {
        return status;
    }

    /// What was answered, if it was an error of the gateway or one that it reports.
    @Nullable
    Problem problem() {
        return problem;
    }

    /// Since the request's head was there, in nanoseconds.
    long elapsedNanos() {
        return System.nanoTime() - request.getBeginNanoTime();
    }

    /// As it was sent, with its escapes.
    String path() {
        return String.valueOf(request.getHttpURI().getPath());
    }

    /// As it was sent, without the `?`; null where there is none.
    @Nullable
    String query() {
        return request.getHttpURI().getQuery();
    }

    HttpFields headers() {
        return request.getHeaders();
    }

    @Nullable
    String header(String name) {
        return request.getHeaders().get(name);
    }

    /// The address of the connection's other end.
    String peer() {
        return Request.getRemoteAddr(request);
    }

    /// Waits for the body. From then on nothing is expected of the client, however long the answer takes.
    ///
    /// @param limit the longest that is taken, in bytes
    /// @throws Problem.Thrown if it is longer, or doesn't arrive whole
    Bytes body(int limit) {
        Bytes body = Bytes.EMPTY;
        if (hasBody()) {
            byte[] read = request.getLength() > limit ? null : read(limit);
            if (read == null) {
                throw Problem.bodyTooLarge(limit).thrown();
            }
            body = Bytes.wrap(read);
        }
        request.addIdleTimeoutListener(_ -> false);
        return body;
    }

    private boolean hasBody() {
        return request.getLength() > 0 || headers().contains(HttpHeader.TRANSFER_ENCODING);
    }

    /// @return null where there is more than the limit
    private byte @Nullable [] read(int limit) {
        // Closing gives back what of it has been received and isn't read.
        try (InputStream body = Content.Source.asInputStream(request)) {
            byte[] bytes = body.readNBytes(limit + 1);
            return bytes.length > limit ? null : bytes;
        } catch (IOException | RuntimeException e) {
            throw Problem.incompleteBody().thrown();
        }
    }

    void set(HttpField field) {
        record(field.getName(), field.getValue(), false);
        response.getHeaders().put(field);
    }

    void set(String name, String value) {
        record(name, value, false);
        response.getHeaders().put(name, value);
    }

    void add(String name, String value) {
        record(name, value, true);
        response.getHeaders().add(name, value);
    }

    private void record(String name, String value, boolean added) {
        if (recording != null) {
            recording.headers.add(new KeptResponse.Header(name, value, added));
        }
    }

    /// From here on what is said is recorded, and given to `keeper` right before it is sent: whoever has the answer and asks again finds it kept.
    /// Headers that were set earlier belong to this request alone, and so do those of [#override].
    void startKeeping(Consumer<KeptResponse> keeper) {
        recording = new Recording(new ArrayList<>(), keeper);
    }

    /// Whatever is answered now isn't kept.
    void stopKeeping() {
        recording = null;
    }

    void send(KeptResponse kept) {
        for (KeptResponse.Header header : kept.headers()) {
            if (header.added()) {
                add(header.name(), header.value());
            } else {
                set(header.name(), header.value());
            }
        }
        send(kept.status(), kept.body().array());
    }

    /// Sets a header for good: what else is set under its name, before or after, isn't sent.
    void override(String name, String value) {
        overriding.add(new HttpField(name, value));
    }

    void send(Problem error) {
        problem = error;
        set(Problems.TYPE_FIELD);
        send(error.status(), Problems.body(error, requestId));
    }

    /// Answers; nothing can be set any more.
    void send(int code, byte[] body) {
        status = code;
        if (recording != null) {
            recording.keeper.accept(new KeptResponse(code, recording.headers, Bytes.wrap(body)));
            recording = null;
        }
        overriding.forEach(response.getHeaders()::put);
        if (!request.consumeAvailable()) {
            // The rest of the body may never come, and would be taken for the next request.
            response.getHeaders().put(HttpHeader.CONNECTION, "close");
        }
        response.setStatus(code);
        response.write(true, ByteBuffer.wrap(body), callback);
    }

    void type(String mediaType) {
        set(HttpHeader.CONTENT_TYPE.asString(), mediaType);
    }
}
