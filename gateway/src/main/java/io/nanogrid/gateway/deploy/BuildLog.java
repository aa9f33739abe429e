package io.nanogrid.gateway.deploy;

import java.util.ArrayList;
import java.util.List;

/// What a build has said so far, for its answer; every line goes to the events as well. What comes after the first
/// [#MAX_LINES] lines is dropped, which one more line says.
///
/// Safe for use by many threads. The monitor of the list guards it.
final class BuildLog {

    static final int MAX_LINES = 2_000;
    static final String CUT = "(the log is cut here: it has more than " + MAX_LINES + " lines)";

    private final DeployEvents events;
    private final long callbackId;
    private final List<String> lines = new ArrayList<>();

    BuildLog(DeployEvents events, long callbackId) {
        this.events = events;
        this.callbackId = callbackId;
    }

    /// Of a build that nobody listens to while it goes on.
    static BuildLog unheard() {
        return new BuildLog(new DeployEvents(), 0);
    }

    void line(String line) {
        String kept;
        synchronized (lines) {
            if (lines.size() > MAX_LINES) {
                return;
            }
            kept = lines.size() < MAX_LINES ? line : CUT;
            lines.add(kept);
        }
        events.publish(new DeployEvent(DeployEvent.Type.LOG, callbackId, "build", kept));
    }

    void text(String text) {
        text.lines().forEach(this::line);
    }

    void status(String status, String message) {
        events.publish(new DeployEvent(DeployEvent.Type.STATUS, callbackId, status, message));
    }

    void error(String status, String message) {
        events.publish(new DeployEvent(DeployEvent.Type.ERROR, callbackId, status, message));
    }

    List<String> lines() {
        synchronized (lines) {
            return List.copyOf(lines);
        }
    }
}
