package io.nanogrid.gateway.engine.docker;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.Event;
import com.github.dockerjava.api.model.EventType;
import io.nanogrid.gateway.engine.EngineException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Knows every instance, hears from the daemon when one ends, and removes the containers of this gateway that nobody knows: those of an
/// earlier life, and those whose start or removal got lost.
///
/// Two virtual threads: one reads events and reconnects, one sweeps. Safe for use by many threads.
final class Reaper implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Reaper.class);

    private static final Duration RETRY = Duration.ofSeconds(1);
    private static final Duration SWEEP_EVERY = Duration.ofSeconds(30);

    private final DockerCalls docker;
    private final String gatewayId;

    /// By container id.
    private final Map<String, DockerInstance> instances = new ConcurrentHashMap<>();

    /// Ids of the instances, and of installers, that may have a container; set before it is created.
    private final Set<String> claimed = ConcurrentHashMap.newKeySet();

    /// One permit wakes the sweeper.
    private final Semaphore work = new Semaphore(0);

    private final Thread listener;
    private final Thread sweeper;
    private volatile boolean closed;
    private volatile ResultCallback.@Nullable Adapter<Event> stream;

    Reaper(DockerCalls docker, String gatewayId) {
        this.docker = docker;
        this.gatewayId = gatewayId;
        listener = Thread.ofVirtual().name("docker-events").start(this::listen);
        sweeper = Thread.ofVirtual().name("docker-sweeper").start(this::sweepWhenNeeded);
    }

    /// From now on a container with this instance id is wanted.
    void claim(String id) {
        claimed.add(id);
    }

    /// From now on a container with this instance id isn't wanted any more: what there is of it will be removed.
    void disclaim(String id) {
        claimed.remove(id);
        work.release();
    }

    void watch(DockerInstance instance) {
        instances.put(instance.containerId(), instance);
    }

    /// The instance's container has been removed.
    void forget(DockerInstance instance) {
        instances.remove(instance.containerId());
        claimed.remove(instance.id());
    }

    /// The instance's container couldn't be removed: try until it can. Its exit completes then at the latest.
    void abandon(DockerInstance instance) {
        disclaim(instance.id());
    }

    List<DockerInstance> instances() {
        return List.copyOf(instances.values());
    }

    /// Removes each container of this gateway that nobody has claimed.
    void sweep() throws EngineException, InterruptedException {
        List<Container> found = docker.within(DockerCalls.SHORT, "list the containers of this gateway",
                () -> docker.client().listContainersCmd().withShowAll(true)
                        .withLabelFilter(Map.of(Labels.GATEWAY, gatewayId)).exec());
        Set<String> running = new HashSet<>();
        for (Container container : found) {
            if ("running".equals(container.getState())) {
                running.add(container.getId());
            }
            String id = container.getLabels() == null ? null : container.getLabels().get(Labels.INSTANCE);
            if (id != null && !claimed.contains(id)) {
                LOG.atInfo().addKeyValue("container", container.getId())
                        .log("removing a container that was left behind");
                docker.within(DockerCalls.SHORT, "remove a container", () -> {
                    DockerInstance.remove(docker, container.getId());
                    return null;
                });
            }
        }
        for (DockerInstance instance : instances()) {
            if (!running.contains(instance.containerId())) {
                instance.verify();
            }
            if (!claimed.contains(instance.id())) {
                instances.remove(instance.containerId());
            }
        }
    }

    private void sweepWhenNeeded() {
        while (!closed) {
            try {
                // Now and then unasked: a container whose creation was given up can appear after the sweep that looked for it.
                var _ = work.tryAcquire(SWEEP_EVERY.toMillis(), TimeUnit.MILLISECONDS);
                work.drainPermits();
                sweepUntilDone();
            } catch (InterruptedException _) {
                return;
            }
        }
    }

    private void sweepUntilDone() throws InterruptedException {
        while (!closed) {
            try {
                sweep();
                return;
            } catch (EngineException e) {
                LOG.atDebug().setCause(e).log("containers can't be removed yet");
                Thread.sleep(RETRY);
            }
        }
    }

    private void listen() {
        long since = Instant.now().getEpochSecond();
        while (!closed) {
            var events = new ResultCallback.Adapter<Event>() {
                @Override
                public void onNext(Event event) {
                    report(event);
                }

                @Override
                public void onError(Throwable failure) {
                    LOG.atDebug().setCause(failure).log("the stream of events has ended");
                    onComplete();
                }
            };
            stream = events;
            long connected = Instant.now().getEpochSecond();
            try (events) {
                docker.client().eventsCmd().withEventTypeFilter(EventType.CONTAINER).withEventFilter("die", "oom")
                        .withLabelFilter(Map.of(Labels.GATEWAY, gatewayId)).withSince(Long.toString(since))
                        .exec(events).awaitCompletion();
            } catch (InterruptedException _) {
                return;
            } catch (IOException | RuntimeException e) {
                LOG.atDebug().setCause(e).log("the stream of events has ended");
            }
            since = connected;
            try {
                Thread.sleep(RETRY);
            } catch (InterruptedException _) {
                return;
            }
            // What happened meanwhile may be lost with the daemon's memory.
            work.release();
        }
    }

    private void report(Event event) {
        DockerInstance instance = event.getId() == null ? null : instances.get(event.getId());
        if (instance == null || event.getAction() == null) {
            return;
        }
        if (event.getAction().equals("oom")) {
            instance.reportOutOfMemory();
        } else if (event.getAction().equals("die") && event.getActor() != null
                && event.getActor().getAttributes() != null) {
            int code = Integer.parseInt(event.getActor().getAttributes().getOrDefault("exitCode", "137"));
            // Waits for a report about memory, which comes through this thread.
            Thread.ofVirtual().start(() -> {
                try {
                    instance.reportExit(code);
                } catch (InterruptedException _) {
                    Thread.currentThread().interrupt();
                }
            });
        }
    }

    @Override
    public void close() {
        closed = true;
        listener.interrupt();
        sweeper.interrupt();
        var events = stream;
        if (events != null) {
            try {
                events.close();
            } catch (IOException e) {
                LOG.atDebug().setCause(e).log("the stream of events can't be closed");
            }
        }
    }
}
