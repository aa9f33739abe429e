package io.nanogrid.gateway.aws.s3;

import io.nanogrid.gateway.code.CodeArchive;
import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.code.CodeBundle.BadCode;
import io.nanogrid.gateway.code.CodePlace;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.code.DamagedCode;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;

/// A [CodeStore] in the cluster's bucket, as `functions/<hash>.zip`, for every gateway and worker alike. What one of these has stored or
/// fetched stays in its cache, which is trusted no more than the bucket: code has the hash that it is asked for, or isn't handed out.
///
/// Others store and remove at the same time. Each upload is marked with its time and made unlike the one before, so that a removal takes
/// only the very object that it found old.
public final class S3CodeStore implements CodeStore {

    private static final Logger LOG = LoggerFactory.getLogger(S3CodeStore.class);
    /// Longer than clocks of two machines may differ: AWS refuses whoever is a quarter of an hour off.
    private static final Duration YOUNG = Duration.ofMinutes(30);
    private static final String PREFIX = "functions/";
    private static final String SUFFIX = ".zip";
    private static final String STORED_AT = "stored-at";
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
    /// Of an archive: what a bundle may have, and the names of its files.
    static final int MAX_BYTES = 80 << 20;

    private final Bucket bucket;
    private final CodeStore cache;
    private final InstantSource clock;

    /// @param cache of this process alone
    public S3CodeStore(Bucket bucket, CodeStore cache, InstantSource clock) {
        this.bucket = bucket;
        this.cache = cache;
        this.clock = clock;
    }

    @Override
    public void put(CodeBundle bundle) throws IOException {
        byte[] archive = CodeArchive.pack(bundle, UUID.randomUUID().toString());
        bucket.put(key(bundle.hash()), Upload.of(archive), Map.of(STORED_AT, clock.instant().toString()));
        keep(bundle);
    }

    @Override
    public CodeBundle get(String hash) throws IOException {
        String key = key(hash);
        try {
            return cache.get(hash);
        } catch (IOException e) {
            LOG.debug("The cache hasn't got {}: {}", hash, e.getMessage());
        }
        CodeBundle bundle;
        try {
            bundle = CodeArchive.unpack(bucket.get(key, MAX_BYTES));
        } catch (BadCode e) {
            throw new DamagedCode(key, e);
        }
        if (!bundle.hash().equals(hash)) {
            throw new DamagedCode(key, null);
        }
        keep(bundle);
        return bundle;
    }

    @Override
    public CodePlace place(String hash) {
        return new CodePlace(bucket.name(), key(hash));
    }

    /// A full disk makes it slow, and stops nothing.
    private void keep(CodeBundle bundle) {
        try {
            cache.put(bundle);
        } catch (IOException e) {
            LOG.warn("Code can't be kept on this machine and is fetched each time: {}", e.getMessage());
        }
    }

    @Override
    public void remove(String hash, Instant since) throws IOException {
        removeOlder(key(hash), since);
        cache.remove(hash, since);
    }

    /// What others have put below the same prefix under names of their own stays.
    @Override
    public void removeAllBut(Set<String> inUse) throws IOException {
        Instant young = clock.instant().minus(YOUNG);
        bucket.visit(PREFIX, object -> {
            String name = object.key().substring(PREFIX.length());
            String hash = name.endsWith(SUFFIX) ? name.substring(0, name.length() - SUFFIX.length()) : "";
            if (HASH.matcher(hash).matches() && !inUse.contains(hash)) {
                removeOlder(object.key(), young);
            }
        });
        cache.removeAllBut(inUse);
    }

    private void removeOlder(String key, Instant limit) throws IOException {
        Optional<HeadObjectResponse> found = bucket.head(key);
        if (found.isPresent() && !storedAt(found.get()).isAfter(limit)) {
            bucket.delete(key, found.get().eTag());
        }
    }

    /// By the clock of whoever stored it, or by that of S3, whichever is later.
    private static Instant storedAt(HeadObjectResponse object) {
        Instant seen = object.lastModified();
        try {
            Instant said = Instant.parse(object.metadata().getOrDefault(STORED_AT, ""));
            return said.isAfter(seen) ? said : seen;
        } catch (DateTimeParseException e) {
            return seen;
        }
    }

    private static String key(String hash) {
        if (!HASH.matcher(hash).matches()) {
            throw new IllegalArgumentException("not a hash: " + hash);
        }
        return PREFIX + hash + SUFFIX;
    }
}
