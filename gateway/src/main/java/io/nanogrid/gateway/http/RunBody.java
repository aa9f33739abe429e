package io.nanogrid.gateway.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import io.nanogrid.gateway.wire.Bytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The body of `POST /run`.
///
/// @param version null for the one that runs now
/// @param input JSON, character for character as it was sent
record RunBody(String functionId, @Nullable Integer version, Bytes input) {

    private static final Set<String> FIELDS = Set.of("functionId", "inputData", "version");
    private static final Bytes NO_INPUT = Bytes.utf8("{}");
    private static final int LONGEST_NAME = 64;
    private static final int DEEPEST = 1_000;
    private static final JsonFactory JSON = JsonFactory.builder().recyclerPool(JsonRecyclerPools.sharedBoundedPool())
            .streamReadConstraints(StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE)
                    .maxNumberLength(Integer.MAX_VALUE).maxNestingDepth(DEEPEST).build())
            .build();

    /// What is read so far.
    private static final class Reading {
        private final Set<String> seen = new HashSet<>();
        private final List<String> unknown = new ArrayList<>();
        private final List<String> problems = new ArrayList<>();
        private @Nullable String functionId;
        private @Nullable Integer version;
        private Bytes input = NO_INPUT;
    }

    static RunBody read(byte[] body) {
        Reading reading = new Reading();
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
            try (JsonParser json = JSON.createParser(text)) {
                if (json.nextToken() != JsonToken.START_OBJECT) {
                    throw Problem.badRequest("json_object_expected", "the body must be a JSON object").thrown();
                }
                while (json.nextToken() != JsonToken.END_OBJECT) {
                    field(json, text, reading);
                }
                if (json.nextToken() != null) {
                    throw Problem.badRequest("malformed_json", "something follows the JSON object").thrown();
                }
            }
        } catch (CharacterCodingException e) {
            throw Problem.badRequest("malformed_json", "the body isn't JSON in UTF-8").thrown();
        } catch (JsonProcessingException e) {
            throw JsonBody.malformed(e).thrown();
        } catch (IOException e) {
            throw Problem.badRequest("malformed_json", "the body isn't JSON").thrown();
        }
        return checked(reading);
    }

    private static void field(JsonParser json, String text, Reading reading) throws IOException {
        String name = json.currentName();
        JsonToken value = json.nextToken();
        if (!reading.seen.add(name) && FIELDS.contains(name)) {
            reading.problems.add(name + " is given twice");
        }
        switch (name) {
            case "functionId" -> {
                if (value == JsonToken.VALUE_STRING && !json.getText().isEmpty()) {
                    reading.functionId = json.getText();
                } else {
                    reading.problems.add("functionId must be a function's id");
                }
            }
            case "version" -> {
                if (value == JsonToken.VALUE_NUMBER_INT && json.getBigIntegerValue().bitLength() < Integer.SIZE
                        && json.getIntValue() > 0) {
                    reading.version = json.getIntValue();
                } else if (value != JsonToken.VALUE_NULL) {
                    reading.problems
                            .add("version must be the number of a version, or left out for the one that runs now");
                }
            }
            case "inputData" -> reading.input = asSent(json, text);
            default -> reading.unknown.add(name.length() > LONGEST_NAME ? name.substring(0, LONGEST_NAME) : name);
        }
        json.skipChildren();
    }

    private static Bytes asSent(JsonParser json, String text) throws IOException {
        int from = (int) json.currentTokenLocation().getCharOffset();
        json.skipChildren();
        json.finishToken();
        return Bytes.utf8(text.substring(from, (int) json.currentLocation().getCharOffset()).strip());
    }

    private static RunBody checked(Reading reading) {
        String functionId = reading.functionId;
        if (!reading.seen.contains("functionId")) {
            reading.problems.add("functionId is missing");
        }
        if (!reading.unknown.isEmpty()) {
            reading.problems.add("unknown field " + String.join(", ", reading.unknown)
                    + ": this call takes functionId, inputData and version");
            throw Problem.unknownFields(String.join("; ", reading.problems)).thrown();
        }
        if (!reading.problems.isEmpty() || functionId == null) {
            throw Problem.badRequest("invalid_field", String.join("; ", reading.problems)).thrown();
        }
        return new RunBody(functionId, reading.version, reading.input);
    }
}
