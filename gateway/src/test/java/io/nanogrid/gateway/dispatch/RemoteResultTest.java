package io.nanogrid.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.nanogrid.gateway.dispatch.RemoteResult.OutputFile;
import io.nanogrid.gateway.wire.Bytes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class RemoteResultTest {

    private static final Arbitrary<Bytes> BYTES = Arbitraries.bytes().array(byte[].class).ofMaxSize(300)
            .map(Bytes::wrap);
    /// Halves of surrogate pairs too.
    private static final Arbitrary<String> TEXT = Arbitraries.strings().all().ofMaxLength(40);
    private static final Arbitrary<Duration> TIME = Arbitraries.longs().between(0, Long.MAX_VALUE)
            .map(Duration::ofNanos);

    @Property(tries = 1000)
    void everyInvocationComesBackAsItWent(@ForAll("results") RemoteResult result) throws MalformedMessage {
        assertThat(RemoteResult.read(result.json())).isEqualTo(result);
    }

    @Property(tries = 500)
    void whatTravelsIsPlainAscii(@ForAll("results") RemoteResult result) {
        for (byte each : result.json()) {
            assertThat(each).isBetween((byte) 0x20, (byte) 0x7e);
        }
    }

    @Property(tries = 1000)
    void noBytesDoMoreThanBeRefused(@ForAll byte[] bytes) {
        assertThatThrownBy(() -> RemoteResult.read(bytes)).isInstanceOf(MalformedMessage.class);
    }

    @Property(tries = 300)
    void aResultThatWasCutIsRefused(@ForAll("results") RemoteResult result) {
        byte[] json = result.json();
        assertThatThrownBy(() -> RemoteResult.read(Arrays.copyOf(json, json.length - 1)))
                .isInstanceOf(MalformedMessage.class);
    }

    @Example
    void everyKindOfOutcomeIsTried() {
        Set<Class<?>> kinds = new HashSet<>();
        outcomes().sampleStream().limit(2000).forEach(outcome -> kinds.add(outcome.getClass()));
        assertThat(kinds).containsExactlyInAnyOrder(Outcome.class.getPermittedSubclasses());
    }

    @Example
    void othersReadItAsAResultOfTheOriginal() throws IOException {
        Invocation invocation = new Invocation("r1", new Outcome.TimedOut(Duration.ofSeconds(3)), Instant.EPOCH, 1, 2,
                1_234_567, true, OptionalLong.of(4096), "out", "err", false, List.of("a/b.txt"));

        JsonNode json = new ObjectMapper().readTree(new RemoteResult("f1", invocation, List.of()).json());

        assertThat(json.get("requestId").asText()).isEqualTo("r1");
        assertThat(json.get("functionId").asText()).isEqualTo("f1");
        assertThat(json.get("status").asText()).isEqualTo("TIMEOUT");
        assertThat(json.get("exitCode").asInt()).isEqualTo(124);
        assertThat(json.get("stdout").asText()).isEqualTo("out");
        assertThat(json.get("stderr").asText()).isEqualTo("err");
        assertThat(json.get("durationMs").asDouble()).isEqualTo(1.234);
        assertThat(json.get("peakMemoryBytes").asLong()).isEqualTo(4096);
        assertThat(json.get("optimizationTip").isNull()).isTrue();
        assertThat(json.get("outputFiles").get(0).asText()).isEqualTo("a/b.txt");
    }

    @Example
    void anOutcomeThatNobodyKnowsIsRefused() {
        byte[] json = new String(result(new Outcome.Exited(1)).json(), StandardCharsets.UTF_8)
                .replace("\"Exited\"", "\"Melted\"").getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> RemoteResult.read(json)).isInstanceOf(MalformedMessage.class)
                .hasMessageContaining("Melted");
    }

    private static RemoteResult result(Outcome outcome) {
        return new RemoteResult("f1", new Invocation("r1", outcome, Instant.EPOCH, 0, 0, 0, false,
                OptionalLong.empty(), "", "", false, List.of()), List.of());
    }

    @Provide
    Arbitrary<RemoteResult> results() {
        Arbitrary<OptionalLong> peak = Arbitraries.longs().between(-1, Long.MAX_VALUE)
                .map(bytes -> bytes < 0 ? OptionalLong.empty() : OptionalLong.of(bytes)).edgeCases(edges -> {
                    edges.add(OptionalLong.empty());
                });
        Arbitrary<Instant> starts = Arbitraries.longs().between(0, 4_000_000_000L)
                .flatMap(seconds -> Arbitraries.integers().between(0, 999_999_999)
                        .map(nanos -> Instant.ofEpochSecond(seconds, nanos)));
        Arbitrary<List<Long>> figures = Arbitraries.longs().between(0, Long.MAX_VALUE).list().ofSize(3);
        Arbitrary<List<OutputFile>> files = Combinators.combine(TEXT, BYTES).as(OutputFile::new).list().ofMaxSize(3);
        Arbitrary<List<Boolean>> flags = Arbitraries.of(true, false).list().ofSize(2);
        Arbitrary<String> id = Arbitraries.strings().withCharRange('!', '~').ofMinLength(1).ofMaxLength(64);
        return Combinators.combine(id, outcomes(), starts, figures, peak, TEXT, files, flags)
                .as((name, outcome, start, nanos, memory, printed, left, yes) -> new RemoteResult(name,
                        new Invocation(name, outcome, start, nanos.get(0), nanos.get(1), nanos.get(2), yes.get(0),
                                memory, printed, printed + "!", yes.get(1),
                                left.stream().map(OutputFile::path).toList()),
                        left));
    }

    private static Arbitrary<Outcome> outcomes() {
        Arbitrary<Integer> number = Arbitraries.integers();
        Arbitrary<Boolean> flag = Arbitraries.of(true, false);
        return Arbitraries.oneOf(BYTES.map(Outcome.Value::new),
                Combinators.combine(BYTES, BYTES, flag).as(Outcome.Response::new),
                BYTES.map(Outcome.FunctionError::new),
                BYTES.map(Outcome.BadResult::new), TIME.map(Outcome.TimedOut::new), number.map(Outcome.Exited::new),
                number.map(Outcome.OutOfMemory::new), TEXT.map(Outcome.Violated::new),
                BYTES.map(Outcome.InitFailed::new), Combinators.combine(TEXT, flag).as(Outcome.InitDied::new),
                Combinators.combine(flag, TIME).as(Outcome.Full::new), TEXT.map(Outcome.Unavailable::new));
    }
}
