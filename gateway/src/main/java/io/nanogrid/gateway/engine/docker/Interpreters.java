package io.nanogrid.gateway.engine.docker;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.WaitContainerResultCallback;
import com.github.dockerjava.api.model.Frame;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.LineSink;
import io.nanogrid.spi.RuntimeDescriptor;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/// Asks interpreters in images for their version. Safe for use by many threads.
final class Interpreters {

    private static final Duration DEADLINE = Duration.ofSeconds(30);

    private final DockerCalls docker;
    private final Containers containers;
    private final Reaper reaper;

    Interpreters(DockerCalls docker, Containers containers, Reaper reaper) {
        this.docker = docker;
        this.containers = containers;
        this.reaper = reaper;
    }

    /// Runs it once, in a container that is as closed as an instance's.
    ///
    /// @param image an image that the runtime's own is to stand on
    /// @return the first line that its interpreter answers to `--version`
    /// @throws EngineException if the image has no such interpreter
    String version(String image, RuntimeDescriptor runtime) throws EngineException, InterruptedException {
        String interpreter = runtime.image().interpreter();
        String id = "version-" + UUID.randomUUID();
        reaper.claim(id);
        try {
            List<String> said = new CopyOnWriteArrayList<>();
            Integer status = docker.within(DEADLINE, "run " + interpreter + " --version in the base image",
                    () -> run(id, image, List.of(interpreter, "--version"), new LineSink(said::add)));
            if (status != 0 || said.isEmpty()) {
                throw new EngineException("the base image of " + runtime.id() + " can't run " + interpreter
                        + " --version (exit code " + status + "): set " + runtime.image().setting()
                        + " to an image that has " + interpreter);
            }
            return said.getFirst();
        } finally {
            reaper.disclaim(id);
        }
    }

    private Integer run(String id, String image, List<String> command, LineSink lines) throws Exception {
        String container = containers.trial(id, image, command).exec().getId();
        try (var frames = new ResultCallback.Adapter<Frame>() {
            @Override
            public void onNext(Frame frame) {
                lines.accept(frame.getPayload());
            }
        }) {
            docker.client().attachContainerCmd(container).withStdOut(true).withStdErr(true).withFollowStream(true)
                    .exec(frames).awaitStarted();
            docker.client().startContainerCmd(container).exec();
            frames.awaitCompletion(DEADLINE.toSeconds(), TimeUnit.SECONDS);
            lines.flush();
            return docker.client().waitContainerCmd(container).exec(new WaitContainerResultCallback())
                    .awaitStatusCode();
        }
    }
}
