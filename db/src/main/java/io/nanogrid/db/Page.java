package io.nanogrid.db;

import java.util.List;

import org.jspecify.annotations.Nullable;

/// A part of a list.
///
/// @param nextCursor to be given for the part that follows: opaque, safe in a URL, and null at the end of the list
public record Page<T>(List<T> items, @Nullable String nextCursor) {

    public Page {
        items = List.copyOf(items);
    }
}
