package io.nanogrid.gateway.code;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Stored code that isn't what its hash says, and won't be, whenever it is read.
public final class DamagedCode extends IOException {

    private static final long serialVersionUID = 1L;

    /// @param name that the code is stored under
    public DamagedCode(String name, @Nullable Throwable cause) {
        super("the stored code " + name + " is damaged: deploy the function again", cause);
    }
}
