package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.gateway.aws.Resources;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// What is stored under a key, or a map within it. Immutable. A missing attribute is what null is elsewhere.
record Item(Map<String, AttributeValue> attributes) {

    /// Grows with each change of an item, so that a transaction notices what has happened since it read.
    static final String REVISION = "rev";
    /// When DynamoDB may delete it, in seconds since 1970.
    static final String TIME_TO_LIVE = Resources.TTL;

    Item {
        attributes = Map.copyOf(attributes);
    }

    Key key() {
        return new Key(text(Key.PARTITION), text(Key.SORT));
    }

    long revision() {
        return number(REVISION);
    }

    boolean has(String name) {
        return attributes.containsKey(name);
    }

    String text(String name) {
        return value(name).s();
    }

    @Nullable
    String textOrNull(String name) {
        AttributeValue value = attributes.get(name);
        return value == null ? null : value.s();
    }

    long number(String name) {
        return Long.parseLong(value(name).n());
    }

    @Nullable
    Long numberOrNull(String name) {
        AttributeValue value = attributes.get(name);
        return value == null ? null : Long.valueOf(value.n());
    }

    @Nullable
    Integer intOrNull(String name) {
        AttributeValue value = attributes.get(name);
        return value == null ? null : Integer.valueOf(value.n());
    }

    boolean flag(String name) {
        return value(name).bool();
    }

    Instant time(String name) {
        return Instant.EPOCH.plus(number(name), ChronoUnit.MICROS);
    }

    @Nullable
    Instant timeOrNull(String name) {
        return has(name) ? time(name) : null;
    }

    byte @Nullable [] bytesOrNull(String name) {
        AttributeValue value = attributes.get(name);
        return value == null ? null : value.b().asByteArray();
    }

    Item map(String name) {
        return new Item(value(name).m());
    }

    @Nullable
    Item mapOrNull(String name) {
        AttributeValue value = attributes.get(name);
        return value == null ? null : new Item(value.m());
    }

    List<Item> maps(String name) {
        AttributeValue value = attributes.get(name);
        return value == null ? List.of() : value.l().stream().map(element -> new Item(element.m())).toList();
    }

    private AttributeValue value(String name) {
        AttributeValue value = attributes.get(name);
        if (value == null) {
            throw new IllegalStateException("the stored item " + attributes.get(Key.PARTITION) + " has no " + name);
        }
        return value;
    }

    static Builder at(Key key) {
        Builder builder = new Builder();
        builder.attributes.putAll(key.attributes());
        return builder;
    }

    /// As the other, to be changed.
    static Builder from(Item other) {
        return new Builder().setAll(other);
    }

    /// A map that is to be an attribute of an item.
    static Builder nested() {
        return new Builder();
    }

    /// Not safe for use by several threads at once. Setting null leaves the attribute out.
    static final class Builder {

        private final Map<String, AttributeValue> attributes = new HashMap<>();

        Builder set(String name, @Nullable String text) {
            return put(name, text == null ? null : AttributeValue.fromS(wellFormed(text)));
        }

        Builder set(String name, @Nullable Number number) {
            return put(name, number == null ? null : AttributeValue.fromN(number.toString()));
        }

        Builder set(String name, boolean flag) {
            return put(name, AttributeValue.fromBool(flag));
        }

        Builder set(String name, @Nullable Instant time) {
            return set(name, time == null ? null : Long.valueOf(micros(time)));
        }

        Builder set(String name, byte @Nullable [] bytes) {
            return put(name, bytes == null ? null : AttributeValue.fromB(SdkBytes.fromByteArray(bytes)));
        }

        Builder set(String name, @Nullable Item map) {
            return put(name, map == null ? null : AttributeValue.fromM(map.attributes()));
        }

        Builder set(String name, List<Item> maps) {
            return put(name,
                    AttributeValue.fromL(maps.stream().map(map -> AttributeValue.fromM(map.attributes())).toList()));
        }

        Builder without(String name) {
            attributes.remove(name);
            return this;
        }

        /// Takes over every attribute of the other.
        Builder setAll(Item other) {
            attributes.putAll(other.attributes());
            return this;
        }

        private Builder put(String name, @Nullable AttributeValue value) {
            if (value != null) {
                attributes.put(name, value);
            }
            return this;
        }

        Item build() {
            return new Item(attributes);
        }
    }

    /// The text without halves of characters, which no encoding can say: they would have the whole request refused.
    static String wellFormed(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
            }
        }
        return text;
    }

    /// Since 1970; what is finer is cut off.
    static long micros(Instant time) {
        return ChronoUnit.MICROS.between(Instant.EPOCH, time);
    }
}
