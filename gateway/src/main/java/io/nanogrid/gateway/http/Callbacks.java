package io.nanogrid.gateway.http;

import java.util.LinkedHashMap;
import io.nanogrid.gateway.auth.Caller;
import io.nanogrid.db.Scope;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.nanogrid.db.CallbackDraft;
import io.nanogrid.db.CallbackRecord;
import io.nanogrid.db.CallbackRepository;
import io.nanogrid.db.Definition;
import io.nanogrid.db.RefusedException;
import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.deploy.DefinitionReader;
import io.nanogrid.gateway.deploy.Deployer;
import io.nanogrid.gateway.deploy.FunctionCatalog;
import io.nanogrid.gateway.deploy.InvalidDefinition;
import io.nanogrid.gateway.logs.CallFeed;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// `/callbacks` and `/callbacks/{id}`: what is registered, whether or not it is deployed.
final class Callbacks {

    private static final Logger LOG = LoggerFactory.getLogger(Callbacks.class);

    private final CallbackRepository callbacks;
    private final DefinitionReader definitions;
    private final CodeStore store;
    private final Deployer deployer;
    private final FunctionCatalog catalog;
    private final CallFeed feed;

    Callbacks(CallbackRepository callbacks, DefinitionReader definitions, CodeStore store, Deployer deployer,
            FunctionCatalog catalog, CallFeed feed) {
        this.callbacks = callbacks;
        this.definitions = definitions;
        this.store = store;
        this.deployer = deployer;
        this.catalog = catalog;
        this.feed = feed;
    }

    void post(Context ctx) throws InvalidDefinition, IOException, InterruptedException {
        ObjectNode json = JsonBody.read(ctx, DefinitionReader.FIELDS);
        ctx.json(CallbackJson.callback(create(definitions.create(json))));
    }

    void list(Context ctx) {
        ctx.json(callbacks.list().stream().map(callback -> shown(ctx, callback)).toList());
    }

    /// The values of `env` may be secrets: they are for those who may set them.
    private static Map<String, @Nullable Object> shown(Context ctx, CallbackRecord callback) {
        Map<String, @Nullable Object> json = CallbackJson.callback(callback);
        Caller caller = Guard.caller(ctx);
        if (caller != null && !caller.may(Scope.DEPLOY)) {
            Map<String, @Nullable String> names = new LinkedHashMap<>();
            callback.function().draft().env().keySet().forEach(name -> names.put(name, null));
            json.put("env", names);
        }
        return json;
    }

    void get(Context ctx) {
        CallbackRecord callback = find(JsonBody.callbackId(ctx));
        Map<String, @Nullable Object> json = shown(ctx, callback);
        Definition draft = callback.function().draft();
        try {
            CodeBundle code = store.get(draft.codeHash());
            definitions.inlineText(draft.runtime(), code).ifPresentOrElse(text -> json.put("code", text),
                    () -> CallbackJson.addFiles(json, code));
        } catch (IOException e) {
            LOG.error("The code of callback {} can't be read", callback.id(), e);
            json.put("code", null);
            json.put("code_hint", CodeStore.isLost(e)
                    ? "the stored code is lost or damaged: send it again by PUT /callbacks/" + callback.id()
                            + ", and deploy"
                    : "the stored code can't be read at the moment: ask again later");
        }
        ctx.json(json);
    }

    void put(Context ctx) throws InvalidDefinition, IOException, InterruptedException {
        CallbackRecord callback = find(JsonBody.callbackId(ctx));
        ObjectNode json = JsonBody.read(ctx, DefinitionReader.FIELDS);
        CallbackDraft draft = definitions.change(json, callback.draft());
        ctx.json(CallbackJson.callback(update(callback.id(), draft)));
    }

    void delete(Context ctx) throws InterruptedException {
        long id = JsonBody.callbackId(ctx);
        CallbackRecord gone = deployer.delete(id);
        feed.functionDeleted(gone.function().id());
        ctx.json(Map.of("message", "Callback deleted", "callback_id", id));
    }

    void rollback(Context ctx) throws InterruptedException {
        Deploys.answer(ctx, deployer.rollback(JsonBody.callbackId(ctx)),
                done -> CallbackJson.withMessage("Callback rolled back", done.callback()));
    }

    private CallbackRecord find(long id) {
        return callbacks.find(id).orElseThrow(() -> new RefusedException.UnknownCallback(id));
    }

    /// The callback that a definition's path and method belong to, with that definition; made if there is none.
    CallbackRecord register(ObjectNode json) throws InvalidDefinition, IOException, InterruptedException {
        CallbackDraft draft = definitions.create(json);
        Optional<CallbackRecord> present = present(draft);
        if (present.isPresent()) {
            return update(present.get().id(), draft);
        }
        try {
            return create(draft);
        } catch (RefusedException.DuplicateRoute e) {
            // Somebody else has just made it, unless the route is only what another callback still serves.
            return update(present(draft).orElseThrow(() -> e).id(), draft);
        }
    }

    private CallbackRecord create(CallbackDraft draft) {
        return changed(callbacks.create(draft));
    }

    private CallbackRecord update(long id, CallbackDraft draft) {
        return changed(callbacks.update(id, draft));
    }

    private CallbackRecord changed(CallbackRecord callback) {
        catalog.changed(callback.function().id());
        return callback;
    }

    private Optional<CallbackRecord> present(CallbackDraft draft) {
        return callbacks.findByRoute(draft.endpoint().routeKey(), draft.endpoint().method());
    }
}
