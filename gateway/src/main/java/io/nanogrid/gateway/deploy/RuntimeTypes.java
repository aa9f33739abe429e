package io.nanogrid.gateway.deploy;

import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.InterpreterVersion;
import io.nanogrid.gateway.plugins.Runtimes;
import io.nanogrid.spi.RuntimeDescriptor;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/// What a callback's `type` means here: a runtime's id or alias and, if it likes, a version: `python`, `node`, `python:3.12`.
public final class RuntimeTypes {

    private static final Pattern VERSION = Pattern.compile("\\d[0-9A-Za-z]{0,15}(\\.[0-9A-Za-z]{1,16}){0,3}");

    private final Runtimes runtimes;
    private final Engine engine;

    public RuntimeTypes(Runtimes runtimes, Engine engine) {
        this.runtimes = runtimes;
        this.engine = engine;
    }

    /// The runtime that a type names, whatever version it wants.
    ///
    /// @throws InvalidDefinition naming those that are loaded
    RuntimeDescriptor find(String type) throws InvalidDefinition {
        int colon = type.indexOf(':');
        if (colon >= 0 && !VERSION.matcher(type.substring(colon + 1)).matches()) {
            throw new InvalidDefinition(List.of("'" + printable(type) + "' isn't a runtime and a version: "
                    + "the version is such as 3 or 3.12, and may be left out with its colon"));
        }
        return loaded(type).orElseThrow(() -> new InvalidDefinition(List.of("there is no runtime '"
                + printable(name(type)) + "': loaded are " + ids())));
    }

    /// The runtime that a type names, if it is loaded.
    Optional<RuntimeDescriptor> loaded(String type) {
        return runtimes.find(name(type));
    }

    private static String name(String type) {
        int colon = type.indexOf(':');
        return colon < 0 ? type : type.substring(0, colon);
    }

    Collection<RuntimeDescriptor> all() {
        return runtimes.all();
    }

    List<String> ids() {
        return runtimes.all().stream().map(RuntimeDescriptor::id).toList();
    }

    /// Makes sure that the engine has the version that a type wants. Where it wants one, this prepares the runtime, which can take
    /// as long as pulling an image.
    ///
    /// @throws InvalidDefinition if the engine has another version, naming it
    /// @throws EngineException if the engine can't tell
    void requireVersion(String type, Consumer<String> log)
            throws InvalidDefinition, EngineException, InterruptedException {
        RuntimeDescriptor runtime = find(type);
        int colon = type.indexOf(':');
        if (colon < 0) {
            return;
        }
        engine.prepare(runtime, log);
        InterpreterVersion present = engine.version(runtime).orElseThrow(() -> new EngineException(
                "the version of " + runtime.id() + " isn't known at the moment: try again"));
        if (!present.satisfies(type.substring(colon + 1))) {
            throw new InvalidDefinition(List.of(type + " isn't available here: this gateway has " + runtime.id() + " "
                    + present + " (" + engine.name() + ")"));
        }
    }

    /// What a user has sent, for a message.
    static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", "?").substring(0, Math.min(64, text.length()));
    }
}
