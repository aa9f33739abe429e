package io.nanogrid.gateway.engine.docker;

import com.github.dockerjava.api.command.InspectContainerResponse.ContainerState;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.NotFoundException;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.EngineInstance;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One container. Safe for use by many threads; what [Reaper] hears from the daemon arrives in threads of its own.
final class DockerInstance implements EngineInstance {

    private static final Logger LOG = LoggerFactory.getLogger(DockerInstance.class);

    private static final int KILLED = 128 + 9;

    /// The daemon hears of exhausted memory and of the end on two ways, in either order.
    private static final long OOM_REPORT_MILLIS = 200;

    private final DockerCalls docker;
    private final Reaper reaper;
    private final String id;
    private final String containerId;
    private final CompletableFuture<Exit> exit = new CompletableFuture<>();
    private final CountDownLatch outOfMemory = new CountDownLatch(1);

    /// Guards `removed`, and makes a second [#destroy] wait for the first.
    private final ReentrantLock destroying = new ReentrantLock();
    private boolean removed;
    private volatile boolean killed;
    /// The highest that has been read; 0 if nothing has.
    private final AtomicLong peak = new AtomicLong();
    private volatile Optional<HostView> host = Optional.empty();

    DockerInstance(DockerCalls docker, Reaper reaper, String id, String containerId) {
        this.docker = docker;
        this.reaper = reaper;
        this.id = id;
        this.containerId = containerId;
    }

    String id() {
        return id;
    }

    String containerId() {
        return containerId;
    }

    @Override
    public CompletableFuture<Exit> onExit() {
        return exit.copy();
    }

    @Override
    public OptionalLong peakMemoryBytes() {
        host.map(HostView::peakMemoryBytes).orElse(OptionalLong.empty())
                .ifPresent(bytes -> peak.accumulateAndGet(bytes, Math::max));
        long known = peak.get();
        return known == 0 ? OptionalLong.empty() : OptionalLong.of(known);
    }

    @Override
    public boolean hasOrphans() {
        return host.map(HostView::hasOrphans).orElse(false);
    }

    /// Kills the container and removes it. Where the daemon doesn't answer, the processes are killed without it if the gateway can see
    /// them, and the [Reaper] removes the container as soon as the daemon is back.
    @Override
    public void destroy() {
        destroying.lock();
        try {
            if (!removed) {
                killed = true;
                // The last chance: it stays known after the end.
                var _ = peakMemoryBytes();
                removed = killAndRemove();
                host.ifPresent(HostView::close);
            }
        } finally {
            destroying.unlock();
        }
    }

    private boolean killAndRemove() {
        try {
            docker.surely(DockerCalls.SHORT, "kill an instance", () -> {
                kill();
                ended(inspect());
                return null;
            });
            docker.surely(DockerCalls.SHORT, "remove an instance", () -> {
                remove(docker, containerId);
                return null;
            });
            reaper.forget(this);
            return true;
        } catch (EngineException e) {
            LOG.atWarn().setCause(e).addKeyValue("instance", id).log("an instance is left to be removed later");
            if (host.map(HostView::kill).orElse(false)) {
                exit.complete(new Exit(KILLED, outOfMemory.getCount() == 0));
            }
            reaper.abandon(this);
            return false;
        }
    }

    /// Looks at the state of the container after its start, and takes the view on it from the host.
    void started() throws EngineException, InterruptedException {
        var state = docker.within(DockerCalls.SHORT, "look at an instance", this::inspect);
        if (hasEnded(state)) {
            ended(state);
            return;
        }
        Long pid = state == null ? null : state.getPidLong();
        host = pid == null ? Optional.empty() : HostView.of(containerId, pid);
    }

    /// Completes the exit if the container doesn't run any more. For when events may have been missed.
    void verify() throws EngineException, InterruptedException {
        var state = docker.within(DockerCalls.SHORT, "look at an instance", this::inspect);
        if (hasEnded(state)) {
            ended(state);
        }
    }

    /// The daemon says that a process of the container was killed for its memory.
    void reportOutOfMemory() {
        outOfMemory.countDown();
    }

    /// The daemon says that the container has ended.
    void reportExit(int code) throws InterruptedException {
        boolean memory = code == KILLED && !killed
                && outOfMemory.await(OOM_REPORT_MILLIS, TimeUnit.MILLISECONDS);
        exit.complete(new Exit(code, memory || (code == KILLED && outOfMemory.getCount() == 0)));
    }

    /// Removes a container with all that belongs to it. Not an error when there is none.
    static void remove(DockerCalls docker, String containerId) {
        try {
            docker.client().removeContainerCmd(containerId).withForce(true).withRemoveVolumes(true).exec();
        } catch (NotFoundException _) {
            // Somebody was faster.
        }
    }

    private void kill() {
        try {
            docker.client().killContainerCmd(containerId).exec();
        } catch (ConflictException | NotFoundException _) {
            // It has ended by itself.
        }
    }

    private @Nullable ContainerState inspect() {
        try {
            return docker.client().inspectContainerCmd(containerId).exec().getState();
        } catch (NotFoundException _) {
            return null;
        }
    }

    /// Whether nothing runs any more. Not so of a container that has yet to be started.
    private static boolean hasEnded(@Nullable ContainerState state) {
        return state == null
                || (!Boolean.TRUE.equals(state.getRunning()) && !"created".equals(state.getStatus()));
    }

    private void ended(@Nullable ContainerState state) {
        Long code = state == null ? null : state.getExitCodeLong();
        boolean memory = outOfMemory.getCount() == 0
                || (state != null && Boolean.TRUE.equals(state.getOOMKilled()));
        int status = code == null ? KILLED : code.intValue();
        exit.complete(new Exit(status, memory && status == KILLED));
    }
}
