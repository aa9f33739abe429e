package io.nanogrid.gateway.deploy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.nanogrid.db.Access;
import io.nanogrid.db.CallbackDraft;
import io.nanogrid.db.Definition;
import io.nanogrid.db.Endpoint;
import io.nanogrid.db.PayloadFormat;
import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.deploy.CommonFields.Program;
import io.nanogrid.gateway.routes.RoutePath;
import io.nanogrid.gateway.routes.RouteTable;
import io.nanogrid.spi.RuntimeDescriptor;
import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Reads a callback's definition as the contract spells it, checks all of it, and stores its code.
public final class DefinitionReader {

    /// Every field that a definition may have.
    public static final Set<String> FIELDS = Set.of("path", "method", "type", "code", "files", "archive", "handler",
            "library", "env",
            "memory_mb", "timeout_ms", "concurrency", "network", "payload", "name", "auth", "rate_limit", "chat_id");

    private static final Set<String> METHODS = Set.of("GET", "POST", "PUT", "PATCH", "DELETE", RouteTable.ANY);
    private static final Pattern CHAT_ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");
    private static final int MAX_RATE_LIMIT = 1_000_000;

    private final RuntimeTypes types;
    private final CommonFields common;
    private final CodeStore store;

    public DefinitionReader(RuntimeTypes types, CodeStore store) {
        this.types = types;
        this.common = new CommonFields(types, CommonFields.Family.CALLBACK);
        this.store = store;
    }

    /// A new callback's draft. Fields that aren't the definition's own are the caller's business, and ignored.
    ///
    /// @throws InvalidDefinition naming everything that is wrong
    public CallbackDraft create(ObjectNode json) throws InvalidDefinition, IOException, InterruptedException {
        return read(new Fields(json), null);
    }

    /// A draft with some fields changed; those that aren't given stay.
    public CallbackDraft change(ObjectNode json, CallbackDraft present)
            throws InvalidDefinition, IOException, InterruptedException {
        return read(new Fields(json), present);
    }

    private CallbackDraft read(Fields fields, @Nullable CallbackDraft old)
            throws InvalidDefinition, IOException, InterruptedException {
        Endpoint endpoint = endpoint(fields, old);
        Definition present = old == null ? null : old.definition();
        String type = fields.text("type", present == null ? null : present.runtime());
        RuntimeDescriptor runtime = common.runtime(fields, type);
        if (present == null && CodeReader.given(fields).isEmpty()) {
            fields.problem("code is missing: give code, files or archive");
        }
        CodeBundle code = CodeReader.read(fields, runtime);
        PayloadFormat payload = fields.choice("payload", present == null ? PayloadFormat.SIMPLE : present.payload(),
                Map.of("simple", PayloadFormat.SIMPLE, "2.0", PayloadFormat.V2));
        Program program = new Program(type, CommonFields.handler(fields, present), CommonFields.hash(code, present),
                false);
        Definition read = common.definition(fields, program, runtime, present, payload);
        String fallbackName = old == null ? endpoint == null ? "" : nameOf(endpoint) : old.name();
        String name = fields.text("name", fallbackName, CommonFields.NAME, CommonFields.NAME_HINT);
        String chat = fields.text("chat_id", old == null ? null : old.chatId(), CHAT_ID, CommonFields.NAME_HINT);
        fields.throwIfWrong();
        if (endpoint == null) {
            throw new IllegalStateException("a missing endpoint is a problem that has been reported");
        }
        if (code != null) {
            store.put(code);
        }
        return new CallbackDraft(name == null ? nameOf(endpoint) : name, endpoint, read, chat);
    }

    private static String nameOf(Endpoint endpoint) {
        String name = endpoint.path().replaceAll("[^A-Za-z0-9._-]+", "-").replaceAll("^[^A-Za-z0-9]+|[^A-Za-z0-9]+$",
                "");
        return name.isEmpty() ? "function" : name.substring(0, Math.min(64, name.length()));
    }

    private static @Nullable Endpoint endpoint(Fields fields, @Nullable CallbackDraft old) {
        Endpoint present = old == null ? null : old.endpoint();
        String text = fields.text("path", present == null ? null : present.path());
        String method = fields.text("method", present == null ? null : present.method());
        Access auth = fields.choice("auth", present == null ? Access.NONE : present.auth(),
                Map.of("none", Access.NONE, "key", Access.KEY));
        Integer rateLimit = fields.count("rate_limit", present == null ? null : present.rateLimit(), MAX_RATE_LIMIT);
        String verb = method == null ? "" : method.toUpperCase(Locale.ROOT);
        if (!METHODS.contains(verb)) {
            fields.problem((method == null ? "method is missing: one of " : "method must be one of ")
                    + new TreeSet<>(METHODS));
        }
        if (text == null) {
            fields.problem("path is missing: where under /api/ should the function answer?");
            return null;
        }
        try {
            RoutePath path = RoutePath.parse(text);
            return new Endpoint(path.text(), verb, path.key(), auth, rateLimit);
        } catch (IllegalArgumentException e) {
            fields.problem(String.valueOf(e.getMessage()));
            return null;
        }
    }

    /// The text that would give this code again as the field `code`, if there is one.
    public Optional<String> inlineText(String type, CodeBundle code) {
        return types.loaded(type).map(found -> code.files().get(found.mainFiles().getFirst()))
                .filter(_ -> code.files().size() == 1).flatMap(CodeReader::text).filter(text -> !text.isBlank());
    }
}
