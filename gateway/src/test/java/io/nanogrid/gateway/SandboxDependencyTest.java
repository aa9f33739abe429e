package io.nanogrid.gateway;

final class SandboxDependencyTest extends DependencyContract {

    @Override
    String engine() {
        return "sandbox";
    }
}
