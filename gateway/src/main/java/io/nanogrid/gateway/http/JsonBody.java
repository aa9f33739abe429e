package io.nanogrid.gateway.http;

import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// Reads the JSON body of a management call, and takes nothing that isn't in the contract.
final class JsonBody {

    private static final ObjectMapper JSON = new ObjectMapper(new JsonFactoryBuilder()
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).maxNestingDepth(64).build())
            .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

    /// Where the parser names its source, or the setting that made it refuse.
    private static final Pattern OF_THE_PARSER = Pattern.compile(" ?\\(start marker at .*?]\\)|,? ?(from )?`[^`]*`");

    private JsonBody() {
    }

    /// @param known every field that the call may have
    static ObjectNode read(Context ctx, Set<String> known) {
        requireJson(ctx);
        ObjectNode object = parse(ctx.bodyAsBytes());
        requireKnown(object, known);
        return object;
    }

    static void requireKnown(ObjectNode object, Set<String> known) {
        TreeSet<String> unknown = new TreeSet<>();
        object.fieldNames().forEachRemaining(name -> {
            if (!known.contains(name)) {
                unknown.add(name.length() > 64 ? name.substring(0, 64) : name);
            }
        });
        if (!unknown.isEmpty()) {
            String names = String.join(", ", unknown);
            throw Problem.unknownFields("unknown field " + names + ": this call takes " + new TreeSet<>(known))
                    .thrown();
        }
    }

    /// The JSON that a text is, with the same rules as a body.
    static Optional<JsonNode> value(String text) {
        try {
            return Optional.ofNullable(JSON.readTree(text)).filter(json -> !json.isMissingNode());
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }

    static void requireJson(Context ctx) {
        // As it was sent: the server would look up its charset and fail on one that nobody knows.
        String type = ctx.header("Content-Type");
        if (type == null || !type.toLowerCase(Locale.ROOT).startsWith("application/json")) {
            throw Problem.notJson().thrown();
        }
    }

    static Problem malformed(JsonProcessingException e) {
        var at = e.getLocation();
        String where = at == null ? "" : " (line " + at.getLineNr() + ", column " + at.getColumnNr() + ")";
        String why = OF_THE_PARSER.matcher(e.getOriginalMessage()).replaceAll("");
        return Problem.badRequest("malformed_json", "the body isn't JSON: " + why + where);
    }

    private static ObjectNode parse(byte[] body) {
        try {
            JsonNode json = JSON.readTree(body);
            if (json instanceof ObjectNode object) {
                return object;
            }
            throw Problem.badRequest("json_object_expected", "the body must be a JSON object").thrown();
        } catch (JsonProcessingException e) {
            throw malformed(e).thrown();
        } catch (IOException e) {
            throw Problem.badRequest("malformed_json", "the body isn't JSON in UTF-8").thrown();
        }
    }

    static long callbackId(ObjectNode json) {
        JsonNode id = json.path("callback_id");
        if (!id.isIntegralNumber() || !id.canConvertToLong()) {
            throw Problem.badRequest("invalid_field", "callback_id must be a whole number").thrown();
        }
        return id.longValue();
    }

    static long callbackId(Context ctx) {
        String text = ctx.pathParam("id");
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw Problem.notFound("there is no such callback: an id is a whole number").thrown();
        }
    }
}
