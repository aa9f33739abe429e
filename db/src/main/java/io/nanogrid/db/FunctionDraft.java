package io.nanogrid.db;

import org.jspecify.annotations.Nullable;

/// The part of a function that its owner decides. It takes effect with the version that is made of it.
public record FunctionDraft(String name, @Nullable String description, Definition definition) {
}
