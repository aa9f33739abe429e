package io.nanogrid.gateway.engine;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The version of an interpreter that an engine has, such as `3.11.2`.
public record InterpreterVersion(String text) {

    private static final Pattern NUMBER = Pattern.compile("(?<![\\w.])v?(\\d+(?:\\.\\d+)+[0-9A-Za-z]*)");

    /// @param output what the interpreter says about `--version`: `Python 3.11.2`, `v20.11.0`. Where no version can be made out, its first line stands for it
    public static InterpreterVersion read(String output) {
        Matcher number = NUMBER.matcher(output);
        return new InterpreterVersion(
                number.find() ? number.group(1) : output.lines().findFirst().orElse("").strip());
    }

    /// Whether who wants `wanted` gets it: `3` and `3.11` are satisfied by 3.11.2, `3.1` is not.
    public boolean satisfies(String wanted) {
        return text.equals(wanted) || text.startsWith(wanted + ".");
    }

    @Override
    public String toString() {
        return text;
    }
}
