package io.nanogrid.gateway.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.engine.Engine;
import io.nanogrid.gateway.engine.RequiredEngines;
import io.nanogrid.gateway.engine.sandbox.SandboxFactory;
import io.nanogrid.gateway.plugins.TestRuntimes;
import io.nanogrid.spi.RuntimeDescriptor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// With real processes in the sandbox. Each test has a pool of its own.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class PoolTest {

    static final int MB = PoolFixture.MB;
    static final Duration LONG = Duration.ofSeconds(30);
    /// Answers which process it is, and does what the event asks for first.
    static final String WHO = """
            import os, time
            me = os.urandom(8).hex()
            def handler(event, context):
                if event == 'sleep':
                    time.sleep(1000)
                if event == 'nap':
                    time.sleep(0.02)
                if event == 'die':
                    os._exit(7)
                return me""";

    @TempDir
    static Path work;
    Engine engine;
    RuntimeDescriptor python;
    /// Each test opens one first.
    @SuppressWarnings("NullAway.Init")
    PoolFixture fixture;

    @BeforeAll
    void makeEngine() throws Exception {
        Files.setPosixFilePermissions(work, PosixFilePermissions.fromString("rwx--x--x"));
        engine = new SandboxFactory().create("pool-" + ProcessHandle.current().pid(), work);
        RequiredEngines.check(engine);
        python = TestRuntimes.python();
        engine.prepare(python, _ -> {
        });
    }

    @AfterAll
    void closeEngine() {
        engine.close();
    }

    void open(PoolConfig config) throws IOException {
        fixture = new PoolFixture(engine, python, work, config);
    }

    void open(int instances) throws IOException {
        open(PoolFixture.config(instances, 1000, LONG));
    }

    /// What must hold at the end of every test.
    @AfterEach
    void nothingIsLeftWhenThePoolIsClosed() {
        fixture.close();
        assertThat(fixture.directory).isEmptyDirectory();
        assertThat(fixture.pool.status()).isEqualTo(new PoolStatus(0, 0, 0, 0, 0, 0));
    }

    PooledInstance onlyInstance() {
        fixture.pool.lock.lock();
        try {
            return fixture.pool.books.alive.iterator().next();
        } finally {
            fixture.pool.lock.unlock();
        }
    }
}
