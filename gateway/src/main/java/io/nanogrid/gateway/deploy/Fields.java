package io.nanogrid.gateway.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Reads the fields of a JSON object one by one and collects what is wrong with them. A field that is null counts as not given.
final class Fields {

    private final ObjectNode json;
    private final List<String> problems = new ArrayList<>();

    Fields(ObjectNode json) {
        this.json = json;
    }

    void problem(String problem) {
        problems.add(problem);
    }

    void throwIfWrong() throws InvalidDefinition {
        if (!problems.isEmpty()) {
            throw new InvalidDefinition(problems);
        }
    }

    boolean has(String name) {
        return json.hasNonNull(name);
    }

    /// The field as it is, a null too; null where it isn't there.
    @Nullable
    JsonNode node(String name) {
        return json.get(name);
    }

    /// Whether the field is there and is null, which takes a value away that was there before.
    boolean isNull(String name) {
        return json.has(name) && json.get(name).isNull();
    }

    @Nullable
    String text(String name, @Nullable String fallback) {
        if (!has(name)) {
            return isNull(name) ? null : fallback;
        }
        JsonNode value = json.get(name);
        if (!value.isTextual()) {
            problem(name + " must be a text");
            return fallback;
        }
        return value.textValue();
    }

    @Nullable
    String text(String name, @Nullable String fallback, Pattern pattern, String hint) {
        String text = text(name, fallback);
        if (has(name) && text != null && !pattern.matcher(text).matches()) {
            problem(name + " must be " + hint);
        }
        return text;
    }

    int integer(String name, long fallback, long min, long max) {
        if (!has(name)) {
            return (int) fallback;
        }
        JsonNode value = json.get(name);
        if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < min
                || value.longValue() > max) {
            problem(name + " must be a whole number from " + min + " to " + max);
            return (int) fallback;
        }
        return (int) value.longValue();
    }

    /// A number from 1 on that may be missing; null takes it away.
    @Nullable
    Integer count(String name, @Nullable Integer fallback, int max) {
        if (!has(name)) {
            return isNull(name) ? null : fallback;
        }
        return integer(name, 1, 1, max);
    }

    boolean flag(String name, boolean fallback) {
        if (!has(name)) {
            return fallback;
        }
        if (!json.get(name).isBoolean()) {
            problem(name + " must be true or false");
        }
        return json.get(name).booleanValue();
    }

    <T> T choice(String name, T fallback, Map<String, T> choices) {
        String text = has(name) ? json.get(name).asText() : null;
        T chosen = text == null ? fallback : choices.get(text);
        if (chosen == null) {
            problem(name + " must be one of " + new TreeSet<>(choices.keySet()));
            return fallback;
        }
        return chosen;
    }
}
