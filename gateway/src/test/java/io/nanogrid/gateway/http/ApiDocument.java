package io.nanogrid.gateway.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SpecVersion.VersionFlag;
import com.networknt.schema.ValidationMessage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// The OpenAPI document as the gateway serves it, and its schemas put to work.
final class ApiDocument {

    static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "options", "head", "patch", "trace");
    private static final String LOCATION = "https://nanogrid.test/openapi.json";
    private static final ObjectMapper JSON = new ObjectMapper();

    final String text;
    final JsonNode root;
    private final JsonSchemaFactory schemas;

    private ApiDocument(String text) throws IOException {
        this.text = text;
        this.root = JSON.readTree(text);
        this.schemas = JsonSchemaFactory.getInstance(VersionFlag.V202012,
                builder -> builder.schemaLoaders(loaders -> loaders.schemas(Map.of(LOCATION, text))));
    }

    static ApiDocument read() throws IOException {
        try (InputStream in = ApiDocument.class.getResourceAsStream("openapi.json")) {
            return new ApiDocument(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    /// Such as `GET /callbacks/{id}`.
    Set<String> operations() {
        Set<String> operations = new TreeSet<>();
        root.path("paths").properties().forEach(path -> path.getValue().fieldNames().forEachRemaining(method -> {
            if (METHODS.contains(method)) {
                operations.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey());
            }
        }));
        return operations;
    }

    List<String> words(String pointer) {
        List<String> words = new ArrayList<>();
        root.at(pointer).forEach(word -> words.add(word.textValue()));
        return words;
    }

    /// The pointer to what a pointer leads to, `$ref` followed.
    String resolved(String pointer) {
        JsonNode reference = root.at(pointer).path("$ref");
        return reference.isTextual() ? resolved(reference.textValue().substring(1)) : pointer;
    }

    static String escaped(String key) {
        return key.replace("~", "~0").replace("/", "~1");
    }

    /// What keeps a value from being one that the schema at the pointer describes.
    Set<ValidationMessage> faults(String schemaPointer, JsonNode value) {
        if (root.at(schemaPointer).isMissingNode()) {
            throw new IllegalArgumentException("the document has no " + schemaPointer);
        }
        JsonSchema schema = schemas.getSchema(SchemaLocation.of(LOCATION + "#" + schemaPointer));
        return schema.validate(value);
    }
}
