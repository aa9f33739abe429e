package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.InterpreterVersion;
import io.nanogrid.gateway.plugins.Runtimes;
import io.nanogrid.spi.RuntimeDescriptor;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `GET /runtimes`: what functions can be written in, and why a plugin brings nothing.
final class RuntimeList {

    private final Runtimes runtimes;
    private final Engine engine;

    RuntimeList(Runtimes runtimes, Engine engine) {
        this.runtimes = runtimes;
        this.engine = engine;
    }

    void get(Context ctx) {
        ctx.json(Map.of("runtimes", runtimes.all().stream().map(this::runtime).toList(), "pluginProblems",
                runtimes.problems()));
    }

    private Map<String, @Nullable Object> runtime(RuntimeDescriptor runtime) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("id", runtime.id());
        json.put("aliases", runtime.aliases());
        // Null until the engine has looked at it, which can take until an image is there.
        json.put("version", engine.version(runtime).map(InterpreterVersion::text).orElse(null));
        json.put("extensions", runtime.extensions());
        json.put("mainFiles", runtime.mainFiles());
        json.put("handlers", runtime.handlers());
        RuntimeDescriptor.Dependencies dependencies = runtime.dependencies();
        json.put("library", dependencies == null ? null : dependencies.manifest());
        return json;
    }
}
