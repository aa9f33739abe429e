package io.nanogrid.gateway.jobs;

import io.nanogrid.gateway.deploy.InvalidDefinition;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.pool.FunctionVersion;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Knows functions of jobs that no table has. Safe for use by many threads.
@FunctionalInterface
public interface UnlistedFunctions {

    /// @param jobId a job that runs here
    /// @return null where nothing is said of its function
    /// @throws InvalidDefinition if what is said of it can never be run
    /// @throws IOException if its code can't be read at the moment
    @Nullable
    FunctionVersion find(String jobId) throws InvalidDefinition, EngineException, IOException, InterruptedException;
}
