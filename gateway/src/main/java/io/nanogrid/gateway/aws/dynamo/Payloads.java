package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.db.StorageException;
import io.nanogrid.gateway.aws.Blobs;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Bytes of any length as part of an item: within it where they are short, else beside it.
final class Payloads {

    /// An item may have 400 KB in all, of which a job's input and its result are two parts; and each write of an item costs what all of it does.
    private static final int LONGEST_INLINE = 64 << 10;
    private static final String ELSEWHERE = "Blob";

    private static final Logger LOG = LoggerFactory.getLogger(Payloads.class);

    private final Blobs blobs;

    Payloads(Blobs blobs) {
        this.blobs = blobs;
    }

    /// @param key where to put what is too long; two writers must not have the same
    Item.Builder set(Item.Builder item, String name, byte @Nullable [] bytes, String key) {
        if (bytes == null || bytes.length <= LONGEST_INLINE) {
            return item.set(name, bytes);
        }
        try {
            blobs.put(key, bytes);
        } catch (IOException e) {
            throw new StorageException("what is too long for DynamoDB can't be stored: " + e.getMessage(), e);
        }
        return item.set(name + ELSEWHERE, key);
    }

    /// Where of the named parts those lie that aren't within the item.
    List<String> keys(Item item, String... names) {
        return Arrays.stream(names).map(name -> item.textOrNull(name + ELSEWHERE)).filter(Objects::nonNull).toList();
    }

    /// Goes on where it can't: what is left is deleted with everything that is too old.
    void delete(String key) {
        try {
            blobs.delete(key);
        } catch (IOException e) {
            LOG.warn("{} stays for now: {}", key, e.getMessage());
        }
    }

    byte @Nullable [] get(Item item, String name) {
        String key = item.textOrNull(name + ELSEWHERE);
        if (key == null) {
            return item.bytesOrNull(name);
        }
        try {
            return blobs.get(key);
        } catch (IOException e) {
            throw new StorageException("what is too long for DynamoDB can't be read: " + e.getMessage(), e);
        }
    }
}
