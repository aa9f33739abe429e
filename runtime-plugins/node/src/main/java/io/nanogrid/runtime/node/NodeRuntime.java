package io.nanogrid.runtime.node;

import io.nanogrid.spi.Content;
import io.nanogrid.spi.RuntimeDescriptor;
import io.nanogrid.spi.RuntimeDescriptor.Dependencies;
import io.nanogrid.spi.RuntimeDescriptor.Image;
import io.nanogrid.spi.RuntimePlugin;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.pf4j.Extension;

/// Node.js 18 and newer; CommonJS and ES modules.
@Extension
public final class NodeRuntime implements RuntimePlugin {

    @Override
    public RuntimeDescriptor describe() {
        return new RuntimeDescriptor(
                "node",
                List.of("nodejs", "javascript", "js"),
                List.of("index.js", "index.mjs", "lambda_function.js"),
                List.of(".js", ".mjs", ".cjs"),
                List.of("lambda_handler", "handler"),
                Stream.of("bootstrap.cjs", "outputs.cjs", "scripts.cjs").collect(Collectors.toMap(name -> name,
                        name -> Content.resource(NodeRuntime.class, "runtime/" + name))),
                List.of("{interpreter}", "{bootstrap}/bootstrap.cjs"),
                Map.of("NODE_ENV", "production"),
                List.of("node", "nodejs"),
                new Image("node:22-slim", "NODE_BASE_IMAGE", "nanogrid-base-node:local", "node"),
                new Dependencies(
                        "package.json",
                        List.of("package.json", "package-lock.json", "*.tgz", "vendor/*"),
                        // In the working directory: with --prefix npm looks for the manifest in the target.
                        List.of("/bin/sh", "-c",
                                "npm install --omit=dev --no-audit --no-fund --no-progress --install-links"
                                        + " && mkdir -p node_modules && cp -R node_modules {target}/"),
                        Map.of("npm_config_update_notifier", "false")));
    }
}
