package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.TestGateway.Answer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/// A gateway with two well-behaved neighbours, for functions that attack it. After every attack the next ordinary call of the
/// attacker and those of the neighbours are answered, and nothing has stayed behind on the machine.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Isolated
abstract class HostileContract {

    /// `attack` is the attacker's own part; without an attack it is an ordinary function.
    private static final String PYTHON = """
            import os, sys, time
            calls = 0
            %s
            def handler(event, context):
                global calls
                calls += 1
                return attack(event) if "attack" in event else "fine"
            """;
    private static final String NODE = """
            const fs = require("fs"), child_process = require("child_process");
            let calls = 0;
            %s
            exports.handler = event => { calls++; return "attack" in event ? attack(event) : "fine" };
            """;
    private static final List<String> NEIGHBOURS = List.of("neighbour-python", "neighbour-node");

    private final List<String> attackers = new ArrayList<>();
    private TestGateway gateway;
    private Leftovers before;

    abstract String engine();

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        gateway = TestGateway.start(engine(), directory);
        gateway.deploy("neighbour-python", "python", "def handler(e, c): return 'well'").expect(200);
        gateway.deploy("neighbour-node", "node", "exports.handler = () => 'well'").expect(200);
        neighboursAreWell();
        before = Leftovers.atRest(gateway);
    }

    @AfterEach
    void everythingIsAsBefore() throws Exception {
        List<String> all = List.copyOf(attackers);
        attackers.clear();
        try {
            for (String attacker : all) {
                assertThat(call(attacker).expect(200).body()).isEqualTo("\"fine\"");
            }
            neighboursAreWell();
        } finally {
            for (String attacker : all) {
                gateway.post("/callback/deploy", "{\"callback_id\": " + callbackId(attacker) + ", \"status\": false}")
                        .expect(200);
            }
        }
        Leftovers.awaitSameAs(before, gateway);
    }

    @AfterAll
    void stop() throws Exception {
        if (gateway != null) {
            String id = gateway.id();
            gateway.close();
            assertThat(Leftovers.ofClosed(id)).isZero();
        }
    }

    private void neighboursAreWell() throws Exception {
        for (String neighbour : NEIGHBOURS) {
            assertThat(gateway.get("/api/" + neighbour).expect(200).body()).isEqualTo("\"well\"");
        }
    }

    private long callbackId(String path) throws Exception {
        for (var callback : gateway.get("/callbacks").expect(200).json()) {
            if (callback.path("path").asText().equals(path)) {
                return callback.path("callback_id").asLong();
            }
        }
        throw new AssertionError("no callback " + path);
    }

    TestGateway gateway() {
        return gateway;
    }

    /// Deploys a function that attacks when its event says so.
    ///
    /// @param more further fields of the definition: name, value, name, value…
    /// @return its path
    String attacker(String type, String python, String node, Object... more) throws Exception {
        String path = "attacker-" + type + "-" + attackers.size();
        redeploy(path, type, python, node, more);
        attackers.add(path);
        return path;
    }

    void redeploy(String path, String type, String python, String node, Object... more) throws Exception {
        String code = type.equals("python") ? PYTHON.formatted(python) : NODE.formatted(node);
        gateway.deploy(path, type, code, more).expect(200);
    }

    Answer attack(String path) throws Exception {
        return attack(path, "{\"attack\": true}");
    }

    Answer attack(String path, String event) throws Exception {
        return gateway.post("/api/" + path, event);
    }

    /// An ordinary call.
    Answer call(String path) throws Exception {
        return gateway.get("/api/" + path);
    }
}
