package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;

/// What tests of `/functions` have in common: none of them leaves an upload behind.
abstract class FunctionsTest extends GatewayTest {

    static final String ONE = "def handler(e, c): return 1";

    @Override
    String[] settings() {
        return new String[]{"RATE_LIMIT_PER_MINUTE", "0"};
    }

    @AfterEach
    void noUploadIsLeft() throws IOException {
        try (Stream<Path> left = Files.list(gateway.directory().resolve("uploads"))) {
            assertThat(left).isEmpty();
        }
    }

    static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(element -> texts.add(element.asText()));
        return texts;
    }
}
