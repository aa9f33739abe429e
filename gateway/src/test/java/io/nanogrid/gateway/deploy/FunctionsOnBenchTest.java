package io.nanogrid.gateway.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.db.Definition;
import io.nanogrid.db.FunctionDraft;
import io.nanogrid.db.FunctionRecord;
import io.nanogrid.db.PayloadFormat;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/// Functions without a callback on a real database and the sandbox engine, with moments and failures that can't be met from outside.
abstract class FunctionsOnBenchTest {

    static final Duration PATIENCE = Duration.ofSeconds(20);
    static final String BAD = "throw new Error('bad')";

    Workbench bench;
    FunctionDeployer deployer;
    FunctionCatalog catalog;

    @BeforeEach
    void start() throws Exception {
        bench = new Workbench();
        deployer = bench.functionDeployer;
        catalog = bench.catalog;
    }

    @AfterEach
    void stop() throws Exception {
        if (bench != null) {
            bench.close();
        }
    }

    static String returning(Object value) {
        return "exports.handler = () => " + value;
    }

    FunctionDraft draft(String name, String source, @Nullable String library) throws IOException {
        return new FunctionDraft(name, null, new Definition("node", null, bench.stored(source), library, Map.of(), 128,
                Duration.ofSeconds(60), null, false, PayloadFormat.SIMPLE, false));
    }

    String create(String name, String source) throws Exception {
        return current(deployer.create(draft(name, source, null))).id();
    }

    static FunctionRecord current(FunctionOutcome outcome) {
        assertThat(outcome).isInstanceOf(FunctionOutcome.Current.class);
        return ((FunctionOutcome.Current) outcome).function();
    }

    FunctionOutcome update(String id, String source) throws Exception {
        return deployer.update(id, present -> draft(present.name(), source, null));
    }

    static <T> FutureTask<T> later(Callable<T> call) {
        FutureTask<T> task = new FutureTask<>(call);
        Thread.startVirtualThread(task);
        return task;
    }

    @FunctionalInterface
    interface Step {
        void run() throws Exception;
    }

    static Runnable done(Step step) {
        return () -> {
            try {
                step.run();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        };
    }
}
