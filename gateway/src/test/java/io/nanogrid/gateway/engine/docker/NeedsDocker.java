package io.nanogrid.gateway.engine.docker;

import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/// Skips tests where there is no Docker daemon, unless `NANOGRID_REQUIRE_ENGINES` names `docker`: then they run, and fail.
final class NeedsDocker implements ExecutionCondition {

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        String required = System.getenv().getOrDefault("NANOGRID_REQUIRE_ENGINES", "");
        if (List.of(required.split(",")).contains("docker") || Files.isWritable(DaemonRelay.DAEMON)) {
            return ConditionEvaluationResult.enabled("Docker is there or required");
        }
        return ConditionEvaluationResult.disabled("there is no Docker daemon");
    }
}
