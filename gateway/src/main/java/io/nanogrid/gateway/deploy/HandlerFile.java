package io.nanogrid.gateway.deploy;

import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.spi.RuntimeDescriptor;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Which file of a function is loaded, and which names are looked for in it.
record HandlerFile(String file, List<String> handlers) {

    /// @param handler as the user gave it: nothing, a name, or a module and a name such as `app.main` or `pkg/app.main`
    /// @throws InvalidDefinition if the code has no such file
    static HandlerFile find(RuntimeDescriptor runtime, @Nullable String handler, CodeBundle code)
            throws InvalidDefinition {
        Map<String, ?> files = code.files();
        int dot = handler == null ? -1 : handler.lastIndexOf('.');
        if (handler == null || dot < 0) {
            return new HandlerFile(mainFile(runtime, files), handler == null ? runtime.handlers() : List.of(handler));
        }
        String module = handler.substring(0, dot);
        for (String name : List.of(module, module.replace('.', '/'))) {
            for (String extension : runtime.extensions()) {
                if (files.containsKey(name + extension)) {
                    return new HandlerFile(name + extension, List.of(handler.substring(dot + 1)));
                }
            }
        }
        throw new InvalidDefinition(List.of("the handler is " + handler + ", and there is no " + module
                + runtime.extensions().getFirst() + " in the code: it has " + some(files)));
    }

    private static String mainFile(RuntimeDescriptor runtime, Map<String, ?> files) throws InvalidDefinition {
        for (String main : runtime.mainFiles()) {
            if (files.containsKey(main)) {
                return main;
            }
        }
        List<String> sources = files.keySet().stream()
                .filter(file -> !file.contains("/") && runtime.extensions().stream().anyMatch(file::endsWith))
                .toList();
        if (sources.size() == 1) {
            return sources.getFirst();
        }
        throw new InvalidDefinition(List.of("none of the files is one of " + runtime.mainFiles()
                + "; name the right one by handler, such as app.handler. The code has " + some(files)));
    }

    private static String some(Map<String, ?> files) {
        List<String> first = files.keySet().stream().limit(10).toList();
        return String.join(", ", first) + (files.size() > first.size() ? ", …" : "");
    }
}
