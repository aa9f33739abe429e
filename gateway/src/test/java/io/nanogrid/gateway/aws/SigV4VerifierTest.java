package io.nanogrid.gateway.aws;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.db.Scope;
import io.nanogrid.db.sqlite.SqliteDatabase;
import io.nanogrid.gateway.auth.ApiKeys;
import io.nanogrid.gateway.auth.Caller;
import io.nanogrid.gateway.auth.KeyVault;
import io.nanogrid.gateway.auth.SignatureVerifier.SignedRequest;
import io.nanogrid.gateway.auth.SignatureVerifier.Verdict;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.http.SdkHttpFullRequest;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.http.auth.spi.signer.HttpSigner;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;

/// What AWS's own signer has signed is taken, and nothing else.
class SigV4VerifierTest {

    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
    private static final String FIRST = "first-secret";
    private static final byte[] BODY = "{\"a\": 1}".getBytes(StandardCharsets.UTF_8);

    @TempDir
    private static Path directory;
    private static SqliteDatabase database;
    private static ApiKeys keys;
    private static String made;

    @BeforeAll
    static void open() throws Exception {
        database = SqliteDatabase.open(directory);
        keys = new ApiKeys(List.of(FIRST, "second-secret"), database.keys(),
                new KeyVault(directory.resolve("secret"), null),
                InstantSource.system());
        Caller owner = keys.identify(FIRST);
        made = keys.make(owner, "signs", Set.of(Scope.INVOKE), true).secret();
        keys.make(owner, "plain", Set.of(Scope.INVOKE), false);
    }

    @AfterAll
    static void close() {
        database.close();
    }

    private static Verdict verify(SignedRequest request) {
        return new SigV4Verifier(keys, InstantSource.fixed(NOW)).verify(request);
    }

    private static SdkHttpFullRequest.Builder post(String path) {
        return SdkHttpFullRequest.builder().method(SdkHttpMethod.POST).uri(URI.create("http://localhost:8080" + path));
    }

    private static SignedRequest signed(String keyName, String secret, SdkHttpRequest request, Instant at,
            String service) {
        var result = AwsV4HttpSigner.create().sign(signing -> signing
                .identity(AwsCredentialsIdentity.create(keyName, secret)).request(request)
                .payload(() -> new ByteArrayInputStream(BODY))
                .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, service)
                .putProperty(AwsV4HttpSigner.REGION_NAME, "eu-central-1")
                .putProperty(HttpSigner.SIGNING_CLOCK, Clock.fixed(at, ZoneOffset.UTC)));
        Map<String, List<String>> headers = new TreeMap<>();
        result.request().forEachHeader((name, values) -> headers.put(name.toLowerCase(Locale.ROOT), values));
        URI uri = result.request().getUri();
        return new SignedRequest("POST", uri.getRawPath(), uri.getRawQuery() == null ? "" : uri.getRawQuery(), headers,
                () -> BODY);
    }

    private static SignedRequest signed(SdkHttpRequest request) {
        return signed("default", FIRST, request, NOW, "lambda");
    }

    private static SignedRequest plain() {
        return signed(
                post("/2015-03-31/functions/hello/invocations").putHeader("X-Amz-Invocation-Type", "Event").build());
    }

    private static void assertSigned(String keyName, SignedRequest request) {
        assertThat(verify(request)).isInstanceOfSatisfying(Verdict.Signed.class,
                signed -> assertThat(signed.caller().key()).isEqualTo(keyName));
    }

    private static void assertInvalid(SignedRequest request, String why) {
        assertThat(verify(request)).isInstanceOfSatisfying(Verdict.Invalid.class,
                invalid -> assertThat(invalid.why()).contains(why));
    }

    private static SignedRequest with(SignedRequest request, String header, List<String> values) {
        Map<String, List<String>> headers = new TreeMap<>(request.headers());
        headers.put(header, values);
        return new SignedRequest(request.method(), request.path(), request.query(), headers, request.body());
    }

    private static SignedRequest without(SignedRequest request, String header) {
        Map<String, List<String>> headers = new TreeMap<>(request.headers());
        headers.remove(header);
        return new SignedRequest(request.method(), request.path(), request.query(), headers, request.body());
    }

    @Test
    void aRequestIsWhoseKeyItIsSignedWith() {
        SdkHttpRequest request = post("/2015-03-31/functions/hello/invocations").build();

        assertSigned("default", signed("default", FIRST, request, NOW, "lambda"));
        assertSigned("key2", signed("key2", "second-secret", request, NOW, "lambda"));
        assertSigned("signs", signed("signs", made, request, NOW, "lambda"));
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-central-1%3A123456789012%3Afunction%3Ahello%3A%24LATEST/invocations",
            "/2015-03-31/functions/hello/invocations?Qualifier=%24LATEST",
            "/2015-03-31/functions/hello/invocations?b=2&a=1&a=0&empty=&none",
            "/2015-03-31/functions/hello/invocations?plus=a%2Bb&space=a%20b&umlaut=%C3%A4&tilde=~",
            "/2015-03-31/functions/hello/invocations/", "/"})
    void whateverItsPathAndQueryAre(String path) {
        assertThat(verify(signed(post(path).build()))).isInstanceOf(Verdict.Signed.class);
    }

    @Test
    void headersCountWithoutTheirSpacesAndWithAllTheirValues() {
        SdkHttpRequest request = post("/").putHeader("X-Amz-Meta", "  a   b ").putHeader("X-Multi", List.of("1", "2"))
                .build();

        assertThat(verify(signed(request))).isInstanceOf(Verdict.Signed.class);
    }

    @Test
    void aRequestWithoutASignatureIsUnsigned() {
        assertThat(verify(without(plain(), "authorization"))).isEqualTo(new Verdict.Unsigned());
        assertThat(verify(with(plain(), "authorization", List.of("Bearer abc")))).isEqualTo(new Verdict.Unsigned());
    }

    @Test
    void aKeyThatIsNotThereOrCanNotSignIsUnknown() {
        SdkHttpRequest request = post("/").build();

        assertThat(verify(signed("nobody", FIRST, request, NOW, "lambda"))).isEqualTo(new Verdict.UnknownKey());
        assertThat(verify(signed("plain", FIRST, request, NOW, "lambda"))).isEqualTo(new Verdict.UnknownKey());
    }

    @Test
    void anotherKeysSecretIsRefused() {
        assertInvalid(signed("default", "second-secret", post("/").build(), NOW, "lambda"), "isn't the one");
    }

    @Test
    void aRequestThatWasChangedIsRefused() {
        SignedRequest request = plain();

        assertInvalid(new SignedRequest("PUT", request.path(), "", request.headers(), request.body()), "isn't the one");
        assertInvalid(new SignedRequest("POST", request.path().replace("hello", "other"), "", request.headers(),
                request.body()), "isn't the one");
        assertInvalid(new SignedRequest("POST", request.path(), "Qualifier=1", request.headers(), request.body()),
                "isn't the one");
        assertInvalid(with(request, "x-amz-invocation-type", List.of("DryRun")), "isn't the one");
        assertInvalid(with(request, "host", List.of("elsewhere")), "isn't the one");
    }

    @Test
    void aBodyThatWasChangedIsRefused() {
        SignedRequest request = plain();
        byte[] other = "{}".getBytes(StandardCharsets.UTF_8);

        assertInvalid(new SignedRequest("POST", request.path(), "", request.headers(), () -> other),
                "x-amz-content-sha256");
    }

    @Test
    void aBodyThatIsNotSignedIsRefused() {
        assertInvalid(with(plain(), "x-amz-content-sha256", List.of("UNSIGNED-PAYLOAD")), "x-amz-content-sha256");
    }

    @ParameterizedTest
    @ValueSource(ints = {-301, 301, -86_400, 86_400})
    void aSignatureOfAnotherTimeIsRefused(int seconds) {
        assertInvalid(signed("default", FIRST, post("/").build(), NOW.plusSeconds(seconds), "lambda"), "expired");
    }

    @ParameterizedTest
    @ValueSource(ints = {-300, 300})
    void aClockThatIsFiveMinutesOffWillDo(int seconds) {
        assertThat(verify(signed("default", FIRST, post("/").build(), NOW.plusSeconds(seconds), "lambda")))
                .isInstanceOf(Verdict.Signed.class);
    }

    @Test
    void theBodyIsNotAskedForWhereSomethingElseIsWrong() {
        List<String> asked = new ArrayList<>();
        SignedRequest late = signed("default", FIRST, post("/").build(), NOW.minus(Duration.ofHours(1)), "lambda");

        verify(new SignedRequest("POST", "/", "", late.headers(), () -> {
            asked.add("body");
            return BODY;
        }));

        assertThat(asked).isEmpty();
    }

    @Test
    void aSignatureForAnotherServiceIsRefused() {
        assertInvalid(signed("default", FIRST, post("/").build(), NOW, "s3"), "lambda");
    }

    @Test
    void whatMustBeSignedIs() {
        String authorization = plain().headers().getOrDefault("authorization", List.of()).getFirst();

        assertInvalid(with(plain(), "x-amz-log-type", List.of("Tail")), "x-amz-log-type");
        assertInvalid(with(plain(), "authorization", List.of(authorization.replace("=host;", "="))), "host");
        assertInvalid(without(plain(), "host"), "host");
        assertInvalid(without(plain(), "x-amz-date"), "x-amz-date");
        assertInvalid(with(plain(), "x-amz-date", List.of("20260301T120000Z", "20260301T120000Z")), "x-amz-date");
        assertInvalid(with(plain(), "authorization", List.of("AWS4-HMAC-SHA256 Credential=default")), "Authorization");
    }
}
