package io.nanogrid.gateway.dispatch;

/// A message that isn't what it should be; its message is one line about what is wrong.
public final class MalformedMessage extends Exception {

    private static final long serialVersionUID = 1;

    public MalformedMessage(String message) {
        super(message);
    }
}
