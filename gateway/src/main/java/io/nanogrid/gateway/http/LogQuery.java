package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.db.ExecutionFilter;
import io.nanogrid.db.ExecutionStatus;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which records of calls a request asks for.
///
/// @param cursor as an earlier answer gave it, unchecked
record LogQuery(ExecutionFilter filter, int limit, @Nullable String cursor) {

    private static final int MAX_LIMIT = 1_000;

    /// @throws Problem.Thrown naming every parameter that is wrong
    static LogQuery read(Context ctx) {
        ListQuery query = new ListQuery(ctx);
        int limit = query.limit(MAX_LIMIT);
        Set<ExecutionStatus> statuses = query.value("status",
                "a list, separated by commas, of SUCCESS, FAILED, TIMEOUT, PLATFORM_ERROR, or what an outcome is called, "
                        + "such as out_of_memory",
                LogQuery::statuses);
        ExecutionFilter filter = new ExecutionFilter(statuses, query.time("since"), query.time("until"));
        return new LogQuery(filter, limit, query.cursor());
    }

    private static Optional<Set<ExecutionStatus>> statuses(String words) {
        Set<ExecutionStatus> all = EnumSet.noneOf(ExecutionStatus.class);
        for (String word : words.split(",", -1)) {
            Set<ExecutionStatus> meant = LogJson.meaning(word.strip().toUpperCase(Locale.ROOT));
            if (meant.isEmpty()) {
                return Optional.empty();
            }
            all.addAll(meant);
        }
        return Optional.of(all);
    }
}
