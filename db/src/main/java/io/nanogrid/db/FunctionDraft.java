package io.nanogrid.db;

import org.jspecify.annotations.Nullable;

/// The part of a function that its owner decides; the definition takes effect with the next version.
public record FunctionDraft(String name, @Nullable String description, Definition definition) {
}
