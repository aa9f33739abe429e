package io.nanogrid.gateway.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.wire.Bytes;
import org.junit.jupiter.api.Test;

class InitErrorTest {

    private static InitError read(String json) {
        return InitError.read(Bytes.utf8(json));
    }

    @Test
    void itsLinesAreTheStackAndTheMessage() {
        InitError error = read(
                "{\"errorType\": \"ValueError\", \"errorMessage\": \"bad\", \"stackTrace\": [\"a\\nb\", \"c\"]}");

        assertThat(error.lines()).containsExactly("a", "b", "c", "ValueError: bad");
        assertThat(error.summary()).isEqualTo("ValueError: bad");
    }

    @Test
    void oneElementOfManyLinesIsCutAsManyElementsAre() {
        InitError error = read("{\"stackTrace\": [\"first\", \"" + "x\\n".repeat(100_000) + "\", \"last\"]}");

        assertThat(error.stack()).hasSize(200).startsWith("first").doesNotContain("last");
    }

    @Test
    void whatIsNoJsonIsSaid() {
        assertThat(read("{").summary()).contains("can't be read");
    }
}
