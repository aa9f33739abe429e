package io.nanogrid.gateway.wire;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Locale;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/// The frames of runtimes/protocol/golden-frames.json, which the bootstraps' tests read too.
final class GoldenFrames {

    private GoldenFrames() {
    }

    record Golden(String name, Frame frame, Bytes bytes) {
        @Override
        public String toString() {
            return name;
        }
    }

    record Malformed(String name, String why, Bytes bytes) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Golden> frames() {
        return entries("frames").map(entry -> new Golden(entry.get("name").asText(),
                new Frame(FrameKind.valueOf(entry.get("kind").asText().toUpperCase(Locale.ROOT).replace('-', '_')),
                        entry.get("flags").asInt(), (int) entry.get("call").asLong(),
                        Bytes.utf8(entry.get("meta").asText()), Bytes.wrap(hex(entry, "body"))),
                Bytes.wrap(hex(entry, "frame"))));
    }

    static Stream<Malformed> malformed() {
        return entries("malformed").map(entry -> new Malformed(entry.get("name").asText(), entry.get("why").asText(),
                Bytes.wrap(hex(entry, "frame"))));
    }

    private static byte[] hex(JsonNode entry, String field) {
        return HexFormat.of().parseHex(entry.get(field).asText());
    }

    private static Stream<JsonNode> entries(String list) {
        try {
            JsonNode all = new ObjectMapper().readTree(Path.of("../runtimes/protocol/golden-frames.json").toFile());
            return StreamSupport.stream(all.get(list).spliterator(), false);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
