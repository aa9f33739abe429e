package io.nanogrid.gateway.engine.docker;

import com.github.dockerjava.api.exception.DockerException;
import io.nanogrid.gateway.engine.EngineException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Removes the images that the tests' gateways have built. When the JVM ends, as tests share them: building anew for each would take long.
public final class TestImages {

    private static final Duration DEADLINE = Duration.ofSeconds(20);
    private static final Set<String> GATEWAYS = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(TestImages::removeAll, "test-images"));
    }

    private TestImages() {
    }

    /// @param gatewayId what the gateway's images are labelled with
    /// @return the same
    public static String removeAtEnd(String gatewayId) {
        GATEWAYS.add(gatewayId);
        return gatewayId;
    }

    private static void removeAll() {
        try (DockerCalls docker = new DockerCalls(null)) {
            for (String gateway : GATEWAYS) {
                docker.within(DEADLINE, "remove the images of tests", () -> {
                    remove(docker, gateway);
                    return null;
                });
            }
        } catch (EngineException | InterruptedException e) {
            System.err.println("Images of the tests stay: " + e.getMessage());
        }
    }

    /// In rounds, as an image goes only after those that stand on it.
    private static void remove(DockerCalls docker, String gateway) {
        boolean removed = true;
        while (removed) {
            removed = false;
            for (var image : docker.client().listImagesCmd().withLabelFilter(Map.of(Labels.GATEWAY, gateway)).exec()) {
                try {
                    docker.client().removeImageCmd(image.getId()).withForce(true).exec();
                    removed = true;
                } catch (DockerException _) {
                    // Another stands on it, or it went with another.
                }
            }
        }
    }
}
