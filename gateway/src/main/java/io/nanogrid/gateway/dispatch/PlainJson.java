package io.nanogrid.gateway.dispatch;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.nanogrid.gateway.wire.Bytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// Tells texts that every language's JSON parser reads from those that one might not.
final class PlainJson {

    /// Python reads integers of up to 4,300 digits, and no parser nests without end.
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder().maxNumberLength(1000).maxNestingDepth(200)
                    .maxStringLength(Integer.MAX_VALUE).build())
            .build();
    /// Numbers stay as they are written.
    private static final ObjectMapper TREES = JsonMapper.builder(JSON)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES).build();

    private PlainJson() {
    }

    /// Whether it is one JSON value in UTF-8 and nothing else.
    static boolean is(Bytes text) {
        try (JsonParser json = JSON
                .createParser(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(text.array())).toString())) {
            int depth = 0;
            int values = 0;
            for (JsonToken token = json.nextToken(); token != null; token = json.nextToken()) {
                values += depth == 0 ? 1 : 0;
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
                if (token == JsonToken.VALUE_STRING) {
                    json.finishToken();
                }
            }
            return values == 1;
        } catch (IOException e) {
            return false;
        }
    }

    /// Null where it can't be read all the same.
    static @Nullable JsonNode tree(Bytes text) {
        try {
            return TREES.readTree(text.array());
        } catch (IOException e) {
            return null;
        }
    }
}
