package io.nanogrid.gateway.engine.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.zerodep.ZerodepDockerHttpClient;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.engine.HostPaths;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The connection to the daemon. Every call has a deadline: the transport ignores its own response timeout on a unix socket, so a call
/// runs in a virtual thread, and interrupting that frees it.
///
/// Safe for use by many threads. Connections are made when they are needed, so a daemon that comes back is found again.
final class DockerCalls implements AutoCloseable {

    /// For calls that a healthy daemon answers in milliseconds.
    static final Duration SHORT = Duration.ofSeconds(20);

    private static final Logger LOG = LoggerFactory.getLogger(DockerCalls.class);

    private final DockerClient client;
    private final ExecutorService threads = Executors
            .newThreadPerTaskExecutor(Thread.ofVirtual().name("docker-call-", 0).factory());

    DockerCalls(@Nullable String host) {
        var builder = DefaultDockerClientConfig.createDefaultConfigBuilder();
        if (host != null) {
            builder = builder.withDockerHost(host);
        }
        var config = builder.build();
        var http = new ZerodepDockerHttpClient.Builder()
                .dockerHost(config.getDockerHost())
                .sslConfig(config.getSSLConfig())
                .maxConnections(1000)
                .build();
        client = DockerClientImpl.getInstance(config, http);
    }

    DockerClient client() {
        return client;
    }

    /// Runs `call` and gives its result.
    ///
    /// @param what completes the sentence "Docker couldn't …"
    /// @throws EngineException if the daemon refuses, is gone, or doesn't answer in time
    <T extends @Nullable Object> T within(Duration deadline, String what, Callable<T> call)
            throws EngineException, InterruptedException {
        Future<T> future = threads.submit(call);
        try {
            return future.get(deadline.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new EngineException("Docker couldn't " + what + " within " + readable(deadline)
                    + ": check that the daemon works, or restart it", e);
        } catch (ExecutionException e) {
            throw translate(what, e);
        } finally {
            future.cancel(true);
        }
    }

    /// As [#within], for what must be done even if the calling thread is interrupted, such as killing.
    <T extends @Nullable Object> T surely(Duration deadline, String what, Callable<T> call) throws EngineException {
        Future<T> future = threads.submit(() -> within(deadline, what, call));
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get();
                } catch (InterruptedException _) {
                    interrupted = true;
                }
            }
        } catch (ExecutionException e) {
            throw translate(what, e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static EngineException translate(String what, ExecutionException e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        return switch (cause) {
            case EngineException already -> already;
            case DockerException refused -> {
                String reason = reason(refused);
                String harmless = HostPaths.hide(reason);
                if (!harmless.equals(reason)) {
                    LOG.warn("Docker couldn't {}: {}", what, reason);
                }
                yield new EngineException("Docker couldn't " + what + ": " + harmless, refused);
            }
            case Throwable other when isConnectionFailure(other) -> new EngineException(
                    "Docker couldn't " + what + ": the daemon doesn't answer. Start it and check DOCKER_HOST, "
                            + "or use the engine that needs no daemon with ENGINE=sandbox",
                    other);
            default -> {
                LOG.warn("Docker couldn't {}", what, cause);
                yield new EngineException("Docker couldn't " + what + ": the gateway's log says why", cause);
            }
        };
    }

    /// The daemon's own words out of `Status 404: {"message":"…"}`.
    private static String reason(DockerException refused) {
        String message = String.valueOf(refused.getMessage()).strip();
        int start = message.indexOf("{\"message\":\"");
        int end = message.lastIndexOf("\"}");
        return start < 0 || end < start ? message : message.substring(start + 12, end).replace("\\n", " ");
    }

    static boolean isConnectionFailure(Throwable failure) {
        for (Throwable at = failure; at != null; at = at.getCause()) {
            if (at instanceof IOException || at instanceof UncheckedIOException) {
                return true;
            }
        }
        return false;
    }

    private static String readable(Duration time) {
        return time.toSeconds() > 0 ? time.toSeconds() + " s" : time.toMillis() + " ms";
    }

    @Override
    public void close() {
        threads.shutdownNow();
        try {
            client.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
