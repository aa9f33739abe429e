package io.nanogrid.gateway.http;

import io.nanogrid.db.Definition;
import io.nanogrid.db.FunctionRecord;
import io.nanogrid.gateway.code.CodeBundle;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How functions look as JSON in the function family.
final class FunctionJson {

    private FunctionJson() {
    }

    /// As it runs. Of `env` only the names are shown: whoever may look at functions needn't know their secrets.
    static Map<String, @Nullable Object> function(FunctionRecord function) {
        Definition running = function.running();
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("functionId", function.id());
        json.put("name", function.name());
        json.put("description", function.description());
        json.put("runtime", running.runtime());
        json.put("kind", running.script() ? "script" : "handler");
        json.put("handler", running.handler());
        json.put("version", function.currentVersion());
        json.put("memoryMb", running.memoryMb());
        json.put("timeoutMs", running.timeout().toMillis());
        json.put("concurrency", running.concurrency());
        json.put("network", running.network());
        json.put("env", List.copyOf(running.env().keySet()));
        json.put("library", running.library());
        json.put("callbackId", function.callbackId());
        json.put("codeSha256", running.codeHash());
        json.put("url", "/run");
        json.put("createdAt", function.createdAt().toString());
        json.put("updatedAt", function.updatedAt().toString());
        return json;
    }

    static void addCode(Map<String, @Nullable Object> json, CodeBundle code) {
        json.put("codeBytes", code.size());
        json.put("files", List.copyOf(code.files().keySet()));
    }
}
