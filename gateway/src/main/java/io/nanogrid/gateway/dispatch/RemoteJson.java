package io.nanogrid.gateway.dispatch;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.jsontype.NamedType;
import com.fasterxml.jackson.databind.module.SimpleModule;
import io.nanogrid.gateway.wire.Bytes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.DateTimeException;
import java.time.Duration;

/// What travels between gateways and workers, as JSON: bytes in base64, durations as ISO 8601 has them, an outcome with its `kind`. Everything is
/// ASCII, since SQS takes no U+FFFE and UTF-8 no half of a surrogate pair, and what functions print or throw may have both. What a reader
/// doesn't know it passes over.
final class RemoteJson {

    /// Files of a call, and results, may be long.
    private static final JsonFactory FACTORY = JsonFactory.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build()).build();
    private static final ObjectMapper JSON = mapper();

    private RemoteJson() {
    }

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
    private interface WithKind {
    }

    private static ObjectMapper mapper() {
        SimpleModule values = new SimpleModule();
        values.addSerializer(Bytes.class, new Base64Writer());
        values.addDeserializer(Bytes.class, new Base64Reader());
        values.addSerializer(Duration.class, new DurationWriter());
        values.addDeserializer(Duration.class, new DurationReader());
        ObjectMapper mapper = JsonMapper.builder(FACTORY).addModule(values)
                .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, DeserializationFeature.ACCEPT_FLOAT_AS_INT)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS,
                        DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
                .addMixIn(Outcome.class, WithKind.class).build();
        for (Class<?> outcome : Outcome.class.getPermittedSubclasses()) {
            mapper.registerSubtypes(new NamedType(outcome, outcome.getSimpleName()));
        }
        return mapper;
    }

    static byte[] write(Object value) {
        try {
            return JSON.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    static <T> T read(byte[] json, Class<T> type) throws MalformedMessage {
        try {
            T value = JSON.readValue(json, type);
            if (value == null) {
                throw new MalformedMessage("the message is null");
            }
            return value;
        } catch (ValueInstantiationException e) {
            Throwable cause = e.getCause();
            throw new MalformedMessage(cause == null ? e.getOriginalMessage() : String.valueOf(cause.getMessage()));
        } catch (JsonProcessingException e) {
            throw new MalformedMessage("the message can't be read: " + firstLine(e.getOriginalMessage()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("");
    }

    private static final class Base64Writer extends JsonSerializer<Bytes> {
        @Override
        public void serialize(Bytes value, JsonGenerator json, SerializerProvider provider) throws IOException {
            json.writeBinary(value.array());
        }
    }

    private static final class Base64Reader extends JsonDeserializer<Bytes> {
        @Override
        public Bytes deserialize(JsonParser json, DeserializationContext context) throws IOException {
            return Bytes.wrap(json.getBinaryValue());
        }
    }

    private static final class DurationWriter extends JsonSerializer<Duration> {
        @Override
        public void serialize(Duration value, JsonGenerator json, SerializerProvider provider) throws IOException {
            json.writeString(value.toString());
        }
    }

    private static final class DurationReader extends JsonDeserializer<Duration> {
        @Override
        public Duration deserialize(JsonParser json, DeserializationContext context) throws IOException {
            try {
                return Duration.parse(json.getText());
            } catch (DateTimeException e) {
                return context.reportInputMismatch(Duration.class, "no duration: %s", json.getText());
            }
        }
    }
}
