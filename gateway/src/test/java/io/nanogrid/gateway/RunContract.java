package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/// A gateway whose functions are called by `/run`. After each test its functions are deleted, and nothing of them has stayed behind on the
/// machine.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Isolated
abstract class RunContract {

    private final List<String> functions = new ArrayList<>();
    private TestGateway gateway;
    private Leftovers before;

    abstract String engine();

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        gateway = TestGateway.start(engine(), directory);
        for (String type : List.of("python", "node")) {
            String well = gateway.function(type, "python".equals(type)
                    ? "def handler(event, context): return event"
                    : "exports.handler = event => event");
            assertThat(run(well, "1").path("result").asInt()).isOne();
        }
        before = Leftovers.atRest(gateway);
    }

    @AfterEach
    void everythingIsAsBefore() throws Exception {
        List<String> all = List.copyOf(functions);
        functions.clear();
        for (String function : all) {
            gateway.delete("/functions/" + function).expect(200);
        }
        Leftovers.awaitSameAs(before, gateway);
    }

    @AfterAll
    void stop() {
        if (gateway != null) {
            gateway.close();
        }
    }

    /// @param more further fields of the definition: name, value, name, value…
    /// @return its id
    String function(String type, String python, String node, Object... more) throws Exception {
        String id = gateway.function(type, type.equals("python") ? python : node, more);
        functions.add(id);
        return id;
    }

    /// The same for a function of several files.
    String files(String type, Map<String, String> files) throws Exception {
        String id = gateway.post("/functions", TestGateway.JSON.writeValueAsString(
                Map.of("name", "f", "runtime", type, "files", files))).expect(201).json().path("functionId").asText();
        functions.add(id);
        return id;
    }

    /// The result of one call.
    JsonNode run(String function, String input) throws Exception {
        return gateway.post("/run", "{\"functionId\": \"" + function + "\", \"inputData\": " + input + "}").expect(200)
                .json();
    }

    TestGateway gateway() {
        return gateway;
    }
}
