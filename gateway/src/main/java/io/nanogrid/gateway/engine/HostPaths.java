package io.nanogrid.gateway.engine;

import java.util.regex.Pattern;

/// What daemons and tools say may name files of the host, which are nobody's business but the operator's.
public final class HostPaths {

    /// An address's path isn't one of them.
    private static final Pattern PATH = Pattern.compile("(?<![\\w:/.-])(/[\\w.@+:-]+)+/?");

    private HostPaths() {
    }

    /// `text` without the paths in it; equal to it where it has none.
    public static String hide(String text) {
        return PATH.matcher(text).replaceAll("(a path of the host)");
    }
}
