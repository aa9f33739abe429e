package io.nanogrid.gateway.engine;

import java.util.List;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/// Tests of an engine that doesn't work here are skipped, unless `NANOGRID_REQUIRE_ENGINES` (`sandbox,docker`) names it.
public final class RequiredEngines {

    private RequiredEngines() {
    }

    public static void check(Engine engine) {
        EngineHealth health = engine.health();
        if (!health.healthy()) {
            lacking(engine.name(), health.detail());
        }
    }

    /// Ends the test, as failed or as skipped, for what an engine lacks here.
    public static void lacking(String engine, String problem) {
        String required = System.getProperty("NANOGRID_REQUIRE_ENGINES",
                System.getenv().getOrDefault("NANOGRID_REQUIRE_ENGINES", ""));
        if (List.of(required.split(",")).contains(engine)) {
            Assertions.fail("the " + engine + " engine is required and doesn't work: " + problem);
        }
        Assumptions.abort("the " + engine + " engine doesn't work here: " + problem);
    }
}
