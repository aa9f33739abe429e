package io.nanogrid.gateway;

final class DockerHostileReachTest extends HostileReachContract {

    @Override
    String engine() {
        return "docker";
    }
}
