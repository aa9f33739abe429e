package io.nanogrid.gateway;

final class DockerScriptTest extends ScriptContract {

    @Override
    String engine() {
        return "docker";
    }
}
