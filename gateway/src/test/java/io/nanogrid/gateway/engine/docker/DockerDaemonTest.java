package io.nanogrid.gateway.engine.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.github.dockerjava.api.model.Container;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.Probe;
import io.nanogrid.gateway.engine.RequiredEngines;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the engine does when the daemon or the gateway goes away in between.
class DockerDaemonTest {

    private final String gateway = TestImages.removeAtEnd("test-" + UUID.randomUUID());
    private final DockerCalls daemon = new DockerCalls(null);

    @TempDir
    Path directory;

    private DaemonRelay relay;
    private DockerEngine engine;

    @BeforeEach
    void connect() throws IOException {
        relay = new DaemonRelay(directory);
        engine = engine(gateway, relay.host());
        RequiredEngines.check(engine);
    }

    @AfterEach
    void disconnect() throws Exception {
        engine.close();
        relay.close();
        for (Container left : containers(gateway)) {
            DockerInstance.remove(daemon, left.getId());
        }
        daemon.close();
    }

    @Test
    void healthIsGoodWithADaemon() {
        assertThat(engine.health().healthy()).isTrue();
    }

    @Test
    void healthAnswersWithinTwoSecondsThoughTheDaemonHangs() {
        relay.hang();
        long start = System.nanoTime();
        var health = engine.health();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
        assertThat(health.healthy()).isFalse();
        assertThat(health.detail()).contains("Docker couldn't answer within 1 s");
    }

    @Test
    void healthSaysWhatToDoWithoutADaemon() throws IOException {
        relay.shut();
        assertThat(engine.health().detail()).contains("Start it").contains("DOCKER_HOST");
    }

    @Test
    void aStartWithoutADaemonFailsWithAWordThatHelps() throws Exception {
        engine.prepare(Probe.python(null), _ -> {
        });
        relay.shut();
        assertThatThrownBy(() -> Probe.start(engine, directory, 128)).isInstanceOf(EngineException.class)
                .hasMessageContaining("the daemon doesn't answer").hasMessageNotContaining(directory.toString());
    }

    @Test
    void instancesStartAgainWhenTheDaemonIsBack() throws Exception {
        Probe.start(engine, directory, 128).close();
        relay.shut();
        assertThat(engine.health().healthy()).isFalse();
        relay.open();
        try (var probe = Probe.start(engine, directory, 128)) {
            assertThat(probe.run("answer = 1 + 1")).isEqualTo("2");
        }
    }

    @Test
    void anInstanceDiesAndIsRemovedLaterThoughTheDaemonIsAway() throws Exception {
        var probe = Probe.start(engine, directory, 128);
        relay.shut();
        probe.instance().destroy();
        assertThat(probe.instance().onExit()).isCompletedWithValueMatching(exit -> exit.code() == 137);
        relay.open();
        await().until(() -> containers(gateway).isEmpty());
    }

    @Test
    void anExitIsLearntThoughItHappenedWhileTheDaemonWasAway() throws Exception {
        var probe = Probe.start(engine, directory, 128);
        relay.shut();
        daemon.client().killContainerCmd(containers(gateway).getFirst().getId()).exec();
        relay.open();
        assertThat(probe.instance().onExit().get(15, TimeUnit.SECONDS).code()).isEqualTo(137);
    }

    @Test
    void aRestartedGatewayRemovesWhatAnEarlierLifeLeft() throws Exception {
        Probe.start(engine, directory, 128);
        try (var next = engine(gateway, null)) {
            next.reconcile();
            assertThat(containers(gateway)).isEmpty();
        }
    }

    @Test
    void anotherGatewaysInstancesAreLeftAlone() throws Exception {
        try (var probe = Probe.start(engine, directory, 128); var other = engine("other-" + gateway, null)) {
            other.reconcile();
            assertThat(probe.run("answer = 'alive'")).isEqualTo("alive");
        }
    }

    @Test
    void aStartThatIsInterruptedLeavesNothing() throws Exception {
        engine.prepare(Probe.python(null), _ -> {
        });
        Thread starter = Thread.ofVirtual().start(() -> {
            try {
                Probe.start(engine, directory, 128);
            } catch (Exception _) {
                // It was interrupted.
            }
        });
        await().until(() -> !containers(gateway).isEmpty());
        starter.interrupt();
        starter.join();
        await().until(() -> containers(gateway).isEmpty());
    }

    @Test
    void closingDestroysWhatIsLeft() throws Exception {
        var probe = Probe.start(engine, directory, 128);
        engine.close();
        assertThat(probe.instance().onExit()).isDone();
        assertThat(containers(gateway)).isEmpty();
    }

    private List<Container> containers(String owner) {
        return daemon.client().listContainersCmd().withShowAll(true).withLabelFilter(Map.of(Labels.GATEWAY, owner))
                .exec();
    }

    private static DockerEngine engine(String gateway, @Nullable String host) {
        var usual = DockerConfig.of(gateway, "test");
        return new DockerEngine(new DockerConfig(gateway, "test", host, Map.of(), usual.cpus(), usual.pids(),
                usual.openFiles(), usual.scratchBytes(), Duration.ofSeconds(20), usual.install(), usual.networkImage(),
                List.of()));
    }
}
