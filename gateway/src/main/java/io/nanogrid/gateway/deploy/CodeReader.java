package io.nanogrid.gateway.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
import io.nanogrid.gateway.code.CodeArchive;
import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.spi.Content;
import io.nanogrid.spi.RuntimeDescriptor;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Reads the code out of a definition, where it stands as `code`, `files` or `archive`, and gives it back as text.
public final class CodeReader {

    private CodeReader() {
    }

    /// The code that is given, or null where there is none, or none that can be taken, which is then among the problems.
    ///
    /// @param runtime names the file of `code`; null where that runtime is among the problems already, or another field holds the code
    static @Nullable CodeBundle read(Fields fields, @Nullable RuntimeDescriptor runtime) {
        List<String> given = given(fields);
        if (given.size() > 1) {
            fields.problem("give the code once: " + String.join(" or ", given));
            return null;
        }
        JsonNode value = given.isEmpty() ? null : fields.node(given.getFirst());
        if (value == null) {
            return null;
        }
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

    /// The fields that hold code.
    static List<String> given(Fields fields) {
        return Stream.of("code", "files", "archive").filter(fields::has).toList();
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
            return CodeArchive.unpack(value instanceof BinaryNode read
                    ? read.binaryValue()
                    : Base64.getDecoder().decode(value.isTextual() ? value.textValue() : "?"));
        } catch (IllegalArgumentException e) {
            fields.problem("archive must be a zip file in base64");
            return null;
        }
    }
}
