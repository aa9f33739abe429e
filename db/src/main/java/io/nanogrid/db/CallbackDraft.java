package io.nanogrid.db;

import org.jspecify.annotations.Nullable;

/// The part of a callback that its owner decides; it takes effect with the next deploy.
///
/// @param name the function's name
/// @param chatId the chat room that the callback belongs to, or null for none
public record CallbackDraft(String name, Endpoint endpoint, Definition definition, @Nullable String chatId) {
}
