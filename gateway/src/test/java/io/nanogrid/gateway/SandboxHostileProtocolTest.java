package io.nanogrid.gateway;

final class SandboxHostileProtocolTest extends HostileProtocolContract {

    @Override
    String engine() {
        return "sandbox";
    }
}
