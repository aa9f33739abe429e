package io.nanogrid.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.code.CodePlace;
import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.gateway.wire.Bytes;
import io.nanogrid.gateway.wire.OutputSink;
import io.nanogrid.spi.Content;
import io.nanogrid.spi.RuntimeDescriptor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.jspecify.annotations.Nullable;

class RemoteCallTest {

    private static final FunctionVersion VERSION = new FunctionVersion(new FunctionVersion.Key("f1", 7), "f", runtime(),
            "main.py", List.of("handler"), false, code(), Map.of(), 256,
            Duration.ofSeconds(3), null, false, null);
    private static final OutputSink NOWHERE = new OutputSink() {
        @Override
        public void begin(String path, long size) {
        }

        @Override
        public void write(ByteBuffer piece) {
        }
    };

    private static FunctionVersion.CodeSource code() {
        return new FunctionVersion.CodeSource() {
            @Override
            public CodeBundle get() throws IOException {
                return CodeBundle.ofText("main.py", "");
            }

            @Override
            public CodePlace place() {
                return new CodePlace("b", "functions/c.zip");
            }
        };
    }

    private static RuntimeDescriptor runtime() {
        return new RuntimeDescriptor("python", List.of(), List.of("main.py"), List.of(".py"), List.of("handler"),
                Map.of("b.py", Content.of(new byte[0])), List.of("{interpreter}"), Map.of(), List.of("python3"),
                new RuntimeDescriptor.Image("a", "b", "c", "d"), null);
    }

    private static Call call(byte[] event, byte @Nullable [] wrapped, String metaRest) {
        Bytes bytes = Bytes.wrap(event);
        return new Call("r1", VERSION, true, NOWHERE, bytes, () -> wrapped == null ? bytes : Bytes.wrap(wrapped),
                deadline -> Bytes.utf8("{\"requestId\":\"r1\",\"deadlineMs\":" + deadline + metaRest + "}"));
    }

    /// What a worker makes of it.
    private static Call travelled(Call call) throws MalformedMessage {
        return RemoteCall.read(RemoteCall.of("c1", call, "g1").json()).call(VERSION, NOWHERE, () -> {
        });
    }

    @Property(tries = 500)
    void anEventComesAsItWentAndIsWrappedAsItWouldHaveBeen(@ForAll byte[] event, @ForAll byte[] wrapped)
            throws MalformedMessage {
        Call there = travelled(call(event, wrapped, ""));

        assertThat(there.event()).isEqualTo(Bytes.wrap(event));
        if (!PlainJson.is(Bytes.wrap(event))) {
            assertThat(there.wrappedEvent().get()).isEqualTo(Bytes.wrap(wrapped));
        }
    }

    @Example
    void theDeadlineIsTheWorkersAndTheRestOfMetaStaysByteForByte() throws MalformedMessage {
        String rest = ", \"clientContext\" : {\"deadlineMs\":1,\"n\":1.10,\"t\":\"\u00e9\\u00e9\"} ";

        Call there = travelled(call(new byte[0], null, rest));

        assertThat(there.meta().apply(123_456_789_012L).text())
                .isEqualTo("{\"requestId\":\"r1\",\"deadlineMs\":123456789012" + rest + "}");
    }

    @Example
    void othersReadItAsAMessageOfTheOriginal() throws IOException {
        byte[] event = "{\"n\": 1.10}".getBytes(StandardCharsets.UTF_8);

        JsonNode json = new ObjectMapper().readTree(RemoteCall.of("c1", call(event, null, ""), "g1").json());

        assertThat(json.get("requestId").asText()).isEqualTo("r1");
        assertThat(json.get("functionId").asText()).isEqualTo("f1");
        assertThat(json.get("runtime").asText()).isEqualTo("python");
        assertThat(json.get("s3Bucket").asText()).isEqualTo("b");
        assertThat(json.get("s3Key").asText()).isEqualTo("functions/c.zip");
        assertThat(json.get("timeoutMs").asLong()).isEqualTo(3000);
        assertThat(json.get("memoryMb").asInt()).isEqualTo(256);
        assertThat(json.get("input").get("n").asDouble()).isEqualTo(1.1);
    }

    @Example
    void aMessageOfTheOriginalIsACallOfTheVersionThatRunsNow() throws MalformedMessage {
        RemoteCall call = RemoteCall.read("""
                {"requestId": "r\\"1", "functionId": "f1", "runtime": "python", "s3Bucket": "b", "s3Key": "k",
                 "timeoutMs": 3000, "memoryMb": 128, "input": {"n": 1}, "modelId": null, "more": [1]}"""
                .getBytes(StandardCharsets.UTF_8));

        assertThat(call.callId()).isEqualTo("r\"1");
        assertThat(call.version()).isNull();
        assertThat(call.replyTo()).isNull();
        assertThat(call.event().text()).isEqualTo("{\"n\":1}");
        assertThat(call.call(VERSION, NOWHERE, () -> {
        }).meta().apply(5).text()).isEqualTo("{\"requestId\":\"r\\\"1\",\"deadlineMs\":5}");
    }

    @Example
    void theInputOfTheOriginalKeepsItsDigitsAndHalvesOfCharacters() throws MalformedMessage {
        RemoteCall call = RemoteCall
                .read("{\"requestId\":\"r\",\"functionId\":\"f\",\"input\":[1.10,0.12345678901234567890,\"\\uD800\"]}"
                        .getBytes(StandardCharsets.UTF_8));

        assertThat(call.event().text()).isEqualTo("[1.10,0.12345678901234567890,\"\\uD800\"]");
    }

    @Example
    void whatIsWrongWithAMalformedMessageIsSaid() {
        assertRefused("", "the message can't be read");
        assertRefused("null", "null");
        assertRefused("[]", "the message can't be read");
        assertRefused("{}", "requestId is missing");
        assertRefused("{\"requestId\":\"r\"}", "functionId is missing");
        assertRefused("{\"requestId\":\"r r\",\"functionId\":\"f\"}", "requestId must be a text of up to 200");
        assertRefused("{\"requestId\":\"r\",\"functionId\":\"f\",\"version\":0}", "version must be");
        assertRefused("{\"requestId\":\"r\",\"functionId\":\"f\",\"version\":1.5}", "the message can't be read");
        assertRefused("{\"requestId\":\"r\",\"functionId\":\"f\",\"event\":\"%\"}", "the message can't be read");
        assertRefused("{\"requestId\":\"r\",\"functionId\":\"f\",\"meta\":\"e30=\"}", "meta has no deadlineMs");
        assertRefused("{\"requestId\":\"r\",\"functionId\":\"f\"} x", "the message can't be read");
    }

    private static void assertRefused(String message, String reason) {
        assertThatThrownBy(() -> RemoteCall.read(message.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(MalformedMessage.class).hasMessageContaining(reason);
    }
}
