package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.db.StorageException;
import io.nanogrid.gateway.aws.Blobs;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Bytes of any length as part of an item: within it where they are short, else beside it.
final class Payloads {

    /// An item may have 400 KB in all.
    private static final int LONGEST_INLINE = 256 << 10;
    private static final String ELSEWHERE = "Blob";

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
