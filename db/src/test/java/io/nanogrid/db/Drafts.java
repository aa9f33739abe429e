package io.nanogrid.db;

import java.time.Duration;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/// Callbacks for tests: valid, and different where the test says so.
public final class Drafts {
    private Drafts() {
    }

    public static CallbackDraft draft(String path) {
        return draft(path, "hash-of-" + path);
    }

    public static CallbackDraft draft(String path, String codeHash) {
        return new CallbackDraft("function " + path, endpoint(path, "GET"), definition(codeHash, Map.of()), null);
    }

    public static CallbackDraft inRoom(CallbackDraft draft, @Nullable String chatId) {
        return new CallbackDraft(draft.name(), draft.endpoint(), draft.definition(), chatId);
    }

    public static CallbackDraft at(CallbackDraft draft, Endpoint endpoint) {
        return new CallbackDraft(draft.name(), endpoint, draft.definition(), draft.chatId());
    }

    public static CallbackDraft running(CallbackDraft draft, Definition definition) {
        return new CallbackDraft(draft.name(), draft.endpoint(), definition, draft.chatId());
    }

    public static Endpoint endpoint(String path, String method) {
        return new Endpoint(path, method, "key:" + path, Access.NONE, null);
    }

    public static Definition definition(String codeHash, Map<String, String> env) {
        return new Definition("python", null, codeHash, null, env, 128, Duration.ofSeconds(30), null, false,
                PayloadFormat.SIMPLE, false);
    }
}
