package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.db.Access;
import io.nanogrid.db.Definition;
import io.nanogrid.db.Endpoint;
import io.nanogrid.db.PayloadFormat;
import io.nanogrid.db.RefusedException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/// Definitions and endpoints as maps within items.
final class DefinitionItems {

    private DefinitionItems() {
    }

    /// Of what users may make long. An item may have 400 KB, and a callback's has two definitions: what is written, and what runs.
    private static final int LONGEST = 128 << 10;

    /// @throws RefusedException.DefinitionTooLong where it finds no room
    static Item of(Definition definition) {
        requireRoom(definition);
        Item.Builder env = Item.nested();
        definition.env().forEach(env::set);
        return Item.nested().set("runtime", definition.runtime()).set("handler", definition.handler())
                .set("codeHash", definition.codeHash()).set("library", definition.library()).set("env", env.build())
                .set("memoryMb", definition.memoryMb()).set("timeoutMs", definition.timeout().toMillis())
                .set("concurrency", definition.concurrency()).set("network", definition.network())
                .set("payload", definition.payload().name()).set("script", definition.script()).build();
    }

    private static void requireRoom(Definition definition) {
        String library = definition.library();
        int length = library == null ? 0 : bytes(library);
        for (Map.Entry<String, String> variable : definition.env().entrySet()) {
            length += bytes(variable.getKey()) + bytes(variable.getValue());
        }
        if (length > LONGEST) {
            throw new RefusedException.DefinitionTooLong(length, LONGEST);
        }
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    static Definition definition(Item item) {
        Map<String, String> env = new HashMap<>();
        item.map("env").attributes().forEach((name, value) -> env.put(name, value.s()));
        return new Definition(item.text("runtime"), item.textOrNull("handler"), item.text("codeHash"),
                item.textOrNull("library"), env, (int) item.number("memoryMb"),
                Duration.ofMillis(item.number("timeoutMs")), item.intOrNull("concurrency"), item.flag("network"),
                PayloadFormat.valueOf(item.text("payload")), item.flag("script"));
    }

    static Item of(Endpoint endpoint) {
        return Item.nested().set("path", endpoint.path()).set("method", endpoint.method())
                .set("routeKey", endpoint.routeKey()).set("auth", endpoint.auth().name())
                .set("rateLimit", endpoint.rateLimit()).build();
    }

    static Endpoint endpoint(Item item) {
        return new Endpoint(item.text("path"), item.text("method"), item.text("routeKey"),
                Access.valueOf(item.text("auth")), item.intOrNull("rateLimit"));
    }
}
