package io.nanogrid.db;

import java.time.Instant;

/// A function as its owner sees it: `draft` is what the next version will be made of.
public record FunctionRecord(String id, String name, Definition draft, Instant createdAt, Instant updatedAt) {
}
