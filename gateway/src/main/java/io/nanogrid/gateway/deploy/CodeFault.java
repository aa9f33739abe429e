package io.nanogrid.gateway.deploy;

import io.nanogrid.gateway.code.CodeStore;
import java.io.IOException;

/// What to say of a function whose code can't be read.
final class CodeFault {

    private CodeFault() {
    }

    /// @param remedy what to do where the code is lost
    static String message(IOException e, String remedy) {
        return CodeStore.isLost(e)
                ? "the function's code is lost: " + remedy
                : "the function's code can't be read at the moment: try again later";
    }
}
