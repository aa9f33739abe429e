package io.nanogrid.gateway.code;

import java.io.IOException;
import java.time.Instant;
import java.util.Set;

/// Copies of code that is stored elsewhere, in a directory that never grows beyond a bound: what was read last stays, and the rest is fetched
/// again when it is wanted. Safe for use by many threads; a bundle that goes while it is read is read to its end.
public final class CodeCache implements CodeStore {

    private final DirectoryCodeStore directory;
    private final int mostBundles;
    private final long mostBytes;

    /// @param directory for this cache alone
    /// @param mostBundles and `mostBytes`: of all archives together
    public CodeCache(DirectoryCodeStore directory, int mostBundles, long mostBytes) {
        this.directory = directory;
        this.mostBundles = mostBundles;
        this.mostBytes = mostBytes;
    }

    @Override
    public void put(CodeBundle bundle) throws IOException {
        directory.put(bundle);
        directory.shrink(mostBundles, mostBytes);
    }

    @Override
    public CodeBundle get(String hash) throws IOException {
        CodeBundle bundle = directory.get(hash);
        directory.touch(hash);
        return bundle;
    }

    @Override
    public void remove(String hash, Instant since) throws IOException {
        directory.remove(hash, since);
    }

    @Override
    public void removeAllBut(Set<String> inUse) throws IOException {
        directory.removeAllBut(inUse);
    }
}
