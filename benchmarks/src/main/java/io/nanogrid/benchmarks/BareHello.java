package io.nanogrid.benchmarks;

import io.javalin.Javalin;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.util.thread.VirtualThreadPool;

/// The reference of every measurement: a Javalin that answers at once, without a function behind it.
///
/// The answer is made of bytes once: what serialising JSON costs is not the question here.
public final class BareHello {

    private static final byte[] ANSWER = "{\"reply\":\"hi\"}".getBytes(StandardCharsets.UTF_8);

    private BareHello() {
    }

    /// @param args the port, and optionally `jetty-pool`, for Jetty's own pool of virtual threads in place of Javalin's
    static void main(String[] args) {
        boolean jettyPool = args.length > 1 && args[1].equals("jetty-pool");
        Javalin.create(config -> {
            config.startup.showJavalinBanner = false;
            config.startup.showOldJavalinVersionWarning = false;
            config.jetty.host = "127.0.0.1";
            config.jetty.port = Integer.parseInt(args[0]);
            if (jettyPool) {
                config.jetty.threadPool = new VirtualThreadPool();
            } else {
                config.concurrency.useVirtualThreads = true;
            }
            config.routes.get("/hello", ctx -> ctx.contentType("application/json").result(ANSWER));
        }).start();
    }
}
