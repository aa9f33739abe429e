package io.nanogrid.gateway.engine;

import io.nanogrid.spi.RuntimeDescriptor;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/// Makes isolated instances. It starts and destroys processes; what is said over their sockets is none of its business.
///
/// Safe for use by many threads. Every method may block on processes or on a daemon, and none of them is on the path of a warm call.
public interface Engine extends AutoCloseable {

    /// `docker` or `sandbox`.
    String name();

    /// Whether instances can be made now. Answers within two seconds, whatever the daemon does.
    EngineHealth health();

    /// Removes what an earlier life of this gateway has left behind. Called once, before the first [#start].
    void reconcile() throws EngineException;

    /// Makes ready whatever instances of `runtime` need: finds and tries the interpreter, or builds the image. Does nothing when it is done already.
    ///
    /// @param log receives lines of progress
    /// @return what was prepared: the interpreter's version, or the image's name; shown to the user as `image`, so it names no path of the host
    String prepare(RuntimeDescriptor runtime, Consumer<String> log) throws EngineException, InterruptedException;

    /// The version of the interpreter that instances of `runtime` get, as the last [#prepare] found it; empty before there was one. Doesn't block.
    Optional<InterpreterVersion> version(RuntimeDescriptor runtime);

    /// Installs a function's libraries inside the isolation, unless that has been done for the same key already.
    ///
    /// @param log receives the installer's output, line by line, as it comes
    /// @throws InstallFailed if the installer ends with an error, runs too long, or leaves too much
    DependencyLayer install(DependencyRequest request, Consumer<String> log)
            throws EngineException, InterruptedException;

    /// The keys of the layers that this gateway has installed, in this life or an earlier one, and not removed.
    Set<String> layers() throws EngineException;

    /// Forgets an installed layer and frees its space. Not an error when there is none.
    ///
    /// @throws EngineException also if an instance that has it is still there; the layer then stays as it is
    void remove(DependencyLayer layer) throws EngineException;

    /// Starts an instance. Returns when its process exists, which is before it has connected to its socket.
    ///
    /// The directory `spec.directory()` holds the socket `s` and the named pipes `out` and `err`; the engine shows it to the
    /// instance, and to no other, as `/run/nanogrid`, and starts the runtime's command with its output on the two pipes.
    EngineInstance start(InstanceSpec spec) throws EngineException, InterruptedException;

    /// Destroys what is still there of this gateway's instances and frees everything that the engine holds. Not the layers.
    @Override
    void close();
}
