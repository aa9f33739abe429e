package io.nanogrid.gateway.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CallOutputTest {

    @Test
    void nothingPrintedIsAnEmptyText() {
        CallOutput output = new CallOutput(10);
        assertThat(output.stdout() + output.stderr()).isEmpty();
    }

    @Test
    void whatFitsExactlyIsKeptWithoutANote() {
        CallOutput output = new CallOutput(10);
        print(output, false, "0123456789");
        assertThat(output.stdout()).isEqualTo("0123456789");
    }

    @Test
    void whatIsPastTheCapacityIsCountedAndNoted() {
        CallOutput output = new CallOutput(10);
        print(output, false, "0123456");
        print(output, false, "789abcdef");
        assertThat(output.stdout()).startsWith("0123456789\n[cut here: 6 more bytes");
        assertThat(output.dropped()).isEqualTo(6);
    }

    @Test
    void aFullStreamIsNotNotedAsCutForWhatTheOtherOneLost() {
        CallOutput output = new CallOutput(4);
        print(output, false, "full");
        print(output, true, "too much");
        assertThat(output.stdout()).isEqualTo("full");
        assertThat(output.stderr()).contains("[cut here: 4 more bytes");
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 4, 5})
    void aCharacterThatIsCutInTheMiddleIsOneReplacementAtTheEnd(int capacity) {
        CallOutput output = new CallOutput(capacity);
        print(output, false, "ä🚀");
        assertThat(output.stdout()).startsWith("ä\uFFFD\n[cut here");
    }

    @Test
    void aCharacterThatArrivesInTwoPartsIsWhole() {
        CallOutput output = new CallOutput(10);
        byte[] rocket = "🚀".getBytes(StandardCharsets.UTF_8);
        output.append(false, rocket, 2);
        output.append(false, new byte[]{rocket[2], rocket[3]}, 2);
        assertThat(output.stdout()).isEqualTo("🚀");
    }

    private static void print(CallOutput output, boolean toStderr, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        output.append(toStderr, bytes, bytes.length);
    }
}
