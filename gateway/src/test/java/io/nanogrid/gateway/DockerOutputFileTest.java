package io.nanogrid.gateway;

final class DockerOutputFileTest extends OutputFileContract {

    @Override
    String engine() {
        return "docker";
    }
}
