package io.nanogrid.gateway.engine;

/// The engine couldn't do its part. The message is for people: it says what failed and what to do, and names no path of the host.
public class EngineException extends Exception {

    private static final long serialVersionUID = 1L;

    public EngineException(String message) {
        super(message);
    }

    public EngineException(String message, Throwable cause) {
        super(message, cause);
    }
}
