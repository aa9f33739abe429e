package io.nanogrid.gateway.engine.docker;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.dockerjava.api.exception.DockerException;
import io.nanogrid.gateway.engine.EngineException;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What the users of functions hear of the daemon's failures. Needs no daemon.
class DockerCallsTest {

    private final DockerCalls docker = new DockerCalls(null);

    @AfterEach
    void close() {
        docker.close();
    }

    @Test
    void theDaemonsWordsComeWithoutPathsOfTheHost() {
        assertFails(() -> {
            throw new DockerException(
                    "Status 500: {\"message\":\"mkdir /var/lib/docker/tmp/x-1: no space left on device\"}", 500);
        }, "Docker couldn't work: mkdir (a path of the host) no space left on device");
    }

    @Test
    void addressesAndNamesOfImagesStay() {
        String said = "Get \"http://localhost:1/v2/\": no such image nanogrid/runtime-node:1";
        assertFails(() -> {
            throw new DockerException("Status 404: {\"message\":\"" + said + "\"}", 404);
        }, "Docker couldn't work: " + said);
    }

    @Test
    void aFailureOfTheGatewaysOwnIsForItsLogAlone() {
        assertFails(() -> {
            throw new IllegalStateException("com.example.Internal at /srv/gateway");
        }, "Docker couldn't work: the gateway's log says why");
    }

    private void assertFails(Callable<String> call, String message) {
        assertThatThrownBy(() -> docker.within(Duration.ofSeconds(5), "work", call)).isInstanceOf(EngineException.class)
                .hasMessage(message);
    }
}
