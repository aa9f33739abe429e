package io.nanogrid.db;

import java.util.Locale;

/// `DONE` is a job whose function ran to an end, of whatever kind; `DEAD` one that was given up. Both are final.
public enum JobState {
    PENDING, RUNNING, DONE, DEAD;

    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
