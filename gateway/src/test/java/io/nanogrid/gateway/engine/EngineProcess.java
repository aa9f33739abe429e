package io.nanogrid.gateway.engine;

import java.nio.file.Path;

/// A gateway in a process of its own, to be killed: starts one instance, says so, and waits for ever.
final class EngineProcess {

    private EngineProcess() {
    }

    public static void main(String[] arguments) throws Exception {
        Path directory = Path.of(arguments[3]);
        Engine engine = ((EngineFactory) Class.forName(arguments[0]).getDeclaredConstructor().newInstance())
                .create(arguments[1], Path.of(arguments[2]));
        engine.start(
                new InstanceSpec(directory.getFileName().toString(), Probe.python(null), 128, false, null, directory));
        System.out.println("started");
        System.out.flush();
        Thread.currentThread().join();
    }
}
