package io.nanogrid.db.sqlite;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;

import io.nanogrid.db.Page;
import org.jspecify.annotations.Nullable;

/// Where a list goes on: the place of the last item that was given, under the list's own name, so that a cursor of one list is none of another.
final class Cursors {
    private Cursors() {
    }

    /// A row and what the list is ordered by.
    record Placed<T>(T item, long... place) {
    }

    /// @param found up to one more than `limit`
    static <T> Page<T> page(String list, List<Placed<T>> found, int limit) {
        List<Placed<T>> given = found.subList(0, Math.min(limit, found.size()));
        String next = found.size() > limit ? encode(list, given.getLast().place()) : null;
        return new Page<>(given.stream().map(Placed::item).toList(), next);
    }

    /// Before the first item is {@link Long#MAX_VALUE}, because all lists are given newest first.
    ///
    /// @throws IllegalArgumentException where it isn't a cursor of this list
    static long[] decode(String list, int numbers, @Nullable String cursor) {
        if (cursor == null) {
            long[] start = new long[numbers];
            Arrays.fill(start, Long.MAX_VALUE);
            return start;
        }
        long[] place = parse(cursor);
        if (place.length != numbers || !encode(list, place).equals(cursor)) {
            throw new IllegalArgumentException("the cursor is not one of this list: begin again without one");
        }
        return place;
    }

    private static String encode(String list, long... place) {
        String text = Arrays.stream(place).mapToObj(Long::toString).collect(Collectors.joining(".", list + ".", ""));
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    /// Empty for anything that isn't a cursor.
    private static long[] parse(String cursor) {
        try {
            String text = new String(Base64.getUrlDecoder().decode(cursor), StandardCharsets.UTF_8);
            return Arrays.stream(text.split("\\.")).skip(1).mapToLong(Long::parseLong).toArray();
        } catch (IllegalArgumentException e) {
            return new long[0];
        }
    }
}
