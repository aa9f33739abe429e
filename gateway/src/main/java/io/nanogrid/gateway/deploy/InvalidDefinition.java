package io.nanogrid.gateway.deploy;

import java.util.List;

/// What the user sent can't be a callback. Says all that is wrong with it.
public final class InvalidDefinition extends Exception {

    private static final long serialVersionUID = 1L;

    public InvalidDefinition(List<String> problems) {
        super(String.join("; ", problems));
    }
}
