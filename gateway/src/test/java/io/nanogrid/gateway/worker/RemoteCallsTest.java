package io.nanogrid.gateway.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.dispatch.Call;
import io.nanogrid.gateway.dispatch.Dispatcher;
import io.nanogrid.gateway.dispatch.Invocation;
import io.nanogrid.gateway.dispatch.Outcome;
import io.nanogrid.gateway.dispatch.RemoteResult;
import io.nanogrid.gateway.dispatch.ResultBus;
import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.gateway.wire.Bytes;
import io.nanogrid.gateway.worker.Machines.Machine;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;

/// A call that a worker runs ends as it would have ended here.
class RemoteCallsTest {

    private static final String SOURCE = """
            import base64, os, sys, time
            def handler(event, context):
                what = event.get("do") if isinstance(event, dict) else "echo"
                print("doing", what)
                print("\\x00\\u00e9", file=sys.stderr)
                if what == "raise":
                    raise ValueError("b\\u00e4d \\ud800")
                if what == "response":
                    return {"statusCode": 418, "headers": {"x-a": "\\u00e9"}, "cookies": ["a=b"],
                            "body": base64.b64encode(bytes(range(256)) * 100).decode(), "isBase64Encoded": True}
                if what == "context":
                    return [context.aws_request_id, context.function_name, context.http["path"]]
                if what == "bad":
                    return {1, 2}
                if what == "exit":
                    os._exit(3)
                if what == "sleep":
                    time.sleep(30)
                if what == "files":
                    os.makedirs(os.environ["OUTPUT_DIR"] + "/d", exist_ok=True)
                    for name in "a.bin", "d/empty":
                        with open(os.environ["OUTPUT_DIR"] + "/" + name, "wb") as f:
                            f.write(bytes(range(256)) * 1000 if name == "a.bin" else b"")
                return event
            """;

    private static Machines machines;
    private static Machine gateway;
    private static Dispatcher remote;
    private static FunctionVersion function;

    @BeforeAll
    static void start() throws Exception {
        machines = new Machines();
        gateway = machines.machine();
        machines.machine().work();
        remote = gateway.queue();
        function = machines.function(SOURCE, Duration.ofSeconds(3));
    }

    @AfterAll
    static void stop() throws Exception {
        machines.close();
    }

    private static Call call(byte[] event, boolean asValue, @Nullable FilesInMemory files) {
        Bytes bytes = Bytes.wrap(event);
        return new Call("r 1".replace(' ', '-'), function, asValue, files, bytes,
                () -> Bytes.utf8("{\"body\":\"wrapped\"}"), deadline -> Bytes.utf8(
                        "{\"requestId\":\"r-1\",\"deadlineMs\":" + deadline + ",\"http\":{\"path\":\"/\u00e9\"}}"));
    }

    private static byte[] doing(String what) {
        return ("{\"do\":\"" + what + "\",\"n\": 1.10}").getBytes(StandardCharsets.UTF_8);
    }

    private static void assertSame(byte[] event, boolean asValue) throws InterruptedException {
        Invocation there = remote.dispatch(call(event, asValue, null));
        Invocation here = gateway.local.dispatch(call(event, asValue, null));

        assertThat(there.outcome()).isEqualTo(here.outcome());
        assertThat(there.requestId()).isEqualTo(here.requestId());
        assertThat(there.stdout()).isEqualTo(here.stdout());
        assertThat(there.stderr()).isEqualTo(here.stderr());
    }

    @ParameterizedTest
    @ValueSource(strings = {"echo", "raise", "response", "context", "bad", "exit", "sleep"})
    void aCallEndsAsItWouldHaveEndedHere(String what) throws Exception {
        assertSame(doing(what), false);
    }

    @Test
    void anHttpResponseIsAValueWhereOneIsAskedFor() throws Exception {
        assertSame(doing("response"), true);
    }

    @Test
    void aCallWhoseContentIsGoneIsAnsweredAtOnceAndPutAside() throws Exception {
        try (ResultBus.Awaited awaited = gateway.bus.await("gone")) {
            machines.clients.sqs().sendMessage(send -> send.queueUrl(machines.calls.queue()).messageBody("""
                    {"requestId": "gone", "functionId": "%s", "replyTo": "%s", "blob": "calls/gone"}"""
                    .formatted(function.key().functionId(), gateway.id)));

            byte[] result = awaited.result(Duration.ofSeconds(20)).orElseThrow();

            assertThat(RemoteResult.read(result).invocation().outcome())
                    .isEqualTo(new Outcome.Unavailable("the call's content is gone"));
            assertThat(machines.deadLetter().messageAttributes().get("reason"))
                    .returns("the call's content is gone", MessageAttributeValue::stringValue);
        }
    }

    @Test
    void aBodyOfFiveMebibytesGoesAndComesBack() throws Exception {
        byte[] text = new byte[5 << 20];
        Arrays.fill(text, (byte) 'x');
        text[0] = text[text.length - 1] = '"';

        Outcome outcome = remote.dispatch(call(text, true, null)).outcome();

        assertThat(outcome).isEqualTo(new Outcome.Value(Bytes.wrap(text)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"[1,", "", "NaN", "\u00ff\ufffe{"})
    void whatIsNoJsonIsWrappedOnlyWhereItWouldBeHere(String event) throws Exception {
        assertSame(event.getBytes(StandardCharsets.ISO_8859_1), true);
    }

    @Test
    void filesComeToTheirCaller() throws Exception {
        FilesInMemory there = new FilesInMemory();
        FilesInMemory here = new FilesInMemory();

        List<String> paths = remote.dispatch(call(doing("files"), true, there)).files();

        assertThat(paths).isEqualTo(gateway.local.dispatch(call(doing("files"), true, here)).files()).hasSize(2);
        assertThat(there.content()).isEqualTo(here.content()).containsKeys("a.bin", "d/empty");
    }

    @Test
    void theTimesAreThoseOfTheCallersClockAndAddUp() throws Exception {
        Instant before = Instant.now();
        long began = System.nanoTime();

        Invocation call = remote.dispatch(call(doing("echo"), true, null));

        long took = System.nanoTime() - began;
        assertThat(call.startedAt()).isBetween(before, Instant.now());
        assertThat(call.runNanos()).isPositive();
        assertThat(call.queueNanos() + call.initNanos() + call.runNanos()).isBetween(took / 2, took);
    }

    @Test
    void manyCallsAtOnceEachGetTheirOwnAnswer() throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Outcome>> all = IntStream.range(0, 200)
                    .mapToObj(
                            i -> threads.submit(() -> remote.dispatch(call(("" + i).getBytes(), true, null)).outcome()))
                    .toList();
            for (int i = 0; i < all.size(); i++) {
                assertThat(all.get(i).get()).isEqualTo(new Outcome.Value(Bytes.utf8("" + i)));
            }
        }
    }
}
