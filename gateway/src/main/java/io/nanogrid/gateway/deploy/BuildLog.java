package io.nanogrid.gateway.deploy;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/// What a callback's build has said so far, for its answer; every line goes to the events as well.
final class BuildLog {
    private final DeployEvents events;
    private final long callbackId;
    private final List<String> lines = new CopyOnWriteArrayList<>();

    BuildLog(DeployEvents events, long callbackId) {
        this.events = events;
        this.callbackId = callbackId;
    }

    void line(String line) {
        lines.add(line);
        events.publish(new DeployEvent(DeployEvent.Type.LOG, callbackId, "build", line));
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
        return List.copyOf(lines);
    }
}
