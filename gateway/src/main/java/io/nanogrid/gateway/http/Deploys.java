package io.nanogrid.gateway.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.nanogrid.db.CallbackRecord;
import io.nanogrid.db.CallbackRepository;
import io.nanogrid.db.RefusedException;
import io.nanogrid.gateway.deploy.BuildFault;
import io.nanogrid.gateway.deploy.DefinitionReader;
import io.nanogrid.gateway.deploy.DeployEvents;
import io.nanogrid.gateway.deploy.DeployOutcome;
import io.nanogrid.gateway.deploy.Deployer;
import io.nanogrid.gateway.deploy.InvalidDefinition;
import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// `POST /callback/deploy` in both its forms, and `POST /deploy`.
final class Deploys {

    private static final Logger LOG = LoggerFactory.getLogger(Deploys.class);
    private static final Set<String> SHORT_FORM = Set.of("callback_id", "status", "c_type");

    private final CallbackRepository repository;
    private final Callbacks callbacks;
    private final Deployer deployer;
    private final DeployStream stream;

    Deploys(CallbackRepository repository, Callbacks callbacks, Deployer deployer, DeployEvents events,
            Problems problems) {
        this.repository = repository;
        this.callbacks = callbacks;
        this.deployer = deployer;
        this.stream = new DeployStream(events, problems);
    }

    /// `{"callback_id": 1001, "status": true}`, or a whole definition. Waits for the end of the build, unless the caller asks
    /// for a stream or for an answer at once.
    void deploy(Context ctx) throws InvalidDefinition, IOException, InterruptedException {
        Set<String> known = new TreeSet<>(DefinitionReader.FIELDS);
        known.addAll(SHORT_FORM);
        ObjectNode json = JsonBody.read(ctx, known);
        boolean up = requestedStatus(json);
        requireEngineType(json);
        CallbackRecord callback = json.has("callback_id") ? known(json) : callbacks.register(definition(json));
        if (!up) {
            ctx.json(CallbackJson.withMessage("Callback undeployed", deployer.undeploy(callback.id())));
        } else if (accepts(ctx, "text/event-stream")) {
            stream.run(ctx, deployer.accept(callback.id()));
        } else if (prefersAsync(ctx)) {
            ctx.status(202).header("Preference-Applied", "respond-async");
            answerAtOnce(ctx, deployer.accept(callback.id()));
        } else {
            answer(ctx, deployer.deploy(callback.id()), CallbackJson::deployed);
        }
    }

    /// Answers at once with the status `build`; the build goes on.
    void deployLater(Context ctx) throws InterruptedException {
        ObjectNode json = JsonBody.read(ctx, SHORT_FORM);
        boolean up = requestedStatus(json);
        requireEngineType(json);
        CallbackRecord callback = known(json);
        if (up) {
            answerAtOnce(ctx, deployer.accept(callback.id()));
        } else {
            ctx.json(CallbackJson.withMessage("Callback undeployed", deployer.undeploy(callback.id())));
        }
    }

    private static void answerAtOnce(Context ctx, Deployer.Accepted accepted) {
        CallbackRecord callback = accepted.callback();
        Thread.startVirtualThread(() -> {
            try {
                accepted.run();
            } catch (InterruptedException | RuntimeException | Error e) {
                LOG.error("The deploy of callback {} failed: {}", callback.id(), e.toString());
            }
        });
        ctx.json(CallbackJson.withMessage("Deploy accepted", callback));
    }

    /// @param success makes the answer where a version went live
    static void answer(Context ctx, DeployOutcome outcome,
            Function<DeployOutcome.Deployed, Map<String, @Nullable Object>> success) {
        switch (outcome) {
            case DeployOutcome.Deployed deployed -> ctx.json(success.apply(deployed));
            case BuildFault.Failed failed -> Problems.write(ctx, DeployStream.problem(failed));
            case BuildFault.Unavailable unavailable -> Problems.write(ctx, DeployStream.problem(unavailable));
        }
    }

    private static boolean requestedStatus(ObjectNode json) {
        JsonNode status = json.path("status");
        if (!status.isMissingNode() && !status.isBoolean()) {
            throw Problem.badRequest("invalid_field", "status must be true, to deploy, or false, to undeploy").thrown();
        }
        return status.asBoolean(true);
    }

    private static void requireEngineType(ObjectNode json) {
        JsonNode type = json.path("c_type");
        if (!type.isMissingNode() && !type.isNull() && !type.asText().equals("docker")) {
            throw Problem.badRequest("invalid_field", "c_type may be docker, or left out").thrown();
        }
    }

    private CallbackRecord known(ObjectNode json) {
        TreeSet<String> extra = new TreeSet<>();
        json.fieldNames().forEachRemaining(name -> {
            if (!SHORT_FORM.contains(name)) {
                extra.add(name);
            }
        });
        if (!extra.isEmpty()) {
            throw Problem.unknownFields("with callback_id, only status and c_type may be given, not " + extra
                    + ": change a callback by PUT /callbacks/{id}").thrown();
        }
        long id = JsonBody.callbackId(json);
        return repository.find(id).orElseThrow(() -> new RefusedException.UnknownCallback(id));
    }

    private static ObjectNode definition(ObjectNode json) {
        ObjectNode definition = json.deepCopy();
        definition.remove(SHORT_FORM);
        return definition;
    }

    private static boolean accepts(Context ctx, String type) {
        String accept = ctx.header("Accept");
        return accept != null && accept.toLowerCase(Locale.ROOT).contains(type);
    }

    private static boolean prefersAsync(Context ctx) {
        String prefer = ctx.header("Prefer");
        return prefer != null && prefer.toLowerCase(Locale.ROOT).contains("respond-async");
    }
}
