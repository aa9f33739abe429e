package io.nanogrid.gateway.engine;

import io.nanogrid.spi.RuntimeDescriptor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The command that an instance runs, the same under every engine, and the places that it finds inside.
public final class InstanceCommand {

    /// Holds the instance's socket and pipes.
    public static final String DIRECTORY = "/run/nanogrid";
    /// Holds the files of [RuntimeDescriptor#bootstrap()], read-only.
    public static final String BOOTSTRAP = "/opt/nanogrid/bootstrap";
    /// Holds the libraries of a function that has any, read-only.
    public static final String DEPENDENCIES = "/opt/nanogrid/deps";
    /// Where a function's code goes: writable and empty at the start.
    public static final String TASK = "/var/task";
    public static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// `env -i` makes the environment exact whatever an image or a shell adds to it.
    private static final String SCRIPT = "exec env -i \"$@\" </dev/null >" + DIRECTORY + "/out 2>" + DIRECTORY + "/err";

    private InstanceCommand() {
    }

    /// The whole command line: a shell that opens the pipes, sets the environment, and becomes the runtime.
    ///
    /// @param interpreter the interpreter's path or name inside the instance
    /// @param path value of `PATH` inside
    public static List<String> of(RuntimeDescriptor runtime, String interpreter, int memoryMb, String path) {
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", SCRIPT, "sh"));
        environment(runtime.environment(), path).forEach((name, value) -> command.add(name + "=" + value));
        for (String word : runtime.command()) {
            command.add(word.replace("{interpreter}", interpreter)
                    .replace("{bootstrap}", BOOTSTRAP)
                    .replace("{memoryMb}", Integer.toString(memoryMb)));
        }
        return command;
    }

    /// What every process inside starts with, plus `extra`.
    public static Map<String, String> environment(Map<String, String> extra, String path) {
        Map<String, String> environment = new TreeMap<>(
                Map.of("PATH", path, "HOME", "/tmp", "TMPDIR", "/tmp", "LANG", "C.UTF-8"));
        environment.putAll(extra);
        return environment;
    }
}
