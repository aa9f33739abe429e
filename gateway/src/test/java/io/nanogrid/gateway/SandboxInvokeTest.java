package io.nanogrid.gateway;

final class SandboxInvokeTest extends InvokeContract {

    @Override
    String engine() {
        return "sandbox";
    }
}
