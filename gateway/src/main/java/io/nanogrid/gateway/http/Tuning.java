package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.db.FunctionRecord;
import io.nanogrid.db.FunctionRepository;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.VersionRecord;
import io.nanogrid.db.VersionState;
import io.nanogrid.gateway.invoke.MemoryReport;
import io.nanogrid.gateway.invoke.MemoryTuner;
import io.nanogrid.gateway.pool.FunctionVersion;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `GET /functions/{id}/tuning`: how much memory a function's calls used, and which limit that suggests.
final class Tuning {

    private final FunctionRepository functions;
    private final MemoryTuner tuner;

    Tuning(FunctionRepository functions, MemoryTuner tuner) {
        this.functions = functions;
        this.tuner = tuner;
    }

    void get(Context ctx) throws InterruptedException {
        String id = ctx.pathParam("id");
        FunctionRecord function = functions.find(id).orElseThrow(() -> new RefusedException.UnknownFunction(id));
        VersionRecord version = version(function);
        int limit = version.definition().memoryMb();
        MemoryReport report = tuner.report(new FunctionVersion.Key(id, version.number()), limit);
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("functionId", id);
        json.put("version", version.number());
        json.put("memoryMb", limit);
        json.put("calls", report.calls());
        json.put("minBytes", report.min());
        json.put("p50Bytes", report.p50());
        json.put("p90Bytes", report.p90());
        json.put("p99Bytes", report.p99());
        json.put("maxBytes", report.max());
        json.put("histogram", report.histogram().stream().map(Tuning::bucket).toList());
        json.put("recommendedMemoryMb", report.recommendedMb());
        json.put("optimizationTip", report.tip());
        ctx.json(json);
    }

    /// What runs; where nothing does, the newest that could.
    private VersionRecord version(FunctionRecord function) {
        Integer current = function.currentVersion();
        return functions.versions(function.id()).stream()
                .filter(version -> current == null
                        ? version.state() == VersionState.READY
                        : version.number() == current)
                .findFirst().orElseThrow(() -> Problem.notFound("the function has never been deployed").thrown());
    }

    private static Map<String, @Nullable Object> bucket(MemoryReport.Bucket bucket) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("upToBytes", bucket.upTo());
        json.put("calls", bucket.calls());
        return json;
    }
}
