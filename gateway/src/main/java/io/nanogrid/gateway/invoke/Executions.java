package io.nanogrid.gateway.invoke;

import io.nanogrid.db.ExecutionRecord;
import io.nanogrid.db.ExecutionStatus;
import io.nanogrid.gateway.dispatch.Invocation;
import io.nanogrid.gateway.dispatch.Outcome;
import io.nanogrid.gateway.pool.FunctionVersion;
import java.time.Duration;

/// Makes the record of a call that has ended.
final class Executions {

    private Executions() {
    }

    static ExecutionRecord record(FunctionVersion.Key version, Invocation call) {
        Fault fault = Fault.of(call.outcome());
        return new ExecutionRecord(call.requestId(), version.functionId(), version.version(), status(call.outcome()),
                call.startedAt(),
                Duration.ofNanos(call.queueNanos()),
                Duration.ofNanos(call.initNanos()), Duration.ofNanos(call.runNanos()), call.cold(),
                call.peakMemoryBytes().isPresent() ? call.peakMemoryBytes().getAsLong() : null, fault.type(),
                fault.message(),
                call.stdout(), call.stderr(), call.outputCut());
    }

    private static ExecutionStatus status(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Value _,Outcome.Response _ -> ExecutionStatus.SUCCESS;
            case Outcome.FunctionError _ -> ExecutionStatus.FUNCTION_ERROR;
            case Outcome.BadResult _ -> ExecutionStatus.BAD_RESULT;
            case Outcome.TimedOut _ -> ExecutionStatus.TIMEOUT;
            case Outcome.Exited _,Outcome.Violated _ -> ExecutionStatus.EXITED;
            case Outcome.OutOfMemory _ -> ExecutionStatus.OUT_OF_MEMORY;
            case Outcome.InitFailed _,Outcome.InitDied _ -> ExecutionStatus.INIT_ERROR;
            case Outcome.Full _,Outcome.Unavailable _ -> ExecutionStatus.PLATFORM_ERROR;
        };
    }
}
