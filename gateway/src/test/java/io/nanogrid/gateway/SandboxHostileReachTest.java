package io.nanogrid.gateway;

final class SandboxHostileReachTest extends HostileReachContract {

    @Override
    String engine() {
        return "sandbox";
    }
}
