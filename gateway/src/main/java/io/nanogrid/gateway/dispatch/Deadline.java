package io.nanogrid.gateway.dispatch;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.nanogrid.gateway.wire.Bytes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/// Puts another deadline into the protocol's `meta` of a call, and leaves every other byte of it as it is.
final class Deadline {

    private static final JsonFactory JSON = new JsonFactory();

    private Deadline() {
    }

    /// @throws IllegalArgumentException if `meta` isn't a JSON object with a deadline
    static Bytes set(Bytes meta, long millis) {
        byte[] text = meta.array();
        try (JsonParser json = JSON.createParser(text)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw new IllegalArgumentException("meta isn't a JSON object");
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                boolean found = json.currentName().equals("deadlineMs");
                if (json.nextToken() == JsonToken.VALUE_NUMBER_INT && found) {
                    int start = (int) json.currentTokenLocation().getByteOffset();
                    return spliced(text, start, start + json.getTextLength(), String.valueOf(millis));
                }
                json.skipChildren();
            }
        } catch (IOException e) {
            throw new IllegalArgumentException("meta isn't JSON", e);
        }
        throw new IllegalArgumentException("meta has no deadlineMs");
    }

    private static Bytes spliced(byte[] text, int start, int end, String value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(text.length + 20);
        out.write(text, 0, start);
        out.writeBytes(value.getBytes(StandardCharsets.US_ASCII));
        out.write(text, end, text.length - end);
        return Bytes.wrap(out.toByteArray());
    }
}
