package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.db.ExecutionFilter;
import io.nanogrid.db.ExecutionStatus;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Which records of calls a request asks for.
///
/// @param cursor as an earlier answer gave it, unchecked
record LogQuery(ExecutionFilter filter, int limit, @Nullable String cursor) {

    private static final int DEFAULT_LIMIT = 50;
    private static final int MAX_LIMIT = 1_000;
    private static final Pattern MILLIS = Pattern.compile("\\d{1,15}");

    /// @throws Problem.Thrown naming every parameter that is wrong
    static LogQuery read(Context ctx) {
        List<String> problems = new ArrayList<>();
        int limit = limit(ctx.queryParam("limit"), problems);
        Set<ExecutionStatus> statuses = statuses(ctx.queryParam("status"), problems);
        Instant since = time("since", ctx.queryParam("since"), problems);
        Instant until = time("until", ctx.queryParam("until"), problems);
        if (!problems.isEmpty()) {
            throw Problem.badRequest("invalid_parameter", String.join("; ", problems)).thrown();
        }
        return new LogQuery(new ExecutionFilter(statuses, since, until), limit, ctx.queryParam("cursor"));
    }

    private static int limit(@Nullable String text, List<String> problems) {
        if (text == null) {
            return DEFAULT_LIMIT;
        }
        try {
            int limit = Integer.parseInt(text);
            if (limit >= 1 && limit <= MAX_LIMIT) {
                return limit;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        problems.add("limit must be a whole number from 1 to " + MAX_LIMIT);
        return DEFAULT_LIMIT;
    }

    private static @Nullable Set<ExecutionStatus> statuses(@Nullable String text, List<String> problems) {
        if (text == null) {
            return null;
        }
        Set<ExecutionStatus> all = EnumSet.noneOf(ExecutionStatus.class);
        for (String word : text.split(",", -1)) {
            Set<ExecutionStatus> meant = LogJson.meaning(word.strip().toUpperCase(Locale.ROOT));
            if (meant.isEmpty()) {
                problems.add("status must be a list, separated by commas, of SUCCESS, FAILED, TIMEOUT, PLATFORM_ERROR, "
                        + "or what an outcome is called, such as out_of_memory");
                return null;
            }
            all.addAll(meant);
        }
        return all;
    }

    private static @Nullable Instant time(String name, @Nullable String text, List<String> problems) {
        if (text == null) {
            return null;
        }
        try {
            return MILLIS.matcher(text).matches()
                    ? Instant.ofEpochMilli(Long.parseLong(text))
                    : OffsetDateTime.parse(text).toInstant();
        } catch (DateTimeException e) {
            problems.add(name + " must be a time such as 2026-01-31T12:00:00Z, or milliseconds since 1970");
            return null;
        }
    }
}
