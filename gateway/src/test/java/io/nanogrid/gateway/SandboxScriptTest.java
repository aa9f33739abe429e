package io.nanogrid.gateway;

final class SandboxScriptTest extends ScriptContract {

    @Override
    String engine() {
        return "sandbox";
    }
}
