package io.nanogrid.gateway.aws.s3;

import java.io.ByteArrayInputStream;
import software.amazon.awssdk.core.sync.RequestBody;

/// Bytes on their way to the bucket. They can be read again, for another attempt.
interface Upload {

    long size();

    RequestBody part(long from, long size);

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
}
