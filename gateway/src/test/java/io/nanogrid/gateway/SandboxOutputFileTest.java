package io.nanogrid.gateway;

final class SandboxOutputFileTest extends OutputFileContract {

    @Override
    String engine() {
        return "sandbox";
    }
}
