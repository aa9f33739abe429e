package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/// What the memory of real calls suggests.
final class TuningTest extends GatewayTest {

    /// @return the answer of `/functions/{id}/tuning` after so many calls
    private JsonNode tuning(String path, int memoryMb, String body, int calls) throws Exception {
        long id = gateway.deploy(path, "python", "def handler(e, c):\n    " + body, "memory_mb", memoryMb).expect(200)
                .json().path("callback_id").asLong();
        for (int i = 0; i < calls; i++) {
            gateway.get("/api/" + path).expect(200);
        }
        String function = gateway.get("/callbacks/" + id + "/logs").expect(200).json().path("functionId").asText();
        return gateway.get("/functions/" + function + "/tuning").expect(200).json();
    }

    @Test
    void aFunctionThatUsesLittleOfItsMemoryIsAdvisedToTakeLess() throws Exception {
        JsonNode tuning = tuning("frugal", 512, "return 1", 6);

        assertThat(tuning.path("calls").asInt()).isEqualTo(6);
        assertThat(tuning.path("memoryMb").asInt()).isEqualTo(512);
        assertThat(tuning.path("recommendedMemoryMb").asInt()).isEqualTo(128);
        assertThat(tuning.path("optimizationTip").asText()).contains("128 MiB would do");
    }

    @Test
    void aFunctionThatHardlyFitsIsAdvisedToTakeMore() throws Exception {
        JsonNode tuning = tuning("tight", 128, "x = bytearray(112 << 20); return len(x)", 6);

        assertThat(tuning.path("maxBytes").asLong()).isBetween(112L << 20, 128L << 20);
        assertThat(tuning.path("recommendedMemoryMb").asInt()).isEqualTo(192);
        assertThat(tuning.path("optimizationTip").asText()).contains("give it 192 MiB");
    }

    @Test
    void aLimitThatFitsStays() throws Exception {
        JsonNode tuning = tuning("fitting", 128, "x = bytearray(50 << 20); return len(x)", 5);

        assertThat(tuning.path("recommendedMemoryMb").asInt()).isEqualTo(128);
        assertThat(tuning.path("optimizationTip").isNull()).isTrue();
    }

    @Test
    void fewCallsSuggestNothing() throws Exception {
        JsonNode tuning = tuning("young", 512, "return 1", 4);

        assertThat(tuning.path("calls").asInt()).isEqualTo(4);
        assertThat(tuning.path("recommendedMemoryMb").isNull() && tuning.path("optimizationTip").isNull()).isTrue();
    }

    @Test
    void theDistributionCountsEveryCallOnce() throws Exception {
        JsonNode tuning = tuning("spread", 256, "return 1", 7);

        assertThat(StreamSupport.stream(tuning.path("histogram").spliterator(), false)
                .mapToInt(bucket -> bucket.path("calls").asInt()).sum()).isEqualTo(7);
        assertThat(tuning.path("histogram")).hasSize(11);
        assertThat(tuning.path("histogram").path(9).path("upToBytes").asLong()).isEqualTo(256L << 20);
        assertThat(tuning.path("minBytes").asLong()).isPositive()
                .isLessThanOrEqualTo(tuning.path("p50Bytes").asLong());
        assertThat(tuning.path("p99Bytes").asLong()).isEqualTo(tuning.path("maxBytes").asLong());
    }

    @Test
    void whoRunsAFunctionIsTold() throws Exception {
        String id = gateway.post("/functions",
                "{\"name\": \"roomy\", \"runtime\": \"python\", \"memoryMb\": 1024, \"code\": \"def handler(e, c): return 1\"}")
                .expect(201).json().path("functionId").asText();
        String run = "{\"functionId\": \"" + id + "\", \"inputData\": {}}";
        for (int i = 0; i < 4; i++) {
            assertThat(gateway.post("/run", run).expect(200).json().path("optimizationTip").isNull()).isTrue();
        }

        assertThat(gateway.post("/run", run).expect(200).json().path("optimizationTip").asText())
                .contains("the last 5 calls", "of 1024", "128 MiB would do");
    }

    @Test
    void aFunctionThatWasNeverDeployedHasNoTuning() throws Exception {
        String function = gateway.get("/callbacks/1001/logs").expect(200).json().path("functionId").asText();

        gateway.get("/functions/" + function + "/tuning").expect(404);
    }
}
