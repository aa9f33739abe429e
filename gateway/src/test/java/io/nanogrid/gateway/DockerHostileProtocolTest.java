package io.nanogrid.gateway;

final class DockerHostileProtocolTest extends HostileProtocolContract {

    @Override
    String engine() {
        return "docker";
    }
}
