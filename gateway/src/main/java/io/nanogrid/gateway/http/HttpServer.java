package io.nanogrid.gateway.http;

import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.nanogrid.gateway.config.GatewayConfig;
import io.nanogrid.gateway.http.Parts.Platform;
import io.nanogrid.gateway.http.Parts.Watching;
import java.time.Duration;
import org.eclipse.jetty.http.UriCompliance.Violation;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.thread.VirtualThreadPool;

/// The gateway's HTTP side: the server that serves [Endpoints] and, in front of them, `/api/`, a virtual thread a request.
public final class HttpServer implements AutoCloseable {

    /// In bytes: what a function may say in its headers, and room for the gateway's own.
    private static final int MAX_RESPONSE_HEAD = 32 << 10;

    /// Connections that the kernel holds until they are taken: those beyond are lost for a second, or reset.
    private static final int ACCEPT_QUEUE = 4096;

    final Javalin javalin;
    private final Health health;
    private final DeploySocket socket;
    private final Logs logs;

    public HttpServer(Parts parts, KeptConnections kept) {
        Watching watching = parts.watching();
        Platform platform = parts.platform();
        this.health = new Health(parts.database(), platform.engine(), platform.runtimes(), platform.pool(),
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
        config.http.maxRequestSize = gateway.maxBodyBytes();
        config.http.prefer405over404 = true;
        // An open deploy stream must not be cut by the idle timeout of asynchronous requests.
        config.http.asyncTimeout = 0;
        config.jetty.modifyServer(server -> {
            server.insertHandler(api);
            stopGracefully(server, gateway.drain());
        });
        config.jetty.modifyHttpConfiguration(http -> {
            http.setSendServerVersion(false);
            http.setSendDateHeader(true);
            http.setMaxResponseHeaderSize(MAX_RESPONSE_HEAD);
            // `%u0041` is nobody's standard, and Javalin fails on it.
            http.setUriCompliance(http.getUriCompliance().without("NO_UTF16", Violation.UTF16_ENCODINGS));
        });
    }

    /// Stops taking connections at once, and lets calls in flight end.
    private static void stopGracefully(Server server, Duration drain) {
        server.setStopTimeout(drain.toMillis());
        server.insertHandler(new GracefulHandler());
        server.setErrorHandler(new RefusedRequests());
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

    /// Takes no more connections, reports itself as unhealthy, and waits for calls in flight as long as the configuration says.
    @Override
    public void close() {
        health.stopping();
        socket.close();
        logs.close();
        javalin.stop();
    }
}
