package io.nanogrid.gateway.logs;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.ILoggerFactory;
import org.slf4j.IMarkerFactory;
import org.slf4j.Logger;
import org.slf4j.simple.SimpleServiceProvider;
import org.slf4j.spi.MDCAdapter;
import org.slf4j.spi.SLF4JServiceProvider;

/// The process's logging: slf4j-simple, with the request's id on each line, or one JSON object a line in its place. Which logger says what
/// is set by slf4j-simple's properties in both cases.
public final class LogProvider implements SLF4JServiceProvider {

    private static final String FORMAT = "nanogrid.log.format";

    private final SimpleServiceProvider simple = new SimpleServiceProvider();
    private final Map<String, Logger> loggers = new ConcurrentHashMap<>();

    /// Has slf4j take this provider. To be called before the first logger is made.
    public static void use(boolean json) {
        System.setProperty("slf4j.provider", LogProvider.class.getName());
        System.setProperty("slf4j.internal.verbosity", "WARN");
        System.setProperty(FORMAT, json ? "json" : "text");
    }

    @Override
    public void initialize() {
        simple.initialize();
    }

    @Override
    public ILoggerFactory getLoggerFactory() {
        boolean json = "json".equals(System.getProperty(FORMAT));
        return name -> loggers.computeIfAbsent(name, _ -> {
            Logger target = simple.getLoggerFactory().getLogger(name);
            return json ? new JsonLogger(target) : new TextLogger(target);
        });
    }

    @Override
    public IMarkerFactory getMarkerFactory() {
        return simple.getMarkerFactory();
    }

    @Override
    public MDCAdapter getMDCAdapter() {
        return simple.getMDCAdapter();
    }

    @Override
    public String getRequestedApiVersion() {
        return simple.getRequestedApiVersion();
    }
}
