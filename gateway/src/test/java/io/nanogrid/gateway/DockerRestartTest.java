package io.nanogrid.gateway;

import java.nio.charset.StandardCharsets;
import java.util.List;

final class DockerRestartTest extends RestartContract {

    @Override
    String engine() {
        return "docker";
    }

    @Override
    String otherEngine() {
        return "sandbox";
    }

    @Override
    List<String> leftovers(String gatewayId) throws Exception {
        return instances(gatewayId);
    }

    @Override
    List<String> instances(String gatewayId) throws Exception {
        Process docker = new ProcessBuilder("docker", "ps", "--all", "--quiet", "--filter",
                "label=nanogrid.gateway=" + gatewayId).start();
        String ids = new String(docker.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        docker.waitFor();
        return ids.lines().toList();
    }
}
