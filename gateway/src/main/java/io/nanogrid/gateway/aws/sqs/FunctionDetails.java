package io.nanogrid.gateway.aws.sqs;

import io.nanogrid.gateway.code.CodePlace;
import io.nanogrid.gateway.pool.FunctionVersion;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// What messages tell of a function's version, for those who don't know our table.
///
/// @param runtime its id, or what its owner calls it
/// @param code null where nobody else can fetch it
public record FunctionDetails(String runtime, @Nullable CodePlace code, Duration timeout, int memoryMb) {

    public static FunctionDetails of(FunctionVersion version) {
        return new FunctionDetails(version.runtime().id(), version.code().place(), version.timeout(),
                version.memoryMb());
    }

    /// Whoever knows functions. Asked for each job that is put, so that it should know most of them by heart.
    @FunctionalInterface
    public interface Source {

        /// @param version null for the one that runs now
        /// @return null where the version isn't known
        @Nullable
        FunctionDetails find(String functionId, @Nullable Integer version);
    }
}
