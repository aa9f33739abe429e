package io.nanogrid.gateway.wire;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/// The connection to one instance. One thread at a time sends and receives; any thread may [#close], which ends a wait with an exception.
public final class Channel implements AutoCloseable {

    /// The version of runtimes/protocol/PROTOCOL.md that is spoken here.
    private static final int PROTOCOL = 1;
    private static final JsonFactory JSON = new JsonFactory();

    private final SocketChannel socket;
    private final FrameCodec codec = new FrameCodec();
    private int lastCall;

    Channel(SocketChannel socket) {
        this.socket = socket;
    }

    /// Sends `init` and waits for its answer, which is `ready` or `init-error`.
    public Frame init(Bytes meta, Bytes files) throws IOException {
        codec.write(socket, Frame.init(meta, files));
        Frame answer = codec.read(socket, FrameLimits.GREETING);
        if (answer.kind() != FrameKind.READY && answer.kind() != FrameKind.INIT_ERROR) {
            throw new ProtocolViolation(answer.kind() + " in answer to INIT");
        }
        return answer;
    }

    /// Sends `invoke` and waits for its answer, which is `result` or `error`.
    ///
    /// @param files takes the files that the call leaves behind; null if they aren't wanted
    /// @param maxBody the longest result that is taken, in bytes
    /// @throws FrameTooLarge if the result is longer
    public Frame invoke(boolean asValue, @Nullable OutputFiles files, Bytes meta, Bytes event, int maxBody)
            throws IOException {
        int call = ++lastCall;
        codec.write(socket, Frame.invoke(call, asValue, files != null, meta, event));
        FrameLimits limits = FrameLimits.result(maxBody);
        Frame answer = answer(call, files == null ? limits : limits.withFile(files.room()));
        while (files != null && answer.kind() == FrameKind.FILE) {
            codec.readFile(socket, files.begin(answer.meta(), codec.fileSize()));
            answer = answer(call, limits.withFile(files.room()));
        }
        if (answer.kind() != FrameKind.RESULT && answer.kind() != FrameKind.ERROR) {
            throw new ProtocolViolation(answer.kind() + " in answer to INVOKE");
        }
        return answer;
    }

    private Frame answer(int call, FrameLimits limits) throws IOException {
        Frame answer = codec.read(socket, limits);
        if (answer.call() != call) {
            throw new ProtocolViolation(
                    "an answer to call " + Integer.toUnsignedString(answer.call()) + " instead of " + call);
        }
        return answer;
    }

    /// Waits for `hello`.
    ///
    /// @throws ProtocolViolation if what comes is something else, or the bootstrap speaks another protocol
    void hello() throws IOException {
        Frame hello = codec.read(socket, FrameLimits.GREETING);
        if (hello.kind() != FrameKind.HELLO) {
            throw new ProtocolViolation(hello.kind() + " instead of HELLO");
        }
        int spoken = protocol(hello.meta());
        if (spoken != PROTOCOL) {
            throw new ProtocolViolation(
                    "a HELLO in protocol " + spoken + "; this gateway speaks " + PROTOCOL);
        }
    }

    private static int protocol(Bytes meta) throws IOException {
        try (JsonParser json = JSON.createParser(meta.array())) {
            json.nextToken();
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                boolean wanted = json.currentName().equals("protocol");
                JsonToken value = json.nextToken();
                if (wanted && value == JsonToken.VALUE_NUMBER_INT) {
                    return json.getIntValue();
                }
                json.skipChildren();
            }
        } catch (JacksonException e) {
            throw new ProtocolViolation("a HELLO that is no JSON object");
        }
        throw new ProtocolViolation("a HELLO that doesn't say which protocol it speaks");
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            // Nothing is left to do with it.
        }
    }
}
