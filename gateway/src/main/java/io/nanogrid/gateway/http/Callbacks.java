package io.nanogrid.gateway.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.nanogrid.db.CallbackDraft;
import io.nanogrid.db.CallbackRecord;
import io.nanogrid.db.CallbackRepository;
import io.nanogrid.db.RefusedException;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.deploy.DefinitionReader;
import io.nanogrid.gateway.deploy.Deployer;
import io.nanogrid.gateway.deploy.InvalidDefinition;
import io.nanogrid.gateway.engine.EngineException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `/callbacks` and `/callbacks/{id}`: what is registered, whether or not it is deployed.
final class Callbacks {

    private final CallbackRepository callbacks;
    private final DefinitionReader definitions;
    private final CodeStore store;
    private final Deployer deployer;

    Callbacks(CallbackRepository callbacks, DefinitionReader definitions, CodeStore store, Deployer deployer) {
        this.callbacks = callbacks;
        this.definitions = definitions;
        this.store = store;
        this.deployer = deployer;
    }

    void post(Context ctx) throws InvalidDefinition, IOException, InterruptedException {
        ObjectNode json = JsonBody.read(ctx, DefinitionReader.FIELDS);
        ctx.json(CallbackJson.callback(callbacks.create(definitions.create(json))));
    }

    void list(Context ctx) {
        ctx.json(callbacks.list().stream().map(CallbackJson::callback).toList());
    }

    void get(Context ctx) throws IOException {
        CallbackRecord callback = find(JsonBody.callbackId(ctx));
        Map<String, @Nullable Object> json = CallbackJson.callback(callback);
        try {
            CallbackJson.addCode(json, store.get(callback.function().draft().codeHash()));
        } catch (NoSuchFileException e) {
            json.put("code", null);
        }
        ctx.json(json);
    }

    void put(Context ctx) throws InvalidDefinition, IOException, InterruptedException {
        CallbackRecord callback = find(JsonBody.callbackId(ctx));
        ObjectNode json = JsonBody.read(ctx, DefinitionReader.FIELDS);
        CallbackDraft draft = definitions.change(json, callback.draft());
        ctx.json(CallbackJson.callback(callbacks.update(callback.id(), draft)));
    }

    void delete(Context ctx) {
        long id = JsonBody.callbackId(ctx);
        deployer.delete(id);
        ctx.json(Map.of("message", "Callback deleted", "callback_id", id));
    }

    void rollback(Context ctx) throws InterruptedException, InvalidDefinition, EngineException, IOException {
        CallbackRecord callback = deployer.rollback(JsonBody.callbackId(ctx));
        ctx.json(CallbackJson.withMessage("Callback rolled back", callback));
    }

    private CallbackRecord find(long id) {
        return callbacks.find(id).orElseThrow(() -> new RefusedException.UnknownCallback(id));
    }

    /// The callback that a definition's path and method belong to, with that definition; made if there is none.
    CallbackRecord register(ObjectNode json) throws InvalidDefinition, IOException, InterruptedException {
        CallbackDraft draft = definitions.create(json);
        List<CallbackRecord> present = callbacks.findByRoute(draft.endpoint().routeKey(), draft.endpoint().method())
                .stream().toList();
        return present.isEmpty()
                ? callbacks.create(draft)
                : callbacks.update(present.getFirst().id(), draft);
    }
}
