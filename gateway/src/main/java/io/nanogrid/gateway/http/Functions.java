package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.db.FunctionRecord;
import io.nanogrid.db.FunctionRepository;
import io.nanogrid.db.Page;
import io.nanogrid.db.RefusedException;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.deploy.BuildFault;
import io.nanogrid.gateway.deploy.FunctionDefinitionReader;
import io.nanogrid.gateway.deploy.FunctionDeployer;
import io.nanogrid.gateway.deploy.FunctionOutcome;
import io.nanogrid.gateway.deploy.InvalidDefinition;
import io.nanogrid.gateway.logs.CallFeed;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// `/functions`, `/functions/{id}` and `/upload`: functions with or without a callback, of which only the latter are changed here.
final class Functions {

    private static final Logger LOG = LoggerFactory.getLogger(Functions.class);
    private static final int MAX_LIMIT = 200;

    private final FunctionRepository functions;
    private final FunctionDefinitionReader definitions;
    private final FunctionDeployer deployer;
    private final CodeStore store;
    private final Path uploads;
    private final long maxBodyBytes;
    private final CallFeed feed;

    /// @param uploads where uploaded files go for the time being
    Functions(FunctionRepository functions, FunctionDefinitionReader definitions, FunctionDeployer deployer,
            CodeStore store, Path uploads, long maxBodyBytes, CallFeed feed) {
        this.functions = functions;
        this.definitions = definitions;
        this.deployer = deployer;
        this.store = store;
        this.uploads = uploads;
        this.maxBodyBytes = maxBodyBytes;
        this.feed = feed;
    }

    void post(Context ctx) throws InvalidDefinition, IOException, InterruptedException {
        try (Upload upload = Upload.read(ctx, uploads, maxBodyBytes)) {
            FunctionOutcome outcome = deployer.create(definitions.create(upload.fields(), upload.file()));
            if (outcome instanceof FunctionOutcome.Current(FunctionRecord function, _, _, _, _)) {
                ctx.status(201).header("Location", "/functions/" + function.id());
            }
            answer(ctx, outcome);
        }
    }

    void put(Context ctx) throws InvalidDefinition, IOException, InterruptedException {
        String id = ctx.pathParam("id");
        try (Upload upload = Upload.read(ctx, uploads, maxBodyBytes)) {
            answer(ctx, deployer.update(id,
                    present -> definitions.change(upload.fields(), upload.file(), present)));
        }
    }

    private void answer(Context ctx, FunctionOutcome outcome) {
        switch (outcome) {
            case FunctionOutcome.Current current -> {
                Map<String, @Nullable Object> json = withCode(current.function());
                json.put("image", current.image());
                json.put("build", Map.of("durationMs", current.took().toMillis(), "cached", current.cached(), "log",
                        current.log()));
                ctx.json(json);
            }
            case BuildFault.Failed failed -> Problems.write(ctx, DeployStream.problem(failed));
            case BuildFault.Unavailable unavailable -> Problems.write(ctx, DeployStream.problem(unavailable));
        }
    }

    private static Map<String, @Nullable Object> succeeded() {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("success", true);
        return json;
    }

    void list(Context ctx) {
        ListQuery query = new ListQuery(ctx);
        int limit = query.limit(MAX_LIMIT);
        String cursor = query.cursor();
        Page<FunctionRecord> page = ListQuery.page(() -> functions.list(limit, cursor));
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("functions", page.items().stream().map(FunctionJson::function).toList());
        json.put("nextCursor", page.nextCursor());
        ctx.json(json);
    }

    void get(Context ctx) {
        String id = ctx.pathParam("id");
        FunctionRecord function = functions.find(id).orElseThrow(() -> new RefusedException.UnknownFunction(id));
        ctx.json(withCode(function));
    }

    void delete(Context ctx) throws InterruptedException {
        String id = ctx.pathParam("id");
        deployer.delete(id);
        feed.functionDeleted(id);
        Map<String, @Nullable Object> json = succeeded();
        json.put("deletedId", id);
        ctx.json(json);
    }

    private Map<String, @Nullable Object> withCode(FunctionRecord function) {
        Map<String, @Nullable Object> json = succeeded();
        json.putAll(FunctionJson.function(function));
        try {
            FunctionJson.addCode(json, store.get(function.running().codeHash()));
        } catch (IOException e) {
            LOG.error("The code of function {} can't be read", function.id(), e);
            json.put("codeHint", "the stored code is lost or damaged: send it again by PUT /functions/"
                    + function.id());
        }
        return json;
    }
}
