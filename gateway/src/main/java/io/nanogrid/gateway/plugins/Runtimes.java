package io.nanogrid.gateway.plugins;

import io.nanogrid.spi.RuntimeDescriptor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// The runtimes that plugins have brought, and the plugins that brought none. Immutable.
public final class Runtimes {

    private final Map<String, RuntimeDescriptor> byId = new TreeMap<>();
    private final Map<String, RuntimeDescriptor> byName = new HashMap<>();
    private final List<PluginProblem> problems;

    /// A plugin that can't be used.
    ///
    /// @param plugin its id, or its file's name where it didn't get as far as having one
    public record PluginProblem(String plugin, String reason) {
    }

    Runtimes(Map<String, RuntimeDescriptor> byPlugin, List<PluginProblem> problems) {
        List<PluginProblem> all = new ArrayList<>(problems);
        byPlugin.forEach((plugin, runtime) -> {
            List<String> taken = names(runtime).stream().filter(byName::containsKey).toList();
            if (taken.isEmpty()) {
                byId.put(runtime.id(), runtime);
                names(runtime).forEach(name -> byName.put(name, runtime));
            } else {
                all.add(new PluginProblem(plugin, "another plugin already brings the runtime " + taken.getFirst()));
            }
        });
        this.problems = List.copyOf(all);
    }

    private static List<String> names(RuntimeDescriptor runtime) {
        List<String> names = new ArrayList<>(runtime.aliases());
        names.add(runtime.id());
        return names;
    }

    /// @param type an id or an alias
    public Optional<RuntimeDescriptor> find(String type) {
        return Optional.ofNullable(byName.get(type));
    }

    /// By id.
    public Collection<RuntimeDescriptor> all() {
        return byId.values();
    }

    public List<PluginProblem> problems() {
        return problems;
    }
}
