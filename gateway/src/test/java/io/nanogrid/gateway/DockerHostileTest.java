package io.nanogrid.gateway;

final class DockerHostileTest extends HostileFunctionContract {

    @Override
    String engine() {
        return "docker";
    }
}
