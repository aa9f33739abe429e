package io.nanogrid.db;

import java.util.List;
import java.util.Optional;

/// Functions and their versions. Safe for any number of threads.
public interface FunctionRepository {

    Optional<FunctionRecord> find(String id);

    /// All versions of a function, newest first; empty where there is no such function.
    List<VersionRecord> versions(String functionId);

    Optional<VersionRecord> version(String functionId, int number);
}
