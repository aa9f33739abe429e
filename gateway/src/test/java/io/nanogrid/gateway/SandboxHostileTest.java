package io.nanogrid.gateway;

final class SandboxHostileTest extends HostileFunctionContract {

    @Override
    String engine() {
        return "sandbox";
    }
}
