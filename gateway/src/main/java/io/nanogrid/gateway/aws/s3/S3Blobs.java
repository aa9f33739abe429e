package io.nanogrid.gateway.aws.s3;

import io.nanogrid.gateway.aws.Blobs;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;

/// Below `blobs/` in a bucket. Safe for use by many threads.
public final class S3Blobs implements Blobs {

    private static final String PREFIX = "blobs/";

    private final S3Client client;
    private final String bucket;

    public S3Blobs(S3Client client, String bucket) {
        this.client = client;
        this.bucket = bucket;
    }

    @Override
    public void put(String key, byte[] bytes) throws IOException {
        try {
            client.putObject(request -> request.bucket(bucket).key(PREFIX + key), RequestBody.fromBytes(bytes));
        } catch (SdkException e) {
            throw new IOException("S3: " + e.getMessage(), e);
        }
    }

    @Override
    public byte[] get(String key) throws IOException {
        try {
            return client.getObjectAsBytes(request -> request.bucket(bucket).key(PREFIX + key)).asByteArray();
        } catch (NoSuchKeyException e) {
            throw new NoSuchFileException(PREFIX + key);
        } catch (SdkException e) {
            throw new IOException("S3: " + e.getMessage(), e);
        }
    }

    @Override
    public void delete(String key) throws IOException {
        try {
            client.deleteObject(request -> request.bucket(bucket).key(PREFIX + key));
        } catch (SdkException e) {
            throw new IOException("S3: " + e.getMessage(), e);
        }
    }
}
