package io.nanogrid.gateway;

import com.sun.management.OperatingSystemMXBean;
import io.nanogrid.db.StorageException;
import io.nanogrid.gateway.config.ClusterConfig;
import io.nanogrid.gateway.config.ClusterConfig.Role;
import io.nanogrid.gateway.config.ConfigException;
import io.nanogrid.gateway.config.DotEnv;
import io.nanogrid.gateway.config.GatewayConfig;
import io.nanogrid.gateway.engine.EngineException;
import io.nanogrid.gateway.logs.LogProvider;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The process: a gateway, or with `ROLE=worker` a worker. With `--reset` it deletes what DATA_DIR holds instead of starting. Exit codes: 0 after an orderly stop, 78 where the configuration can't be used, 1 where the start fails otherwise.
public final class Main {

    private static final int EXIT_FAILED = 1;

    private Main() {
    }

    static void main(String[] args) throws IOException, InterruptedException {
        PrintStream err = System.err;
        GatewayConfig config;
        try {
            Map<String, String> environment = DotEnv.under(System.getenv(), Path.of(".env"));
            config = GatewayConfig.read(environment, machineMemoryMb());
        } catch (ConfigException e) {
            err.println("The configuration can't be used:");
            e.problems().forEach(problem -> err.println("  " + problem));
            System.exit(GatewayConfig.EXIT_CONFIG);
            return;
        }
        boolean json = config.logFormat() == GatewayConfig.LogFormat.JSON;
        configureLogging(json);
        if (List.of(args).contains("--reset")) {
            System.exit(reset(config.dataDirectory(), err));
        }
        ClusterConfig cluster = config.cluster();
        boolean worker = cluster != null && cluster.role() == Role.WORKER;
        String role = worker ? "worker" : "gateway";
        Service service;
        try {
            service = worker
                    ? new WorkerWiring(config, bundledPlugins(), version(), Wiring.Given.nothing())
                    : new Wiring(config, bundledPlugins(), version(), Wiring.Given.nothing());
        } catch (ConfigException e) {
            err.println("What the configuration counts on isn't there:");
            e.problems().forEach(problem -> err.println("  " + problem));
            System.exit(GatewayConfig.EXIT_CONFIG);
            return;
        } catch (DataDirectory.InUse e) {
            err.println("DATA_DIR: " + e.getMessage());
            System.exit(GatewayConfig.EXIT_CONFIG);
            return;
        } catch (IOException | EngineException | StorageException e) {
            LoggerFactory.getLogger(Main.class).error("The {} can't start: {}", role, e.getMessage());
            LoggerFactory.getLogger(Main.class).debug("It was stopped by this", e);
            System.exit(EXIT_FAILED);
            return;
        } catch (RuntimeException e) {
            LoggerFactory.getLogger(Main.class).error("The {} can't start", role, e);
            System.exit(EXIT_FAILED);
            return;
        }
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("shutdown").unstarted(() -> stop(service)));
        if (worker) {
            LoggerFactory.getLogger(Main.class).info("NanoGrid's worker is ready; its health and metrics are on {}",
                    url(config, service.port()));
        } else if (json) {
            LoggerFactory.getLogger(Main.class).info("NanoGrid is ready on {}", url(config, service.port()));
        } else {
            announce(config, service.port());
        }
    }

    private static int reset(Path data, PrintStream err) throws IOException {
        try {
            if (DataDirectory.reset(data)) {
                return 0;
            }
            err.println("DATA_DIR: " + data + " isn't a gateway's data directory; nothing was deleted");
        } catch (DataDirectory.InUse e) {
            err.println("DATA_DIR: " + e.getMessage() + "; nothing was deleted");
        }
        return GatewayConfig.EXIT_CONFIG;
    }

    /// Ends with 0, which the JVM wouldn't after a signal.
    private static void stop(Service service) {
        Logger log = LoggerFactory.getLogger(Main.class);
        log.info("Stopping: calls in flight finish first");
        service.close();
        log.info("Stopped");
        Runtime.getRuntime().halt(0);
    }

    private static String url(GatewayConfig config, int port) {
        return "http://" + (config.host().equals("0.0.0.0") ? "127.0.0.1" : config.host()) + ":" + port;
    }

    private static void announce(GatewayConfig config, int port) {
        String url = url(config, port);
        String key = config.apiKeys().isEmpty() ? "" : " -H \"x-api-key: $NANOGRID_API_KEY\"";
        PrintStream out = System.out;
        out.println();
        out.println("NanoGrid is ready on " + url + (config.apiKeys().isEmpty() && !config.allowAnonymous()
                ? "  (no API key: only this machine can reach it)"
                : ""));
        out.println("Try:  curl -X POST " + url + "/callback/deploy" + key
                + " -H 'content-type: application/json' -d '{\"callback_id\": 1001, \"status\": true}'");
        out.println("then: curl '" + url + "/api/hello?message=hi'");
        out.println("API:  " + url + "/docs");
        out.println();
        out.flush();
    }

    private static void configureLogging(boolean json) {
        LogProvider.use(json);
        Map<String, String> defaults = Map.of(
                "org.slf4j.simpleLogger.showDateTime", "true",
                "org.slf4j.simpleLogger.dateTimeFormat", "yyyy-MM-dd HH:mm:ss.SSS",
                "org.slf4j.simpleLogger.showThreadName", "false",
                "org.slf4j.simpleLogger.showShortLogName", "true",
                "org.slf4j.simpleLogger.log.org.eclipse.jetty", "warn",
                "org.slf4j.simpleLogger.log.io.javalin", "warn",
                "org.slf4j.simpleLogger.log.com.zaxxer.hikari", "warn",
                "org.slf4j.simpleLogger.log.com.github.dockerjava", "off",
                "org.slf4j.simpleLogger.log.org.pf4j", "warn");
        defaults.forEach((key, value) -> {
            if (System.getProperty(key) == null) {
                System.setProperty(key, value);
            }
        });
    }

    /// The plugins lie beside the gateway's jar.
    private static Path bundledPlugins() {
        try {
            Path jar = Path.of(Main.class.getProtectionDomain().getCodeSource().getLocation().toURI());
            return jar.resolveSibling("plugins");
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String version() {
        String version = Main.class.getPackage().getImplementationVersion();
        return version == null ? "dev" : version;
    }

    /// What this process may count on: a container's limit, where there is one.
    private static long machineMemoryMb() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? system.getTotalMemorySize() >> 20
                : Runtime.getRuntime().maxMemory() >> 20;
    }
}
