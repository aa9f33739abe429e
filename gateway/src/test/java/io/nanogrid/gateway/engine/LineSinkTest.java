package io.nanogrid.gateway.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LineSinkTest {

    private final List<String> lines = new ArrayList<>();
    private final LineSink sink = new LineSink(lines::add);

    @Test
    void outputComesLineByLineHoweverItIsCut() {
        sink.accept("on");
        sink.accept("e\ntwo\nthr");
        sink.accept("ee");
        sink.flush();
        assertThat(lines).containsExactly("one", "two", "three");
    }

    @Test
    void aCharacterThatIsCutInTwoStaysWhole() {
        byte[] bytes = "ä\n".getBytes(StandardCharsets.UTF_8);
        sink.accept(new byte[]{bytes[0]});
        sink.accept(new byte[]{bytes[1], bytes[2]});
        assertThat(lines).containsExactly("ä");
    }

    @Test
    void controlCharactersAreNeutralised() {
        sink.accept("\u001b[31mred\u202e\n");
        assertThat(lines).containsExactly("\uFFFD[31mred\uFFFD");
    }

    @Test
    void aCarriageReturnCanNotOverwriteALine() {
        sink.accept("INFO true\rERROR forged\n");
        assertThat(lines).containsExactly("INFO true", "ERROR forged");
    }

    @Test
    void anEndlessLineIsBroken() {
        sink.accept("x".repeat(10_000) + "\n");
        assertThat(lines).hasSize(3).allMatch(line -> line.length() <= 4096);
    }

    @Test
    void aStreamIsReadToItsEndThoughNoMoreIsKept() throws Exception {
        InputStream in = new ByteArrayInputStream("z\n".repeat(2 << 20).getBytes(StandardCharsets.UTF_8));
        sink.readAll(in);
        assertThat(in.available()).isZero();
        assertThat(lines).last().isEqualTo("… the rest of the output is left out");
    }

    @Test
    void aFloodEndsWithAWordThatSaysSo() {
        for (int i = 0; i < 2000; i++) {
            sink.accept("y".repeat(1000) + "\n");
        }
        assertThat(lines).hasSizeBetween(1000, 1100).last().isEqualTo("… the rest of the output is left out");
    }
}
