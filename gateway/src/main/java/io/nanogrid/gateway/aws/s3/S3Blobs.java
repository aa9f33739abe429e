package io.nanogrid.gateway.aws.s3;

import io.nanogrid.gateway.aws.Blobs;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import software.amazon.awssdk.services.s3.S3Client;

/// Below `blobs/` in a bucket. Safe for use by many threads.
public final class S3Blobs implements Blobs {

    /// Longer than any body or result that comes in.
    private static final int MAX_BYTES = 256 << 20;

    private final Bucket bucket;

    public S3Blobs(S3Client client, String bucket) {
        this.bucket = new Bucket(client, bucket);
    }

    @Override
    public void put(String key, byte[] bytes) throws IOException {
        bucket.put(below(key), Upload.of(bytes), Map.of());
    }

    @Override
    public byte[] get(String key) throws IOException {
        return bucket.get(below(key), MAX_BYTES);
    }

    @Override
    public void delete(String key) throws IOException {
        bucket.delete(below(key), null);
    }

    private static String below(String key) {
        return Arrays.stream(key.split("/", -1)).map(Bucket::part).collect(Collectors.joining("/", "blobs/", ""));
    }
}
