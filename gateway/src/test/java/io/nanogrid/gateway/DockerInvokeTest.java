package io.nanogrid.gateway;

final class DockerInvokeTest extends InvokeContract {

    @Override
    String engine() {
        return "docker";
    }
}
