package io.nanogrid.gateway.aws.s3;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import software.amazon.awssdk.core.sync.RequestBody;

/// Bytes on their way to the bucket. They can be read again, for another attempt.
interface Upload {

    long size();

    RequestBody part(long from, long size) throws IOException;

    static Upload of(byte[] content) {
        return new Upload() {
            @Override
            public long size() {
                return content.length;
            }

            @Override
            public RequestBody part(long from, long size) {
                return RequestBody.fromContentProvider(
                        () -> new ByteArrayInputStream(content, (int) from, (int) size), size,
                        "application/octet-stream");
            }
        };
    }

    static Upload of(Path file) throws IOException {
        long size = Files.size(file);
        return new Upload() {
            @Override
            public long size() {
                return size;
            }

            @Override
            public RequestBody part(long from, long size) throws IOException {
                try (InputStream in = Files.newInputStream(file)) {
                    in.skipNBytes(from);
                    byte[] bytes = in.readNBytes((int) size);
                    return of(bytes).part(0, bytes.length);
                }
            }
        };
    }
}
