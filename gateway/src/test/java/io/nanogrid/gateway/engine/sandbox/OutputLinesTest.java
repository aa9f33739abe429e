package io.nanogrid.gateway.engine.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OutputLinesTest {

    private final List<String> log = new ArrayList<>();

    @Test
    void controlCharactersBecomeQuestionMarks() throws Exception {
        read("a\u001b[2Jb\tc\u202ed\r\nlast");
        assertThat(log).containsExactly("a?[2Jb\tc?d", "last");
    }

    @Test
    void anEndlessLineIsBroken() throws Exception {
        read("x".repeat(10_000));
        assertThat(log).hasSize(3).allMatch(line -> line.length() <= 4096);
    }

    @Test
    void afterAMebibyteTheRestIsDropped() throws Exception {
        read(("y".repeat(1023) + "\n").repeat(3000));
        assertThat(log).hasSizeLessThan(1100).last().isEqualTo("(more output isn't kept)");
    }

    private void read(String output) throws Exception {
        new OutputLines(log::add).readAll(new ByteArrayInputStream(output.getBytes(StandardCharsets.UTF_8)));
    }
}
