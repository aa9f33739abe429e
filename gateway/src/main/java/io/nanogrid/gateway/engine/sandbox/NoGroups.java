package io.nanogrid.gateway.engine.sandbox;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/// Where no control group can be written.
///
/// @param reason why, for the operator
record NoGroups(String reason) implements Groups, Groups.Group {

    @Override
    public boolean limitMemory() {
        return false;
    }

    @Override
    public String detail() {
        return "no control groups (" + reason
                + "): memory is sampled, processes are limited by rlimit, processor time isn't limited";
    }

    @Override
    public Group create(String id, int memoryMb) {
        return this;
    }

    @Override
    public void reconcile() {
        // The kernel kills instances with their gateway.
    }

    @Override
    public void close() {
        // There is nothing to remove.
    }

    @Override
    public List<Path> joins() {
        return List.of();
    }

    @Override
    public OptionalLong peakBytes() {
        return OptionalLong.empty();
    }

    @Override
    public boolean outOfMemory() {
        return false;
    }

    @Override
    public void remove() {
        // There is none.
    }
}
