package io.nanogrid.gateway.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/// All figures that `/metrics` shows. Safe for use by many threads.
public final class Metrics implements AutoCloseable {

    public static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics collections = new JvmGcMetrics();
    private final RequestMetrics requests = new RequestMetrics(registry);
    private final CallMetrics calls = new CallMetrics(registry);
    private final Map<Fault, Counter> errors = new ConcurrentHashMap<>();
    private final Map<Build, Timer> builds = new ConcurrentHashMap<>();

    private record Fault(String component, String reason) {
    }

    private record Build(String result, boolean cached) {
    }

    public Metrics() {
        collections.bindTo(registry);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
    }

    public RequestMetrics requests() {
        return requests;
    }

    public CallMetrics calls() {
        return calls;
    }

    /// An answer in error.
    ///
    /// @param component whose fault it was, and `reason` which: stable words, of which there are few
    public void error(String component, String reason) {
        errors.computeIfAbsent(new Fault(component, reason),
                fault -> Counter.builder("nanogrid.errors").description("Answers in error by component and reason")
                        .tag("component", fault.component).tag("reason", fault.reason).register(registry))
                .increment();
    }

    /// @param result a stable word for what the build ended as
    /// @param cached whether nothing had to be installed for it
    public void build(String result, boolean cached, Duration took) {
        builds.computeIfAbsent(new Build(result, cached),
                build -> Buckets.timer(registry, "nanogrid.build",
                        "Time that builds took, by their end and whether their libraries were there already", "result",
                        build.result, "cached", String.valueOf(build.cached)))
                .record(took);
    }

    /// Shows a figure of a moment, which is read each time that somebody looks.
    public void gauge(String name, String help, Supplier<Number> read) {
        Gauge.builder(name, read).description(help).strongReference(true).register(registry);
    }

    /// Shows figures of a moment, one for each value of a label, which are read once each time that somebody looks.
    ///
    /// @param read may throw: the figures are then left out
    public void gauges(String name, String help, String label, Supplier<? extends Map<String, ? extends Number>> read) {
        collect(read, values -> {
            GaugeSnapshot.Builder all = GaugeSnapshot.builder().name(name).help(help);
            values.forEach((value, number) -> all.dataPoint(GaugeSnapshot.GaugeDataPointSnapshot.builder()
                    .labels(Labels.of(label, value)).value(number.doubleValue()).build()));
            return all.build();
        });
    }

    /// One of several figures that are read together.
    public record Figure(String name, String help, double value) {
    }

    /// Shows figures of a moment that belong together, which are read once each time that somebody looks.
    ///
    /// @param read may throw: the figures are then left out
    public void figures(Supplier<List<Figure>> read) {
        MultiCollector collector = () -> {
            MetricSnapshots.Builder all = MetricSnapshots.builder();
            try {
                read.get().forEach(figure -> all.metricSnapshot(GaugeSnapshot.builder().name(figure.name)
                        .help(figure.help).dataPoint(new GaugeSnapshot.GaugeDataPointSnapshot(figure.value,
                                Labels.EMPTY, null))
                        .build()));
            } catch (RuntimeException e) {
                return MetricSnapshots.of();
            }
            return all.build();
        };
        registry.getPrometheusRegistry().register(collector);
    }

    /// As [#gauges], for what only grows.
    ///
    /// @param name `_total` is added to it
    public void counters(String name, String help, String label,
            Supplier<? extends Map<String, ? extends Number>> read) {
        collect(read, values -> {
            CounterSnapshot.Builder all = CounterSnapshot.builder().name(name).help(help);
            values.forEach((value, number) -> all.dataPoint(CounterSnapshot.CounterDataPointSnapshot.builder()
                    .labels(Labels.of(label, value)).value(number.doubleValue()).build()));
            return all.build();
        });
    }

    @FunctionalInterface
    private interface Shape {
        MetricSnapshot of(Map<String, ? extends Number> values);
    }

    private void collect(Supplier<? extends Map<String, ? extends Number>> read, Shape shape) {
        Collector collector = () -> {
            try {
                return shape.of(read.get());
            } catch (RuntimeException e) {
                // A database that fails must not take the other figures away, least of all then.
                return shape.of(Map.of());
            }
        };
        registry.getPrometheusRegistry().register(collector);
    }

    /// Writes all of them in Prometheus's text format, as [#CONTENT_TYPE].
    public void write(OutputStream out) throws IOException {
        registry.scrape(out, CONTENT_TYPE);
    }

    @Override
    public void close() {
        collections.close();
        registry.close();
    }
}
