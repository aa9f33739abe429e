package io.nanogrid.gateway.wire;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Collectors;

/// Remembers the files of a call.
final class Received implements OutputSink {

    private final SequencedMap<String, ByteArrayOutputStream> files = new LinkedHashMap<>();

    /// Reads a frame with its body, also where that is a file's.
    static Frame whole(FrameCodec codec, ReadableByteChannel in, FrameLimits limits) throws IOException {
        Frame frame = codec.read(in, limits);
        if (frame.kind() != FrameKind.FILE) {
            return frame;
        }
        Received received = new Received();
        received.begin("", codec.fileSize());
        codec.readFile(in, received);
        return new Frame(frame.kind(), frame.flags(), frame.call(), frame.meta(),
                received.files().getOrDefault("", Bytes.EMPTY));
    }

    @Override
    public void begin(String path, long size) {
        files.put(path, new ByteArrayOutputStream());
    }

    @Override
    public void write(ByteBuffer piece) {
        byte[] bytes = new byte[piece.remaining()];
        piece.get(bytes);
        files.sequencedValues().getLast().writeBytes(bytes);
    }

    Map<String, Bytes> files() {
        return files.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, file -> Bytes.wrap(file.getValue().toByteArray())));
    }
}
