package io.nanogrid.gateway.worker;

import io.nanogrid.gateway.wire.Bytes;
import io.nanogrid.gateway.wire.OutputSink;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/// Used by one thread at a time.
final class FilesInMemory implements OutputSink {

    private final Map<String, ByteArrayOutputStream> files = new LinkedHashMap<>();
    private ByteArrayOutputStream coming = new ByteArrayOutputStream();

    @Override
    public void begin(String path, long size) {
        coming = new ByteArrayOutputStream();
        files.put(path, coming);
    }

    @Override
    public void write(ByteBuffer piece) {
        byte[] bytes = new byte[piece.remaining()];
        piece.get(bytes);
        coming.writeBytes(bytes);
    }

    Map<String, Bytes> content() {
        Map<String, Bytes> content = new TreeMap<>();
        files.forEach((path, bytes) -> content.put(path, Bytes.wrap(bytes.toByteArray())));
        return content;
    }
}
