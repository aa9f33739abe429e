package io.nanogrid.gateway;

final class DockerDependencyTest extends DependencyContract {

    @Override
    String engine() {
        return "docker";
    }
}
