package io.nanogrid.gateway.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.nanogrid.db.Access;
import io.nanogrid.db.CallbackDraft;
import io.nanogrid.db.Definition;
import io.nanogrid.db.Endpoint;
import io.nanogrid.db.PayloadFormat;
import io.nanogrid.gateway.code.CodeArchive;
import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.routes.RoutePath;
import io.nanogrid.gateway.routes.RouteTable;
import io.nanogrid.spi.Content;
import io.nanogrid.spi.RuntimeDescriptor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Reads a callback's definition as the contract spells it, checks all of it, and stores its code.
public final class DefinitionReader {

    /// Every field that a definition may have.
    public static final Set<String> FIELDS = Set.of("path", "method", "type", "code", "files", "archive", "handler",
            "library", "env",
            "memory_mb", "timeout_ms", "concurrency", "network", "payload", "name", "auth", "rate_limit", "chat_id");

    private static final Set<String> METHODS = Set.of("GET", "POST", "PUT", "PATCH", "DELETE", RouteTable.ANY);
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,127}");
    private static final Pattern HANDLER = Pattern.compile("[A-Za-z0-9_$][A-Za-z0-9_$./-]{0,255}");
    private static final Pattern CHAT_ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");
    private static final int MAX_CONCURRENCY = 1000;
    private static final int MAX_RATE_LIMIT = 1_000_000;
    private static final int MAX_ENV_BYTES = 64 << 10;
    private static final long MAX_TIMEOUT_MS = Duration.ofHours(1).toMillis();

    private static final Logger LOG = LoggerFactory.getLogger(DefinitionReader.class);

    private final RuntimeTypes types;
    private final CodeStore store;

    public DefinitionReader(RuntimeTypes types, CodeStore store) {
        this.types = types;
        this.store = store;
    }

    /// A new callback's draft. Fields that aren't the definition's own are the caller's business, and ignored.
    ///
    /// @throws InvalidDefinition naming everything that is wrong
    public CallbackDraft create(ObjectNode json) throws InvalidDefinition, IOException, InterruptedException {
        return read(json, null);
    }

    /// A draft with some fields changed; those that aren't given stay.
    public CallbackDraft change(ObjectNode json, CallbackDraft present)
            throws InvalidDefinition, IOException, InterruptedException {
        return read(json, present);
    }

    private CallbackDraft read(ObjectNode json, @Nullable CallbackDraft old)
            throws InvalidDefinition, IOException, InterruptedException {
        Fields fields = new Fields(json);
        Endpoint endpoint = endpoint(fields, old);
        Definition definition = old == null ? null : old.definition();
        String type = fields.text("type", definition == null ? null : definition.runtime());
        RuntimeDescriptor runtime = runtime(fields, type);
        CodeBundle code = code(fields, json, runtime, definition == null);
        Definition read = new Definition(
                type == null ? "" : type,
                fields.text("handler", definition == null ? null : definition.handler(), HANDLER,
                        "a name such as app.handler"),
                definition == null || code != null ? code == null ? "" : code.hash() : definition.codeHash(),
                library(fields, runtime, definition),
                env(fields, json, definition),
                fields.integer("memory_mb", definition == null ? 128 : definition.memoryMb(), 128, 10_240),
                Duration.ofMillis(fields.integer("timeout_ms",
                        definition == null ? 30_000 : definition.timeout().toMillis(), 1, MAX_TIMEOUT_MS)),
                fields.count("concurrency", definition == null ? null : definition.concurrency(), MAX_CONCURRENCY),
                fields.flag("network", definition != null && definition.network()),
                fields.choice("payload", definition == null ? PayloadFormat.SIMPLE : definition.payload(),
                        Map.of("simple", PayloadFormat.SIMPLE, "2.0", PayloadFormat.V2)),
                false);
        String fallbackName = old == null ? endpoint == null ? "" : nameOf(endpoint) : old.name();
        String name = fields.text("name", fallbackName, NAME, "1 to 64 letters, digits and . _ -");
        String chat = fields.text("chat_id", old == null ? null : old.chatId(), CHAT_ID,
                "1 to 64 letters, digits and . _ -");
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

    private @Nullable RuntimeDescriptor runtime(Fields fields, @Nullable String type) throws InterruptedException {
        if (type == null) {
            fields.problem("type is missing: one of " + types.ids());
            return null;
        }
        try {
            RuntimeDescriptor runtime = types.find(type);
            if (fields.has("type")) {
                requireVersion(type);
            }
            return runtime;
        } catch (InvalidDefinition e) {
            fields.problem(String.valueOf(e.getMessage()));
            return null;
        }
    }

    private void requireVersion(String type) throws InvalidDefinition, InterruptedException {
        try {
            types.requireVersion(type, line -> LOG.info("{}", line));
        } catch (EngineException e) {
            LOG.debug("Without its engine, the gateway can't tell before the deploy whether it has {}", type, e);
        }
    }

    /// The code that is given, or null where it stays as it is.
    private static @Nullable CodeBundle code(Fields fields, ObjectNode json, @Nullable RuntimeDescriptor runtime,
            boolean required) {
        List<String> given = Stream.of("code", "files", "archive").filter(json::hasNonNull).toList();
        if (given.size() > 1) {
            fields.problem("give the code once: " + String.join(" or ", given));
            return null;
        }
        if (given.isEmpty()) {
            if (required) {
                fields.problem("code is missing: give code, files or archive");
            }
            return null;
        }
        JsonNode value = json.get(given.getFirst());
        try {
            return switch (given.getFirst()) {
                case "code" -> inline(fields, value, runtime);
                case "files" -> files(fields, value);
                default -> archive(fields, value);
            };
        } catch (CodeBundle.BadCode e) {
            fields.problem(String.valueOf(e.getMessage()));
            return null;
        }
    }

    /// The text that would give this code again as the field `code`, if there is one.
    public Optional<String> inlineText(String type, CodeBundle code) {
        return types.loaded(type).map(found -> code.files().get(found.mainFiles().getFirst()))
                .filter(_ -> code.files().size() == 1).flatMap(DefinitionReader::text).filter(text -> !text.isBlank());
    }

    /// The content as the text that gives it again, if there is one.
    public static Optional<String> text(Content content) {
        try {
            return Optional.of(
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content.toByteArray())).toString());
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }

    private static @Nullable CodeBundle inline(Fields fields, JsonNode value, @Nullable RuntimeDescriptor runtime)
            throws CodeBundle.BadCode {
        if (!value.isTextual() || value.textValue().isBlank()) {
            fields.problem("code must be the source as text");
            return null;
        }
        return runtime == null ? null : CodeBundle.ofText(runtime.mainFiles().getFirst(), value.textValue());
    }

    private static @Nullable CodeBundle files(Fields fields, JsonNode value) throws CodeBundle.BadCode {
        if (!value.isObject()) {
            fields.problem("files must be an object of names and texts");
            return null;
        }
        Map<String, Content> files = new HashMap<>();
        for (Map.Entry<String, JsonNode> file : value.properties()) {
            if (!file.getValue().isTextual()) {
                fields.problem("files: '" + RuntimeTypes.printable(file.getKey()) + "' must be a text");
                return null;
            }
            files.put(file.getKey(), Content.of(file.getValue().textValue().getBytes(StandardCharsets.UTF_8)));
        }
        return CodeBundle.of(files);
    }

    private static @Nullable CodeBundle archive(Fields fields, JsonNode value) throws CodeBundle.BadCode {
        try {
            return CodeArchive.unpack(Base64.getDecoder().decode(value.isTextual() ? value.textValue() : "?"));
        } catch (IllegalArgumentException e) {
            fields.problem("archive must be a zip file in base64");
            return null;
        }
    }

    private static @Nullable String library(Fields fields, @Nullable RuntimeDescriptor runtime,
            @Nullable Definition old) {
        String library = fields.text("library", old == null ? null : old.library());
        if (library == null || library.isBlank()) {
            return null;
        }
        if (runtime != null && runtime.dependencies() == null) {
            fields.problem("library: the runtime " + runtime.id() + " has no dependencies to install");
        }
        return library;
    }

    private static Map<String, String> env(Fields fields, ObjectNode json, @Nullable Definition old) {
        JsonNode value = json.get("env");
        if (value == null) {
            return old == null ? Map.of() : old.env();
        }
        Map<String, String> env = new LinkedHashMap<>();
        if (value.isNull()) {
            return env;
        }
        if (!value.isObject()) {
            fields.problem("env must be an object of names and texts");
            return env;
        }
        int size = 0;
        for (Map.Entry<String, JsonNode> variable : value.properties()) {
            String text = variable.getValue().isTextual() ? variable.getValue().textValue() : "\0";
            if (!VARIABLE.matcher(variable.getKey()).matches() || text.indexOf('\0') >= 0) {
                fields.problem(
                        "env: '" + RuntimeTypes.printable(variable.getKey()) + "' must be a plain name with a text");
            }
            size += variable.getKey().length() + text.length();
            env.put(variable.getKey(), text);
        }
        if (size > MAX_ENV_BYTES) {
            fields.problem("env is larger than " + (MAX_ENV_BYTES >> 10) + " KiB");
        }
        return env;
    }
}
