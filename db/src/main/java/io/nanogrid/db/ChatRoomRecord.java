package io.nanogrid.db;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

/// @param callbackId the callback that was made in this room, or null while there is none
public record ChatRoomRecord(String chatId, String title, @Nullable Long callbackId, Instant createdAt) {
}
