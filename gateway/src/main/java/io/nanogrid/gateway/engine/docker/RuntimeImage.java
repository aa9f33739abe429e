package io.nanogrid.gateway.engine.docker;

import java.util.List;
import java.util.Set;

/// An image that instances of a runtime start from.
///
/// @param name repository and tag
/// @param path the search path that its base sets
/// @param foreign names of variables that its base sets and instances don't get
record RuntimeImage(String name, String path, List<String> foreign) {

    static final String BOOTSTRAP = "/opt/nanogrid/bootstrap";
    static final String DEPENDENCIES = "/opt/nanogrid/deps";
    static final String BUILD = "/opt/nanogrid/build";

    /// The user that everything inside runs as.
    static final int USER = 1000;

    /// Variables that every instance has, whatever its base sets.
    private static final Set<String> OURS = Set.of("PATH", "HOME", "TMPDIR", "LANG");

    private static final String DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    static RuntimeImage of(String name, List<String> environment) {
        String path = environment.stream().filter(e -> e.startsWith("PATH=")).map(e -> e.substring(5)).findFirst()
                .orElse(DEFAULT_PATH);
        List<String> foreign = environment.stream().map(e -> e.split("=", 2)[0])
                .filter(key -> !OURS.contains(key)).toList();
        return new RuntimeImage(name, path, foreign);
    }
}
