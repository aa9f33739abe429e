package io.nanogrid.spi;

import java.util.List;
import java.util.Map;

/// One language, as data: everything in which two runtimes differ.
///
/// @param id lower-case word that callbacks name as their `type`; `[a-z][a-z0-9-]{0,31}`
/// @param aliases other words for the same runtime
/// @param mainFiles names of the file that holds the handler, in the order in which they are looked for; code that comes without a
///        file name is stored under the first one
/// @param extensions extensions of source files with their dot, in the order in which the module of a handler such as
///        `app.main` is looked for (`app.py`)
/// @param handlers names of the handler, in the order in which they are looked for when a function names none
/// @param bootstrap the program that runs inside an instance: file name → content. All of them are placed, read-only, in the
///        directory that `{bootstrap}` stands for in `command`
/// @param command starts the bootstrap. `{interpreter}` and `{bootstrap}` are replaced; so is `{memoryMb}`
/// @param environment variables that the interpreter needs; the function sees them too
/// @param interpreters names of the interpreter's executable for the sandbox engine, looked for on the host in this order
/// @param image how the docker engine gets an image
/// @param dependencies how libraries are installed, or null where the language has none
public record RuntimeDescriptor(
        String id,
        List<String> aliases,
        List<String> mainFiles,
        List<String> extensions,
        List<String> handlers,
        Map<String, Content> bootstrap,
        List<String> command,
        Map<String, String> environment,
        List<String> interpreters,
        Image image,
        @org.jspecify.annotations.Nullable Dependencies dependencies) {

    public RuntimeDescriptor {
        if (!id.matches("[a-z][a-z0-9-]{0,31}")) {
            throw new IllegalArgumentException("a runtime's id must match [a-z][a-z0-9-]{0,31}, not '" + id + "'");
        }
        requireSome(id, "mainFiles", mainFiles);
        requireSome(id, "extensions", extensions);
        requireSome(id, "handlers", handlers);
        requireSome(id, "command", command);
        requireSome(id, "interpreters", interpreters);
        if (bootstrap.isEmpty()) {
            throw new IllegalArgumentException("runtime '" + id + "' has no bootstrap files");
        }
        aliases = List.copyOf(aliases);
        mainFiles = List.copyOf(mainFiles);
        extensions = List.copyOf(extensions);
        handlers = List.copyOf(handlers);
        bootstrap = Map.copyOf(bootstrap);
        command = List.copyOf(command);
        environment = Map.copyOf(environment);
        interpreters = List.copyOf(interpreters);
    }

    private static void requireSome(String id, String what, List<String> values) {
        if (values.isEmpty()) {
            throw new IllegalArgumentException("runtime '" + id + "' has no " + what);
        }
    }

    /// Base images of the docker engine.
    ///
    /// @param base the image that is used where neither configuration nor the function says another; its tag may hold a version
    /// @param setting environment variable of the gateway that replaces `base`
    /// @param fallback image that is used where `base` is neither present nor can be pulled
    /// @param interpreter the interpreter's command inside the image
    public record Image(String base, String setting, String fallback, String interpreter) {
    }

    /// How a function's libraries are installed. It runs inside the engine's isolation, in a writable directory that holds the
    /// function's `files`, and leaves what it installed in `{target}`.
    ///
    /// @param manifest the file that the text of `library` is stored as, such as `requirements.txt`
    /// @param inputs globs over the function's files that the installation depends on; they and `manifest` make the cache key
    /// @param install the command; `{interpreter}`, `{target}` and `{manifest}` are replaced
    /// @param environment variables for the installation alone
    public record Dependencies(String manifest, List<String> inputs, List<String> install,
            Map<String, String> environment) {

        public Dependencies {
            inputs = List.copyOf(inputs);
            install = List.copyOf(install);
            environment = Map.copyOf(environment);
        }
    }
}
