package io.nanogrid.gateway.aws;

import io.nanogrid.gateway.auth.ApiKeys;
import io.nanogrid.gateway.auth.SignatureVerifier;
import io.nanogrid.gateway.auth.SigningKey;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// AWS Signature Version 4 in the header `Authorization`, as SDKs sign calls of Lambda. The access key id is a key's name. Any region will do.
public final class SigV4Verifier implements SignatureVerifier {

    private static final String ALGORITHM = "AWS4-HMAC-SHA256";
    private static final Pattern AUTHORIZATION = Pattern.compile(ALGORITHM
            + " +Credential=([^/,\\s]+)/((\\d{8})/[A-Za-z0-9-]+/lambda/aws4_request), *SignedHeaders=([a-z0-9;._-]+), *"
            + "Signature=([0-9a-f]{64})");
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'", Locale.ROOT);
    private static final Duration TOLERANCE = Duration.ofMinutes(5);
    private static final String DATE = "x-amz-date";
    private static final String PAYLOAD_HASH = "x-amz-content-sha256";

    private final ApiKeys keys;
    private final InstantSource clock;

    public SigV4Verifier(ApiKeys keys, InstantSource clock) {
        this.keys = keys;
        this.clock = clock;
    }

    /// What an `Authorization` header says.
    ///
    /// @param scope date, region and service, as they are signed
    private record Signature(String keyName, String scope, String day, List<String> signedHeaders, String value) {
    }

    @Override
    public Verdict verify(SignedRequest request) {
        String header = single(request, "authorization");
        if (header == null || !header.startsWith(ALGORITHM)) {
            return new Verdict.Unsigned();
        }
        Matcher parts = AUTHORIZATION.matcher(header);
        if (!parts.matches()) {
            return new Verdict.Invalid(
                    "Authorization must be " + ALGORITHM + " with a Credential for the service lambda, "
                            + "SignedHeaders and a Signature");
        }
        Signature signature = new Signature(parts.group(1), parts.group(2), parts.group(3),
                List.of(parts.group(4).split(";")), parts.group(5));
        Optional<SigningKey> key = keys.signingKey(signature.keyName);
        if (key.isEmpty()) {
            return new Verdict.UnknownKey();
        }
        String fault = fault(request, signature);
        if (fault != null) {
            return new Verdict.Invalid(fault);
        }
        return verify(request, signature, key.get());
    }

    /// What can be found wrong without the body.
    private @Nullable String fault(SignedRequest request, Signature signature) {
        Map<String, List<String>> headers = request.headers();
        String date = single(request, DATE);
        Instant signed = date == null ? null : time(date);
        if (date == null || signed == null || !date.startsWith(signature.day)) {
            return "x-amz-date must be a time such as 20260101T120000Z, of the day that the Credential names";
        }
        if (Duration.between(signed, clock.instant()).abs().compareTo(TOLERANCE) > 0) {
            return "Signature expired: x-amz-date is more than " + TOLERANCE.toMinutes()
                    + " minutes from this machine's time, " + TIME.format(clock.instant().atOffset(ZoneOffset.UTC));
        }
        if (!signature.signedHeaders.contains("host")) {
            return "SignedHeaders must contain host";
        }
        for (String name : headers.keySet()) {
            if (name.startsWith("x-amz-") && !signature.signedHeaders.contains(name)) {
                return "SignedHeaders must contain every header that begins with x-amz-, and lacks " + name;
            }
        }
        return signature.signedHeaders.stream().filter(name -> !headers.containsKey(name)).findFirst()
                .map(name -> "SignedHeaders names " + name + ", which the request lacks").orElse(null);
    }

    private static Verdict verify(SignedRequest request, Signature signature, SigningKey key) {
        String payload = CanonicalRequest.sha256(request.body().get());
        String claimed = single(request, PAYLOAD_HASH);
        if (claimed != null && !claimed.equals(payload)) {
            return new Verdict.Invalid(
                    "x-amz-content-sha256 isn't the SHA-256 of the body; unsigned and chunked payloads "
                            + "aren't taken");
        }
        String canonical = CanonicalRequest.of(request, signature.signedHeaders, payload);
        String toSign = String.join("\n", ALGORITHM, String.valueOf(single(request, DATE)), signature.scope,
                CanonicalRequest.sha256(canonical.getBytes(StandardCharsets.UTF_8)));
        String expected = CanonicalRequest.sign(key.secret(), signature.scope, toSign);
        return MessageDigest.isEqual(expected.getBytes(StandardCharsets.US_ASCII),
                signature.value.getBytes(StandardCharsets.US_ASCII))
                        ? new Verdict.Signed(key.caller())
                        : new Verdict.Invalid("The signature isn't the one of this request with that key: check the "
                                + "secret access key, and that nothing changes the request on its way");
    }

    private static @Nullable Instant time(String text) {
        try {
            return LocalDateTime.parse(text, TIME).toInstant(ZoneOffset.UTC);
        } catch (DateTimeParseException e) {
            return null;
        }
    }

    /// Null where there is none, or more than one.
    private static @Nullable String single(SignedRequest request, String name) {
        List<String> values = request.headers().get(name);
        return values != null && values.size() == 1 ? values.getFirst() : null;
    }
}
