package io.nanogrid.gateway.code;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Keeps the code of functions under the hash of their content. Safe for use by many threads.
public interface CodeStore {

    /// Stores a bundle; when it returns, the bundle survives a crash. Storing it again does nothing.
    void put(CodeBundle bundle) throws IOException;

    /// @throws NoSuchFileException if there is none of that hash
    /// @throws DamagedCode if it isn't what its hash says
    /// @throws IOException if it can't be read now
    CodeBundle get(String hash) throws IOException;

    /// Whether what [#get] has thrown means that the code has to be sent again, and not just asked for again.
    static boolean isLost(IOException e) {
        return e instanceof NoSuchFileException || e instanceof DamagedCode;
    }

    /// Where whoever shares the storage finds the bundle of that hash; null where nobody does. Doesn't look whether it is there.
    default @Nullable CodePlace place(String hash) {
        return null;
    }

    /// Removes a bundle, if it is there, unless it was stored, again perhaps, after `since`: somebody is about to use it.
    void remove(String hash, Instant since) throws IOException;

    /// Removes every bundle that isn't among `inUse` and was stored before this gateway's last few minutes, in which a deploy may have
    /// stored code that it hasn't yet written down.
    void removeAllBut(Set<String> inUse) throws IOException;
}
