package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.db.Page;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The query parameters of a list. They are read by one rule: each may be left out and given once, and all that are wrong are named at once,
/// when the last of them, the cursor, is read. Used by one thread.
final class ListQuery {

    private static final int DEFAULT_LIMIT = 50;
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");
    private static final Pattern MILLIS = Pattern.compile("[0-9]{1,15}");

    private final Context ctx;
    private final List<String> problems = new ArrayList<>();

    ListQuery(Context ctx) {
        this.ctx = ctx;
    }

    /// @param most the highest that the list takes
    int limit(int most) {
        Integer limit = value("limit", "a whole number from 1 to " + most, text -> NUMBER.matcher(text).matches()
                ? Optional.of(Integer.valueOf(text)).filter(number -> number >= 1 && number <= most)
                : Optional.empty());
        return limit == null ? DEFAULT_LIMIT : limit;
    }

    @Nullable
    Instant time(String name) {
        return value(name, "a time such as 2026-01-31T12:00:00Z, or milliseconds since 1970", ListQuery::instant);
    }

    private static Optional<Instant> instant(String text) {
        try {
            return Optional.of(MILLIS.matcher(text).matches()
                    ? Instant.ofEpochMilli(Long.parseLong(text))
                    : OffsetDateTime.parse(text).toInstant());
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    /// @param expected what it must be, for people
    /// @param meaning is empty for what isn't that
    /// @return null where it is left out or wrong
    <T> @Nullable T value(String name, String expected, Function<String, Optional<T>> meaning) {
        List<String> given = ctx.queryParams(name);
        if (given.isEmpty()) {
            return null;
        }
        if (given.size() > 1) {
            problems.add(name + " must be given once");
            return null;
        }
        T value = meaning.apply(given.getFirst()).orElse(null);
        if (value == null) {
            problems.add(name + " must be " + expected);
        }
        return value;
    }

    /// Where the list goes on, unchecked; to be read last.
    ///
    /// @throws Problem.Thrown naming every parameter that is wrong
    @Nullable
    String cursor() {
        String cursor = value("cursor", "", Optional::of);
        if (!problems.isEmpty()) {
            throw Problem.badRequest("invalid_parameter", String.join("; ", problems)).thrown();
        }
        return cursor;
    }

    /// What `list` gives, which refuses the cursor of another list by an IllegalArgumentException.
    static <T> Page<T> page(Supplier<Page<T>> list) {
        try {
            return list.get();
        } catch (IllegalArgumentException e) {
            throw Problem.badRequest("invalid_cursor", "cursor must be a nextCursor of this list, as it was answered")
                    .thrown();
        }
    }
}
