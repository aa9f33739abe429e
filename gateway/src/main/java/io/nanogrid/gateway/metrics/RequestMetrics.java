package io.nanogrid.gateway.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// How many requests there were, and how long they took: by method, route and status.
///
/// Clients choose methods, users choose templates, and functions choose statuses, so what comes beyond the usual ones or beyond the bounds is
/// counted as `other`. What was counted for a template is dropped once no callback has it any more. Safe for use by many threads; only the first
/// request of a series takes a lock. Requests that come at the same moment may pass the bounds by as many as they are.
public final class RequestMetrics {

    private static final String OTHER = "other";
    private static final String CALLS = "/api/";
    private static final int MAX_TEMPLATES = 1_000;
    private static final int MAX_SERIES = 5_000;
    private static final Set<String> METHODS = Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");
    /// Those that RFC 9110 and its like define.
    private static final Set<Integer> STATUSES = IntStream
            .of(101, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 307, 308, 400, 401,
                    402,
                    403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424,
                    425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511)
            .boxed().collect(Collectors.toUnmodifiableSet());
    private static final int OTHER_STATUS = 0;

    private final MeterRegistry registry;
    private final Map<Series, Timer> timers = new ConcurrentHashMap<>();
    /// Those with routes of their own.
    private final Set<String> templates = ConcurrentHashMap.newKeySet();

    private record Series(String method, String prefix, String template, int status) {
    }

    RequestMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    /// @param template of the callback, without `/api/`; null where the path leads to none
    public void call(String method, @Nullable String template, int status, long nanos) {
        record(template == null ? other(method, status) : new Series(method, CALLS, template, status), nanos);
    }

    /// @param template of the gateway's own route; null where the path has none
    public void management(String method, @Nullable String template, int status, long nanos) {
        record(template == null ? other(method, status) : new Series(method, "", template, status), nanos);
    }

    private static Series other(String method, int status) {
        return new Series(method, "", OTHER, status);
    }

    /// Frees what all other templates have taken.
    ///
    /// @param served the templates that a callback has, without `/api/`
    public void serving(Set<String> served) {
        templates.retainAll(served);
        // A call that was in flight when its callback went may bring its series back: until the next time.
        timers.keySet().stream().filter(series -> !series.prefix.isEmpty() && !served.contains(series.template))
                .forEach(series -> timers.computeIfPresent(series, (_, timer) -> {
                    registry.remove(timer);
                    return null;
                }));
    }

    private void record(Series asked, long nanos) {
        Timer timer = timers.get(asked);
        (timer == null ? bounded(asked) : timer).record(nanos, TimeUnit.NANOSECONDS);
    }

    private Timer bounded(Series asked) {
        String method = METHODS.contains(asked.method) ? asked.method : OTHER;
        int status = STATUSES.contains(asked.status) ? asked.status : OTHER_STATUS;
        Series series = isKnown(asked)
                ? new Series(method, asked.prefix, asked.template, status)
                : other(method, status);
        Timer timer = timers.get(series);
        if (timer == null && timers.size() >= MAX_SERIES) {
            series = other(method, status);
            timer = timers.get(series);
        }
        return timer == null ? timers.computeIfAbsent(series, this::timer) : timer;
    }

    private boolean isKnown(Series series) {
        return series.prefix.isEmpty() || templates.contains(series.template)
                || templates.size() < MAX_TEMPLATES && templates.add(series.template);
    }

    private Timer timer(Series series) {
        return Buckets.timer(registry, "http.request.duration",
                "Time from a request's arrival to the end of its answer",
                "method", series.method, "route", series.prefix + series.template, "status_code",
                series.status == OTHER_STATUS ? OTHER : String.valueOf(series.status));
    }
}
