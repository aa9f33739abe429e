package io.nanogrid.db;

import java.util.List;

/// Keys that were made at run time. Safe for any number of threads.
public interface KeyRepository {

    /// @throws RefusedException.DuplicateKey where there is one of that name
    void create(KeyRecord key);

    /// All keys, oldest first.
    List<KeyRecord> list();

    /// @return whether there was one
    boolean delete(String name);
}
