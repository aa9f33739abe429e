package io.nanogrid.gateway.engine;

/// An installer ended with an error: the fault of the function's manifest, as far as can be told. Its output has gone to the log already.
public final class InstallFailed extends EngineException {

    private static final long serialVersionUID = 1L;

    public InstallFailed(String message) {
        super(message);
    }
}
