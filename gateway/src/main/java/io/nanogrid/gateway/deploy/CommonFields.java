package io.nanogrid.gateway.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import io.nanogrid.db.Definition;
import io.nanogrid.db.PayloadFormat;
import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.spi.RuntimeDescriptor;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Reads what the definitions of both families have in common.
final class CommonFields {

    static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    static final String NAME_HINT = "1 to 64 letters, digits and . _ -";

    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,127}");
    private static final Pattern HANDLER = Pattern.compile("[A-Za-z0-9_$][A-Za-z0-9_$./-]{0,255}");
    private static final int MAX_CONCURRENCY = 1000;
    private static final int MAX_ENV_BYTES = 64 << 10;

    private static final Logger LOG = LoggerFactory.getLogger(CommonFields.class);

    private final RuntimeTypes types;
    private final Family family;

    /// In what the families differ.
    ///
    /// @param longest that a call may take
    enum Family {
        CALLBACK("type", "memory_mb", "timeout_ms", Duration.ofHours(1)),
        /// As long as a job may take.
        FUNCTION("runtime", "memoryMb", "timeoutMs", Duration.ofHours(24));

        final String type;
        final String memory;
        final String timeout;
        final Duration longest;

        Family(String type, String memory, String timeout, Duration longest) {
            this.type = type;
            this.memory = memory;
            this.timeout = timeout;
            this.longest = longest;
        }
    }

    CommonFields(RuntimeTypes types, Family family) {
        this.types = types;
        this.family = family;
    }

    /// The runtime that is meant, or null where it is among the problems.
    ///
    /// @param type as it is given, or as it was
    @Nullable
    RuntimeDescriptor runtime(Fields fields, @Nullable String type) throws InterruptedException {
        if (type == null) {
            fields.problem(family.type + " is missing: one of " + types.ids());
            return null;
        }
        try {
            RuntimeDescriptor runtime = types.find(type);
            if (fields.has(family.type)) {
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

    /// What is run.
    ///
    /// @param runtime as the user named it
    record Program(@Nullable String runtime, @Nullable String handler, String codeHash, boolean script) {
    }

    /// The definition; of use only if there are no problems.
    ///
    /// @param old what is changed, or null for a new definition
    Definition definition(Fields fields, Program program, @Nullable RuntimeDescriptor runtime,
            @Nullable Definition old, PayloadFormat payload) {
        return new Definition(
                program.runtime == null ? "" : program.runtime,
                program.handler,
                program.codeHash,
                library(fields, runtime, old),
                env(fields, old),
                fields.integer(family.memory, old == null ? 128 : old.memoryMb(), 128, 10_240),
                Duration.ofMillis(fields.integer(family.timeout, old == null ? 30_000 : old.timeout().toMillis(), 1,
                        family.longest.toMillis())),
                fields.count("concurrency", old == null ? null : old.concurrency(), MAX_CONCURRENCY),
                fields.flag("network", old != null && old.network()),
                payload,
                program.script);
    }

    static String hash(@Nullable CodeBundle code, @Nullable Definition old) {
        return code != null ? code.hash() : old != null ? old.codeHash() : "";
    }

    static @Nullable String handler(Fields fields, @Nullable Definition old) {
        return fields.text("handler", old == null ? null : old.handler(), HANDLER, "a name such as app.handler");
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

    private static Map<String, String> env(Fields fields, @Nullable Definition old) {
        JsonNode value = fields.node("env");
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
