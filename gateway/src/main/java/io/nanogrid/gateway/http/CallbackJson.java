package io.nanogrid.gateway.http;

import io.nanogrid.db.CallbackRecord;
import io.nanogrid.db.ChatRoomRecord;
import io.nanogrid.db.Definition;
import io.nanogrid.db.Deployment;
import io.nanogrid.gateway.code.CodeArchive;
import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.deploy.CodeReader;
import io.nanogrid.gateway.deploy.DeployEvent;
import io.nanogrid.gateway.deploy.DeployOutcome;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How the callback family's records look as JSON.
final class CallbackJson {

    private CallbackJson() {
    }

    static Map<String, @Nullable Object> callback(CallbackRecord callback) {
        Definition definition = callback.function().draft();
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("callback_id", callback.id());
        json.put("name", callback.function().name());
        json.put("path", callback.endpoint().path());
        json.put("method", callback.endpoint().method());
        json.put("type", definition.runtime());
        json.put("status", callback.status().wireName());
        Deployment live = callback.live();
        json.put("version", live == null ? null : live.version());
        json.put("url", url(live == null ? callback.endpoint().path() : live.endpoint().path()));
        json.put("handler", definition.handler());
        json.put("library", definition.library());
        json.put("env", definition.env());
        json.put("memory_mb", definition.memoryMb());
        json.put("timeout_ms", definition.timeout().toMillis());
        json.put("concurrency", definition.concurrency());
        json.put("network", definition.network());
        json.put("payload", definition.payload().wireName());
        json.put("auth", callback.endpoint().auth().wireName());
        json.put("rate_limit", callback.endpoint().rateLimit());
        json.put("chat_id", callback.chatId());
        json.put("created_at", callback.createdAt().toString());
        json.put("updated_at", callback.updatedAt().toString());
        return json;
    }

    private static String url(String path) {
        return "/api/" + path;
    }

    /// The code of a callback the way it can be sent back: `files` where all of them are text, else the `archive`.
    static void addFiles(Map<String, @Nullable Object> json, CodeBundle code) {
        Map<String, String> files = new LinkedHashMap<>();
        code.files().forEach((path, content) -> CodeReader.text(content)
                .ifPresent(text -> files.put(path, text)));
        if (files.size() == code.files().size()) {
            json.put("files", files);
        } else {
            json.put("archive", Base64.getEncoder().encodeToString(CodeArchive.pack(code)));
        }
    }

    static Map<String, @Nullable Object> deployed(DeployOutcome.Deployed outcome) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("message", "Callback deployed");
        json.putAll(callback(outcome.callback()));
        json.put("version", outcome.version());
        json.put("image", outcome.image());
        json.put("build",
                Map.of("durationMs", outcome.took().toMillis(), "cached", outcome.cached(), "log", outcome.log()));
        return json;
    }

    static Map<String, @Nullable Object> withMessage(String message, CallbackRecord callback) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("message", message);
        json.putAll(callback(callback));
        return json;
    }

    static Map<String, @Nullable Object> event(DeployEvent event) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("type", event.type().name().toLowerCase(Locale.ROOT));
        json.put("callback_id", event.callbackId());
        json.put("status", event.status());
        json.put("message", event.message());
        return json;
    }

    static Map<String, @Nullable Object> chatRoom(ChatRoomRecord room) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("chat_id", room.chatId());
        json.put("title", room.title());
        json.put("callback_id", room.callbackId());
        json.put("created_at", room.createdAt().toString());
        return json;
    }
}
