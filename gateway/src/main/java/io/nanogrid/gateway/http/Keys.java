package io.nanogrid.gateway.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.nanogrid.db.Scope;
import io.nanogrid.gateway.auth.ApiKeys;
import io.nanogrid.gateway.auth.KeyInfo;
import io.nanogrid.gateway.auth.KeyRefused;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// `/keys` and `/keys/{name}`: who may call, and what.
final class Keys {

    private static final Set<String> FIELDS = Set.of("name", "scopes", "sigv4");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    private static final List<String> SCOPES = Arrays.stream(Scope.values()).map(Scope::wireName).toList();

    private final ApiKeys keys;

    Keys(ApiKeys keys) {
        this.keys = keys;
    }

    void list(Context ctx) {
        ctx.json(Map.of("keys", keys.list().stream().map(Keys::json).toList()));
    }

    void post(Context ctx) throws KeyRefused, IOException {
        ObjectNode body = JsonBody.read(ctx, FIELDS);
        List<String> problems = new ArrayList<>();
        JsonNode name = body.path("name");
        if (!name.isTextual() || !NAME.matcher(name.textValue()).matches()) {
            problems.add("name must be 1 to 64 letters, digits and . _ -, and begin with a letter or a digit");
        }
        Set<Scope> scopes = scopes(body.path("scopes"));
        if (scopes.isEmpty()) {
            problems.add("scopes must be a list of one or more of " + SCOPES);
        }
        JsonNode sigv4 = body.path("sigv4");
        if (!sigv4.isMissingNode() && !sigv4.isBoolean()) {
            problems.add("sigv4 must be true or false");
        }
        if (!problems.isEmpty()) {
            throw Problem.badRequest("invalid_field", String.join("; ", problems)).thrown();
        }
        ApiKeys.NewKey made = keys.make(Guard.caller(ctx), name.textValue(), scopes, sigv4.asBoolean(false));
        Map<String, @Nullable Object> json = json(made.info());
        json.put("secret", made.secret());
        ctx.status(201).header("Cache-Control", "no-store").json(json);
    }

    /// Empty where it isn't a list of scopes.
    private static Set<Scope> scopes(JsonNode list) {
        Set<Scope> scopes = EnumSet.noneOf(Scope.class);
        for (JsonNode item : list) {
            Optional<Scope> scope = Arrays.stream(Scope.values())
                    .filter(known -> list.isArray() && known.wireName().equals(item.textValue())).findFirst();
            if (scope.isEmpty()) {
                return Set.of();
            }
            scopes.add(scope.get());
        }
        return scopes;
    }

    void delete(Context ctx) throws KeyRefused {
        String name = ctx.pathParam("name");
        keys.delete(Guard.caller(ctx), name);
        ctx.json(Map.of("success", true, "deletedId", name));
    }

    private static Map<String, @Nullable Object> json(KeyInfo key) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("name", key.name());
        json.put("scopes", SCOPES.stream()
                .filter(scope -> key.scopes().stream().anyMatch(has -> has.wireName().equals(scope))).toList());
        json.put("sigv4", key.sigv4());
        json.put("configured", key.createdAt() == null);
        json.put("createdAt", key.createdAt() == null ? null : key.createdAt().toString());
        return json;
    }
}
