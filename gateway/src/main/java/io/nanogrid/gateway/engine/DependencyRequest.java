package io.nanogrid.gateway.engine;

import io.nanogrid.spi.Content;
import io.nanogrid.spi.RuntimeDescriptor;
import java.util.Map;

/// Libraries to install.
///
/// @param runtime a runtime whose `dependencies` isn't null
/// @param key hash of everything that they depend on, in hexadecimal
/// @param inputs the files that the installer sees, the manifest among them: relative path → content
public record DependencyRequest(RuntimeDescriptor runtime, String key, Map<String, Content> inputs) {

    public DependencyRequest {
        inputs = Map.copyOf(inputs);
    }
}
