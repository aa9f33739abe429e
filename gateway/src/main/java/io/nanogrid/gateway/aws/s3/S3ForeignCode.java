package io.nanogrid.gateway.aws.s3;

import io.nanogrid.gateway.code.CodeBundle.BadCode;
import io.nanogrid.gateway.code.CodePaths;
import io.nanogrid.gateway.code.CodePlace;
import io.nanogrid.gateway.code.ForeignCode;
import java.io.IOException;
import java.nio.file.NoSuchFileException;

/// Code that lies in the cluster's own bucket; there is none in any other. Safe for use by many threads.
public final class S3ForeignCode implements ForeignCode {

    private final Bucket bucket;

    public S3ForeignCode(Bucket bucket) {
        this.bucket = bucket;
    }

    @Override
    public String tag(CodePlace place) throws IOException {
        String key = key(place);
        return bucket.head(key)
                .orElseThrow(() -> new NoSuchFileException(key, null, "isn't in the bucket " + bucket.name())).eTag();
    }

    @Override
    public byte[] get(CodePlace place) throws IOException {
        return bucket.get(key(place), S3CodeStore.MAX_BYTES);
    }

    /// The key becomes a part of a URL's path, where dots would lead out of the bucket.
    private String key(CodePlace place) throws NoSuchFileException {
        if (!place.bucket().equals(bucket.name())) {
            // What a stranger has written is no text for logs.
            throw new NoSuchFileException("s3Bucket", null, "code is run from the bucket " + bucket.name() + " only");
        }
        try {
            return CodePaths.check(place.key());
        } catch (BadCode e) {
            throw (NoSuchFileException) new NoSuchFileException("s3Key", null, e.getMessage()).initCause(e);
        }
    }
}
