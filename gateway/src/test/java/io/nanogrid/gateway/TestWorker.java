package io.nanogrid.gateway;

import io.nanogrid.gateway.config.GatewayConfig;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/// A whole worker in this process, on the sandbox engine.
final class TestWorker implements AutoCloseable {

    private final WorkerWiring wiring;

    private TestWorker(WorkerWiring wiring) {
        this.wiring = wiring;
    }

    static TestWorker start(Path directory, Map<String, String> cluster) throws Exception {
        Map<String, String> environment = new HashMap<>(cluster);
        environment.putAll(Map.of("PORT", "0", "ROLE", "worker", "ENGINE", "sandbox", "DATA_DIR", directory.toString(),
                "PLUGINS_DIR", directory.resolve("no-plugins").toString(), "DRAIN_SECONDS", "5"));
        return new TestWorker(new WorkerWiring(GatewayConfig.read(environment, 8192), Path.of("target/plugins"),
                "test", new Wiring.Given(null, TestGateway.KEPT)));
    }

    int port() {
        return wiring.port();
    }

    @Override
    public void close() {
        wiring.close();
    }
}
