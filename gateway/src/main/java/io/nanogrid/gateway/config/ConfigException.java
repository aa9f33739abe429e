package io.nanogrid.gateway.config;

import java.util.List;

/// The configuration can't be used. Says all that is wrong with it, not only the first.
public final class ConfigException extends Exception {

    private static final long serialVersionUID = 1L;

    private final transient List<String> problems;

    /// @param problems one line each; every line starts with the variable's name
    public ConfigException(List<String> problems) {
        super(String.join("\n", problems));
        this.problems = List.copyOf(problems);
    }

    /// One line each; every line starts with the variable's name.
    public List<String> problems() {
        return problems;
    }
}
