package io.nanogrid.gateway.http;

import io.javalin.http.Context;
import io.nanogrid.db.Scope;
import io.nanogrid.gateway.auth.ApiKeys;
import io.nanogrid.gateway.auth.Caller;
import io.nanogrid.gateway.auth.SignatureVerifier;
import io.nanogrid.gateway.auth.SignatureVerifier.SignedRequest;
import io.nanogrid.gateway.auth.SignatureVerifier.Verdict;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// Who may call Lambda's interface: by a signature, as AWS's clients send one, or by a key in `x-api-key`. Where there are no keys, a signature
/// counts for nothing and none is needed.
final class LambdaAccess {

    private final Guard guard;
    private final ApiKeys keys;
    private final SignatureVerifier signatures;

    LambdaAccess(Guard guard, ApiKeys keys, SignatureVerifier signatures) {
        this.guard = guard;
        this.keys = keys;
        this.signatures = signatures;
    }

    /// @throws RuntimeException a [Problem.Thrown] or a [LambdaError.Thrown] if the call isn't allowed
    void require(Context ctx) {
        guard.requireOwnPage(ctx);
        guard.admit(ctx, keys.required() ? caller(ctx) : null, Scope.INVOKE);
    }

    private Caller caller(Context ctx) {
        String presented = ctx.header(Guard.API_KEY);
        if (presented != null) {
            Caller caller = keys.identify(presented);
            if (caller == null) {
                throw LambdaError.unknownKey().thrown();
            }
            return caller;
        }
        return switch (signatures.verify(request(ctx))) {
            case Verdict.Signed(Caller caller) -> caller;
            case Verdict.Unsigned() -> throw LambdaError.notSigned().thrown();
            case Verdict.UnknownKey() -> throw LambdaError.unknownKey().thrown();
            case Verdict.Invalid(String why) -> throw LambdaError.badSignature(why).thrown();
        };
    }

    private static SignedRequest request(Context ctx) {
        Map<String, List<String>> headers = new TreeMap<>();
        for (String name : Collections.list(ctx.req().getHeaderNames())) {
            headers.put(name.toLowerCase(Locale.ROOT), Collections.list(ctx.req().getHeaders(name)));
        }
        String query = ctx.req().getQueryString();
        return new SignedRequest(ctx.req().getMethod(), ctx.req().getRequestURI(), query == null ? "" : query, headers,
                ctx::bodyAsBytes);
    }
}
