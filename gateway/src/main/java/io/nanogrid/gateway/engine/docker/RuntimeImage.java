package io.nanogrid.gateway.engine.docker;

import io.nanogrid.gateway.engine.InstanceCommand;
import java.util.List;

/// An image that instances of a runtime start from.
///
/// @param name repository and tag
/// @param path the search path that its base sets
/// @param version what its interpreter says about `--version`
record RuntimeImage(String name, String path, String version) {

    /// Where installers find their inputs.
    static final String BUILD = "/opt/nanogrid/build";

    /// The user that everything inside runs as.
    static final int USER = 1000;

    /// @param environment what the base sets, as `name=value`
    static String path(List<String> environment) {
        return environment.stream().filter(e -> e.startsWith("PATH=")).map(e -> e.substring(5)).findFirst()
                .orElse(InstanceCommand.PATH);
    }
}
