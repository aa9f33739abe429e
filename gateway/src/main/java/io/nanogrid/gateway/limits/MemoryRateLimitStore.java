package io.nanogrid.gateway.limits;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Windows of one gateway, in memory; they are forgotten when it ends.
///
/// It keeps a bounded number of windows, and of those a bounded share for each scope, so that who calls one scope from very many addresses
/// leaves room for the others. While all of them still run, it refuses clients that it doesn't know, until the first window ends: so nobody
/// ever gets more than the limit, and those who have a window aren't touched.
///
/// Its monitor guards all fields; it is held for a few microseconds, and never across anything that blocks.
public final class MemoryRateLimitStore implements RateLimitStore {

    /// About 25 MB when full.
    private static final int MAX_WINDOWS = 100_000;
    private static final int MAX_WINDOWS_OF_A_SCOPE = MAX_WINDOWS / 4;
    /// More than one call can add, so that windows that have ended go faster than new ones come.
    private static final int FORGET_AT_ONCE = 4;

    private final LongSupplier nanos;
    private final int maxWindows;
    private final int maxWindowsOfAScope;
    private final Map<String, Scope> scopes = new HashMap<>();
    private final TreeSet<Window> byEnd = new TreeSet<>();
    private long made;

    private static final class Scope {
        final String name;
        final Map<String, Window> windows = new HashMap<>();
        final TreeSet<Window> byEnd = new TreeSet<>();

        Scope(String name) {
            this.name = name;
        }
    }

    private static final class Window implements Comparable<Window> {
        final Scope scope;
        final String client;
        final long end;
        final long number;
        int counted;

        Window(Scope scope, String client, long end, long number) {
            this.scope = scope;
            this.client = client;
            this.end = end;
            this.number = number;
        }

        /// By their ends, which may overflow as the clock does.
        @Override
        public int compareTo(Window other) {
            return end == other.end ? Long.compare(number, other.number) : Long.signum(end - other.end);
        }
    }

    public MemoryRateLimitStore() {
        this(System::nanoTime, MAX_WINDOWS, MAX_WINDOWS_OF_A_SCOPE);
    }

    /// @param nanos a clock that never goes back, as [System#nanoTime] does
    MemoryRateLimitStore(LongSupplier nanos, int maxWindows, int maxWindowsOfAScope) {
        this.nanos = nanos;
        this.maxWindows = maxWindows;
        this.maxWindowsOfAScope = maxWindowsOfAScope;
    }

    @Override
    public synchronized Decision count(String scope, String client, int limit, Duration window) {
        long now = nanos.getAsLong();
        forgetEnded(byEnd, now);
        Scope own = scopes.get(scope);
        if (own == null) {
            own = new Scope(scope);
        }
        forgetEnded(own.byEnd, now);
        Window current = own.windows.get(client);
        if (current == null || current.end - now <= 0) {
            if (current != null) {
                forget(current);
            }
            TreeSet<Window> full = full(own);
            if (full != null) {
                return new Decision(false, 0, untilEnd(full.first(), now));
            }
            current = new Window(own, client, now + window.toNanos(), made++);
            add(current);
        }
        boolean allowed = current.counted < limit;
        if (allowed) {
            current.counted++;
        }
        return new Decision(allowed, Math.max(0, limit - current.counted), untilEnd(current, now));
    }

    private @Nullable TreeSet<Window> full(Scope scope) {
        if (scope.byEnd.size() >= maxWindowsOfAScope) {
            return scope.byEnd;
        }
        return byEnd.size() >= maxWindows ? byEnd : null;
    }

    private static Duration untilEnd(Window window, long now) {
        return Duration.ofNanos(Math.max(1, window.end - now));
    }

    private void forgetEnded(TreeSet<Window> windows, long now) {
        for (int i = 0; i < FORGET_AT_ONCE && !windows.isEmpty() && windows.first().end - now <= 0; i++) {
            forget(windows.first());
        }
    }

    private void add(Window window) {
        Scope scope = window.scope;
        scopes.put(scope.name, scope);
        scope.windows.put(window.client, window);
        scope.byEnd.add(window);
        byEnd.add(window);
    }

    private void forget(Window window) {
        Scope scope = window.scope;
        byEnd.remove(window);
        scope.byEnd.remove(window);
        scope.windows.remove(window.client);
        if (scope.windows.isEmpty()) {
            scopes.remove(scope.name);
        }
    }

    /// How many windows take up memory.
    synchronized int size() {
        return byEnd.size();
    }
}
