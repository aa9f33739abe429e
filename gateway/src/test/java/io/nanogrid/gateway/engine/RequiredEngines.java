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
        if (health.healthy()) {
            return;
        }
        String required = System.getProperty("NANOGRID_REQUIRE_ENGINES",
                System.getenv().getOrDefault("NANOGRID_REQUIRE_ENGINES", ""));
        if (List.of(required.split(",")).contains(engine.name())) {
            Assertions.fail("the " + engine.name() + " engine is required and doesn't work: " + health.detail());
        }
        Assumptions.abort("the " + engine.name() + " engine doesn't work here: " + health.detail());
    }
}
