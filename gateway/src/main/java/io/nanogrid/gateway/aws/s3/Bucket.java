package io.nanogrid.gateway.aws.s3;

import java.io.IOException;
import java.io.InputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.RetryableException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.core.sync.ResponseTransformer;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.NoSuchBucketException;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/// The cluster's bucket. What goes wrong there is an [IOException] that says in plain words what couldn't be done. Safe for use by many
/// threads.
public final class Bucket {

    /// Longer objects go up in pieces of this size, so that a broken connection costs one of them and not the whole.
    static final int PART = 8 << 20;

    private static final int NOT_FOUND = 404;
    /// Somebody else is storing it at this moment.
    private static final int CONFLICT = 409;
    private static final int PRECONDITION_FAILED = 412;
    private static final Logger LOG = LoggerFactory.getLogger(Bucket.class);

    private final S3Client s3;
    private final String name;

    public Bucket(S3Client s3, String name) {
        this.s3 = s3;
        this.name = name;
    }

    /// A name as one part of a key. On its way to S3 a key is part of a URL's path, in which a strange client's ids would mean something, dots above
    /// all.
    static String part(String name) {
        return URLEncoder.encode(name, StandardCharsets.UTF_8).replace(".", "%2E");
    }

    String name() {
        return name;
    }

    private interface Action<T> {
        T run() throws IOException;
    }

    private <T> T attempt(String what, String key, Action<T> action) throws IOException {
        try {
            return action.run();
        } catch (S3Exception e) {
            if (e.statusCode() == NOT_FOUND && !(e instanceof NoSuchBucketException)) {
                throw new NoSuchFileException(key, null, "isn't in the bucket " + name);
            }
            throw new IOException(key + " couldn't be " + what + ": S3 says " + e.getMessage(), e);
        } catch (SdkException e) {
            throw new IOException(key + " couldn't be " + what + ", S3 can't be reached: " + e.getMessage(), e);
        }
    }

    /// Stores an object whole, over one that has the key.
    void put(String key, Upload upload, Map<String, String> metadata) throws IOException {
        attempt("stored", key, () -> {
            if (upload.size() <= PART) {
                s3.putObject(put -> put.bucket(name).key(key).metadata(metadata), upload.part(0, upload.size()));
            } else {
                putInParts(key, upload, metadata);
            }
            return true;
        });
    }

    /// Stores a short object, which nobody else stores a copy of, unless there is one.
    ///
    /// @return whether it is now there
    boolean putNew(String key, byte[] content) throws IOException {
        return attempt("stored", key, () -> {
            try {
                s3.putObject(put -> put.bucket(name).key(key).ifNoneMatch("*"), RequestBody.fromBytes(content));
                return true;
            } catch (S3Exception e) {
                if (e.statusCode() == PRECONDITION_FAILED || e.statusCode() == CONFLICT) {
                    return isThere(key, content);
                }
                throw e;
            }
        });
    }

    /// Whether it was this process after all: an answer that was lost has the SDK ask again.
    private boolean isThere(String key, byte[] content) {
        try {
            return Arrays.equals(s3.getObjectAsBytes(get -> get.bucket(name).key(key)).asByteArray(), content);
        } catch (NoSuchKeyException e) {
            return false;
        }
    }

    private void putInParts(String key, Upload upload, Map<String, String> metadata) throws IOException {
        String id = s3.createMultipartUpload(create -> create.bucket(name).key(key).metadata(metadata)).uploadId();
        boolean complete = false;
        try {
            List<CompletedPart> parts = new ArrayList<>();
            for (long from = 0; from < upload.size(); from += PART) {
                int number = parts.size() + 1;
                RequestBody body = upload.part(from, Math.min(PART, upload.size() - from));
                String tag = s3.uploadPart(
                        part -> part.bucket(name).key(key).uploadId(id).partNumber(number), body).eTag();
                parts.add(CompletedPart.builder().partNumber(number).eTag(tag).build());
            }
            s3.completeMultipartUpload(
                    end -> end.bucket(name).key(key).uploadId(id).multipartUpload(all -> all.parts(parts)));
            complete = true;
        } finally {
            if (!complete) {
                abort(key, id);
            }
        }
    }

    private void abort(String key, String id) {
        try {
            s3.abortMultipartUpload(abort -> abort.bucket(name).key(key).uploadId(id));
        } catch (SdkException e) {
            LOG.warn("A broken upload of {} takes room until the bucket's rules end it: {}", key, e.getMessage());
        }
    }

    /// @throws NoSuchFileException if there is none
    /// @throws IOException if it can't be read, or is longer than `max` bytes
    byte[] get(String key, int max) throws IOException {
        ResponseTransformer<GetObjectResponse, byte[]> reader = (response, in) -> {
            if (response.contentLength() > max) {
                in.abort();
                throw new TooLong(key + " has more than " + max + " bytes");
            }
            try {
                return in.readNBytes(max);
            } catch (IOException e) {
                throw RetryableException.create("the connection broke off", e);
            }
        };
        return attempt("read", key,
                () -> s3.getObject(GetObjectRequest.builder().bucket(name).key(key).build(), reader));
    }

    /// An object's bytes as they come; the reader closes it.
    ///
    /// @throws NoSuchFileException if there is none
    InputStream open(String key) throws IOException {
        return attempt("read", key, () -> s3.getObject(get -> get.bucket(name).key(key)));
    }

    /// For a reader that stops.
    private static final class TooLong extends SdkException {

        private static final long serialVersionUID = 1L;

        TooLong(String message) {
            super(SdkException.builder().message(message));
        }

        @Override
        public boolean retryable() {
            return false;
        }
    }

    /// @return empty if there is none
    Optional<HeadObjectResponse> head(String key) throws IOException {
        try {
            return Optional.of(attempt("looked up", key, () -> s3.headObject(head -> head.bucket(name).key(key))));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    interface Visitor {
        void visit(S3Object object) throws IOException;
    }

    /// Shows every object below a prefix, one page of them after the other.
    void visit(String prefix, Visitor visitor) throws IOException {
        attempt("listed", prefix, () -> {
            for (S3Object object : s3.listObjectsV2Paginator(list -> list.bucket(name).prefix(prefix)).contents()) {
                visitor.visit(object);
            }
            return true;
        });
    }

    /// Does nothing if there is none.
    ///
    /// @param tag only an object with this tag is deleted, if it isn't null
    void delete(String key, @Nullable String tag) throws IOException {
        try {
            attempt("deleted", key, () -> {
                try {
                    return s3.deleteObject(delete -> delete.bucket(name).key(key).ifMatch(tag));
                } catch (S3Exception e) {
                    if (e.statusCode() == PRECONDITION_FAILED) {
                        throw new NoSuchFileException(key, null, "has been stored again");
                    }
                    throw e;
                }
            });
        } catch (NoSuchFileException e) {
            LOG.debug("Somebody else was faster: {}", e.getMessage());
        }
    }
}
