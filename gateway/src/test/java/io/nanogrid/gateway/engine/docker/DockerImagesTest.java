package io.nanogrid.gateway.engine.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.dockerjava.api.exception.NotFoundException;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.Probe;
import io.nanogrid.gateway.engine.RequiredEngines;
import io.nanogrid.spi.Content;
import io.nanogrid.spi.RuntimeDescriptor;
import io.nanogrid.spi.RuntimeDescriptor.Image;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Which image a runtime gets.
class DockerImagesTest {

    private static final String LOCAL = "nanogrid-base-python:local";

    private final List<String> log = new ArrayList<>();
    private final DockerEngine engine = engine(Map.of());

    @BeforeEach
    void requireDocker() {
        RequiredEngines.check(engine);
    }

    @AfterEach
    void close() {
        engine.close();
    }

    @Test
    void aRuntimesImageIsBuiltOnce() throws Exception {
        String image = engine.prepare(Probe.python(null), log::add);
        log.clear();
        try (var next = engine(Map.of())) {
            assertThat(next.prepare(Probe.python(null), log::add)).isEqualTo(image);
        }
        assertThat(log).isEmpty();
    }

    @Test
    void theVersionIsKnownAgainWithoutRunningAnything() throws Exception {
        engine.prepare(Probe.python(null), log::add);
        try (var next = engine(Map.of())) {
            next.prepare(Probe.python(null), log::add);
            assertThat(next.version(Probe.python(null))).isPresent().isEqualTo(engine.version(Probe.python(null)));
        }
    }

    @Test
    void aBaseWithoutTheInterpreterIsRefused() {
        RuntimeDescriptor python = runtime("a", LOCAL, LOCAL);
        RuntimeDescriptor other = new RuntimeDescriptor("probe", List.of(), python.mainFiles(), python.extensions(),
                python.handlers(), python.bootstrap(), python.command(), python.environment(), python.interpreters(),
                new Image(LOCAL, "PROBE_BASE_IMAGE", LOCAL, "python9"), null);
        assertThatThrownBy(() -> engine.prepare(other, log::add)).isInstanceOf(EngineException.class)
                .hasMessageContaining("can't run python9 --version").hasMessageContaining("PROBE_BASE_IMAGE");
    }

    @Test
    void anotherBootstrapMakesAnotherImage() throws Exception {
        String image = engine.prepare(runtime("a", LOCAL, LOCAL), log::add);
        assertThat(engine.prepare(runtime("b", LOCAL, LOCAL), log::add)).isNotEqualTo(image);
    }

    @Test
    void anOlderImageOfTheRuntimeIsRemovedWhenANewOneIsBuilt() throws Exception {
        String older = engine.prepare(runtime("old " + System.nanoTime(), LOCAL, LOCAL), log::add);
        try (var next = engine(Map.of()); var daemon = new DockerCalls(null)) {
            next.prepare(runtime("new " + System.nanoTime(), LOCAL, LOCAL), log::add);
            assertThatThrownBy(() -> daemon.client().inspectImageCmd(older).exec())
                    .isInstanceOf(NotFoundException.class);
        }
    }

    @Test
    void aFallbackThatIsThereSparesAPull() throws Exception {
        String image = engine.prepare(runtime("a", LOCAL, LOCAL), log::add);
        assertThat(engine.prepare(runtime("a", "localhost:1/none:1", LOCAL), log::add)).isEqualTo(image);
        assertThat(log).noneMatch(line -> line.contains("pull"));
    }

    @Test
    void aBaseThatCanNotBePulledIsNotTriedAgain() {
        RuntimeDescriptor nowhere = runtime("a", "localhost:1/none:1", "nanogrid-none:local");
        assertThatThrownBy(() -> engine.prepare(nowhere, log::add)).isInstanceOf(EngineException.class);
        assertThat(log).first().isEqualTo("pulling localhost:1/none:1, for 20 s at most");
        assertThat(log).last().asString().startsWith("Docker couldn't pull localhost:1/none:1");
        log.clear();
        assertThatThrownBy(() -> engine.prepare(nowhere, log::add)).isInstanceOf(EngineException.class);
        assertThat(log).isEmpty();
    }

    @Test
    void withoutAnyBaseTheErrorSaysWhatMakesOne() {
        assertThatThrownBy(() -> engine.prepare(runtime("a", "localhost:1/none:1", "nanogrid-none:local"), log::add))
                .isInstanceOf(EngineException.class)
                .hasMessageContaining("runtimes/base-images.sh").hasMessageContaining("PROBE_BASE_IMAGE");
    }

    @Test
    void aConfiguredBaseIsNotReplacedInSilence() {
        try (var strict = engine(Map.of("probe", "localhost:1/mine:1"))) {
            assertThatThrownBy(() -> strict.prepare(runtime("a", LOCAL, LOCAL), log::add))
                    .isInstanceOf(EngineException.class)
                    .hasMessageContaining("'localhost:1/mine:1' that PROBE_BASE_IMAGE names");
        }
    }

    private static RuntimeDescriptor runtime(String bootstrap, String base, String fallback) {
        return new RuntimeDescriptor("probe", List.of(), List.of("main.py"), List.of(".py"), List.of("handler"),
                Map.of("bootstrap.py", Content.of(bootstrap.getBytes(StandardCharsets.UTF_8))),
                List.of("{interpreter}"), Map.of(), List.of("python3"),
                new Image(base, "PROBE_BASE_IMAGE", fallback, "python3"), null);
    }

    private static DockerEngine engine(Map<String, String> bases) {
        var usual = DockerConfig.of(TestImages.removeAtEnd("images-test"), "images");
        return new DockerEngine(new DockerConfig(usual.gatewayId(), usual.gatewayVersion(), null, bases, usual.cpus(),
                usual.pids(), usual.openFiles(), usual.scratchBytes(), Duration.ofSeconds(20), usual.install(),
                usual.networkImage(), List.of()));
    }
}
