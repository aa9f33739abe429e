package io.nanogrid.gateway.http;

import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.nanogrid.gateway.config.Drain;
import io.nanogrid.gateway.config.GatewayConfig;
import io.nanogrid.gateway.http.Parts.Platform;
import io.nanogrid.gateway.http.Parts.Watching;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.http.UriCompliance.Violation;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.component.Graceful;
import org.eclipse.jetty.util.thread.VirtualThreadPool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The gateway's HTTP side: the server that serves [Endpoints] and, in front of them, `/api/`, a virtual thread a request.
public final class HttpServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(HttpServer.class);

    /// In bytes: what a function may say in its headers, and room for the gateway's own.
    private static final int MAX_RESPONSE_HEAD = 32 << 10;

    /// Connections that the kernel holds until they are taken: those beyond are lost for a second, or reset.
    private static final int ACCEPT_QUEUE = 4096;

    final Javalin javalin;
    private final Drain drain;
    private final Health health;
    private final DeploySocket socket;
    private final Logs logs;

    /// @param drain how long calls in flight may go on when the gateway stops
    public HttpServer(Parts parts, KeptConnections kept, Drain drain) {
        this.drain = drain;
        Watching watching = parts.watching();
        Platform platform = parts.platform();
        this.health = new Health(watching.checks(), platform.engine(), platform.runtimes(), platform.pool(),
                parts.version());
        this.socket = new DeploySocket(parts.deploying().events(), parts.access().keys());
        this.logs = new Logs(parts.database().functions(), parts.database().callbacks(), parts.database().executions(),
                watching.log(), watching.feed(), parts.access().keys());
        this.javalin = Javalin.create(config -> {
            Common common = Common.of(parts);
            server(config, parts.config(), kept, api(parts, common));
            Endpoints.add(config, parts, common, health, socket, logs);
        });
    }

    private static void server(JavalinConfig config, GatewayConfig gateway, KeptConnections kept, ApiHandler api) {
        listen(config, gateway, kept);
        config.http.maxRequestSize = gateway.maxBodyBytes();
        config.http.prefer405over404 = true;
        // An open deploy stream must not be cut by the idle timeout of asynchronous requests.
        config.http.asyncTimeout = 0;
        config.jetty.modifyServer(server -> {
            server.insertHandler(api);
            // Lets calls in flight end when the server is shut down.
            server.insertHandler(new GracefulHandler());
            server.setErrorHandler(new RefusedRequests());
            // What is over the time is cut off: the waiting is done before.
            server.setStopTimeout(0);
        });
        config.jetty.modifyHttpConfiguration(http -> {
            http.setSendDateHeader(true);
            http.setMaxResponseHeaderSize(MAX_RESPONSE_HEAD);
            // `%u0041` is nobody's standard, and Javalin fails on it.
            http.setUriCompliance(http.getUriCompliance().without("NO_UTF16", Violation.UTF16_ENCODINGS));
        });
    }

    /// What a gateway's server and a worker's have in common.
    static void listen(JavalinConfig config, GatewayConfig gateway, KeptConnections kept) {
        config.startup.showJavalinBanner = false;
        config.startup.showOldJavalinVersionWarning = false;
        config.startup.startupWatcherEnabled = false;
        config.jetty.addConnector((server, http) -> {
            ServerConnector connector = new ServerConnector(server, new HttpConnectionFactory(http));
            connector.setHost(gateway.host());
            connector.setPort(gateway.port());
            connector.setAcceptQueueSize(ACCEPT_QUEUE);
            connector.setIdleTimeout(kept.idle().toMillis());
            connector.setShutdownIdleTimeout(kept.stopping().toMillis());
            return connector;
        });
        // Without a limit of its own: slow calls of one function must not keep others, or /health, from a thread.
        config.jetty.threadPool = new VirtualThreadPool(0);
        config.jetty.modifyHttpConfiguration(http -> http.setSendServerVersion(false));
    }

    private static ApiHandler api(Parts parts, Common common) {
        GatewayConfig config = parts.config();
        Cors cors = new Cors(config.corsOrigins());
        CallWriter writer = new CallWriter(() -> !parts.access().keys().required(), cors.configured());
        return new ApiHandler(parts.deploying().routes(), parts.running().invoke(), common.guard(), common.callers(),
                common.limits(), cors, common.idempotency(), writer, common.problems(), parts.watching().metrics(),
                config.maxBodyBytes());
    }

    /// Listens from here on.
    ///
    /// @return the port, which is the configured one unless that is 0
    public int start() {
        javalin.start();
        return javalin.port();
    }

    /// Takes no more connections, reports itself as unhealthy, waits for calls in flight as long as they have time, and cuts off the others.
    @Override
    public void close() {
        health.stopping();
        socket.close();
        logs.close();
        Server server = javalin.jettyServer().server();
        if (server.isStarted()) {
            finishCalls(server);
        }
        javalin.stop();
    }

    private void finishCalls(Server server) {
        try {
            Graceful.shutdown(server).get(drain.left().toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            LOG.warn("Calls that haven't ended within DRAIN_SECONDS are cut off");
        } catch (ExecutionException e) {
            LOG.error("Calls in flight can't be waited for", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
