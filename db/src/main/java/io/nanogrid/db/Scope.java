package io.nanogrid.db;

import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/// What a key allows.
public enum Scope {
    DEPLOY, INVOKE, READ, ADMIN;

    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// Several as one text, as they are stored.
    public static String join(Set<Scope> scopes) {
        return scopes.stream().sorted().map(Scope::name).collect(Collectors.joining(","));
    }

    /// @param joined as {@link #join} makes it
    public static Set<Scope> split(String joined) {
        var scopes = EnumSet.noneOf(Scope.class);
        Arrays.stream(joined.split(",")).filter(name -> !name.isEmpty()).map(Scope::valueOf).forEach(scopes::add);
        return Collections.unmodifiableSet(scopes);
    }
}
