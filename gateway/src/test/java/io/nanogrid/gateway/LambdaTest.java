package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.nanogrid.gateway.TestGateway.Answer;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.lambda.LambdaClient;
import software.amazon.awssdk.services.lambda.model.InvalidRequestContentException;
import software.amazon.awssdk.services.lambda.model.InvocationType;
import software.amazon.awssdk.services.lambda.model.InvokeRequest;
import software.amazon.awssdk.services.lambda.model.InvokeResponse;
import software.amazon.awssdk.services.lambda.model.LambdaException;
import software.amazon.awssdk.services.lambda.model.LogType;
import software.amazon.awssdk.services.lambda.model.ResourceNotFoundException;
import software.amazon.awssdk.services.lambda.model.TooManyRequestsException;

/// AWS Lambda's Invoke, as AWS's own client for Java meets it.
class LambdaTest {

    private static final String FIRST = "zebra-first-key";
    private static final String SECOND = "apple-second-key";

    @TempDir
    private static Path directory;
    private static TestGateway gateway;
    private static LambdaClient lambda;

    @BeforeAll
    static void start() throws Exception {
        gateway = TestGateway.start("sandbox", directory, "NANOGRID_API_KEY", FIRST + "," + SECOND,
                "RATE_LIMIT_PER_MINUTE", "0");
        lambda = client("default", FIRST);
        deploy("echo", "def handler(event, context): return {'got': event, 'version': context.function_version}");
        deploy("fails", "def handler(event, context): raise ValueError('no luck')");
        deploy("slow", "import time\\ndef handler(event, context): time.sleep(30)", ", \"timeoutMs\": 300");
        deploy("exits", "import os\\ndef handler(event, context): os._exit(3)");
        deploy("prints", "def handler(event, context):\\n  print('x' * event['n'] + 'the end')\\n  return 1");
    }

    @AfterAll
    static void stop() {
        lambda.close();
        gateway.close();
    }

    private static LambdaClient client(String keyName, String secret) {
        return client(gateway, keyName, secret);
    }

    private static LambdaClient client(TestGateway gateway, String keyName, String secret) {
        return LambdaClient.builder().endpointOverride(URI.create(gateway.base())).region(Region.EU_CENTRAL_1)
                .httpClient(UrlConnectionHttpClient.create())
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create(keyName, secret)))
                .overrideConfiguration(all -> all.retryStrategy(AwsRetryStrategy.doNotRetry())).build();
    }

    /// @return its id
    private static String deploy(String name, String code, String... more) throws Exception {
        return gateway.post("/functions", "{\"name\": \"" + name + "\", \"runtime\": \"python\", \"code\": \"" + code
                + "\"" + String.join("", more) + "}", "x-api-key", FIRST).expect(201).json().path("functionId")
                .asText();
    }

    private static InvokeResponse invoke(String name, String payload) {
        return lambda.invoke(request(name, payload).build());
    }

    private static InvokeRequest.Builder request(String name, String payload) {
        return InvokeRequest.builder().functionName(name).payload(SdkBytes.fromUtf8String(payload));
    }

    private static JsonNode json(InvokeResponse response) throws Exception {
        return TestGateway.JSON.readTree(response.payload().asByteArray());
    }

    private static void assertFails(ThrowingCallable call, Class<? extends LambdaException> type, int status,
            String message) {
        assertThatThrownBy(call).isInstanceOfSatisfying(type, e -> {
            assertThat(e.statusCode()).isEqualTo(status);
            assertThat(e.awsErrorDetails().errorMessage()).contains(message);
            assertThat(e.requestId()).isNotBlank();
        });
    }

    private static void assertFails(ThrowingCallable call, String errorCode, int status) {
        assertThatThrownBy(call).isInstanceOfSatisfying(LambdaException.class, e -> {
            assertThat(e.awsErrorDetails().errorCode()).isEqualTo(errorCode);
            assertThat(e.statusCode()).isEqualTo(status);
            assertThat(e.awsErrorDetails().errorMessage()).isNotBlank();
        });
    }

    @Test
    void theResultIsThePayload() throws Exception {
        InvokeResponse response = invoke("echo", "{\"a\": [1, \"ü\"]}");

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(json(response).path("got").toString()).isEqualTo("{\"a\":[1,\"ü\"]}");
        assertThat(response.functionError()).isNull();
        assertThat(response.executedVersion()).isEqualTo("$LATEST");
        assertThat(response.logResult()).isNull();
        assertThat(response.responseMetadata().requestId()).isNotBlank();
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "null", "\"text\"", "[1, 2]", "1.50", "123456789012345678901234567890"})
    void aPayloadMayBeAnyJsonValue(String payload) throws Exception {
        assertThat(json(invoke("echo", payload)).path("got"))
                .isEqualTo(TestGateway.JSON.readTree(payload.equals("1.50") ? "1.5" : payload));
    }

    @Test
    void noPayloadIsAnEmptyObject() throws Exception {
        assertThat(json(lambda.invoke(InvokeRequest.builder().functionName("echo").build())).path("got").toString())
                .isEqualTo("{}");
    }

    @Test
    void theClientContextReachesTheFunction() throws Exception {
        deploy("context", "def handler(event, context): return context.client_context.custom");
        String said = Base64.getEncoder()
                .encodeToString("{\"custom\": {\"shop\": \"ü\"}}".getBytes(StandardCharsets.UTF_8));

        assertThat(json(lambda.invoke(request("context", "{}").clientContext(said).build())).toString())
                .isEqualTo("{\"shop\":\"ü\"}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"not base64!", "W10=", "e30K.", "ew=="})
    void aClientContextThatIsNoObjectIsRefused(String said) {
        assertFails(() -> lambda.invoke(request("echo", "{}").clientContext(said).build()),
                InvalidRequestContentException.class, 400, "Client context must be a JSON object");
    }

    @Test
    void aResponseObjectIsAValueHere() throws Exception {
        deploy("response", "def handler(event, context): return {'statusCode': 418, 'body': 'tea'}");

        assertThat(invoke("response", "{}").payload().asUtf8String())
                .isEqualTo("{\"statusCode\": 418, \"body\": \"tea\"}");
    }

    @Test
    void whatTheFunctionThrowsIsItsPayloadAndNoErrorOfTheCall() throws Exception {
        InvokeResponse response = invoke("fails", "{}");

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.functionError()).isEqualTo("Unhandled");
        assertThat(json(response).path("errorType").asText()).isEqualTo("ValueError");
        assertThat(json(response).path("errorMessage").asText()).isEqualTo("no luck");
        assertThat(json(response).path("stackTrace").isArray()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"slow,Sandbox.Timedout,timed out after 0.30 seconds", "exits,Runtime.ExitError,exit status 3"})
    void soIsWhatEndsItBeforeItAnswers(String name, String type, String message) throws Exception {
        InvokeResponse response = invoke(name, "{}");

        assertThat(response.functionError()).isEqualTo("Unhandled");
        assertThat(json(response).path("errorType").asText()).isEqualTo(type);
        assertThat(json(response).path("errorMessage").asText()).contains(message);
    }

    @Test
    void theLogsTailIsTheEndOfWhatWasPrinted() {
        InvokeResponse response = lambda.invoke(request("prints", "{\"n\": 10000}").logType(LogType.TAIL).build());

        byte[] tail = Base64.getDecoder().decode(response.logResult());
        assertThat(tail).hasSize(4096);
        assertThat(new String(tail, StandardCharsets.UTF_8)).startsWith("xxx").contains("xthe end\nEND RequestId: ")
                .containsPattern(
                        "REPORT RequestId: \\S+\tDuration: [\\d.]+ ms\tBilled Duration: \\d+ ms\tMemory Size: 128 MB");
    }

    @Test
    void aShortLogHasAllOfIt() {
        InvokeResponse response = lambda.invoke(request("prints", "{\"n\": 1}").logType(LogType.TAIL).build());

        assertThat(new String(Base64.getDecoder().decode(response.logResult()), StandardCharsets.UTF_8))
                .startsWith("START RequestId: ").contains("Version: $LATEST\nxthe end\nEND");
    }

    @Test
    void anEventIsAcceptedAndRunsLater() throws Exception {
        deploy("later", "def handler(event, context): print('ran with', event['n'])");

        InvokeResponse response = lambda
                .invoke(request("later", "{\"n\": 42}").invocationType(InvocationType.EVENT).build());

        assertThat(response.statusCode()).isEqualTo(202);
        assertThat(response.payload().asByteArray()).isEmpty();
        String id = response.responseMetadata().requestId();
        Awaitility.await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(gateway.recorded(id)).hasValueSatisfying(
                        execution -> assertThat(execution.stdout()).isEqualTo("ran with 42\n")));
    }

    @Test
    void aDryRunOnlyLooksWhetherTheCallIsAllowed() {
        InvokeResponse response = lambda.invoke(request("exits", "{}").invocationType(InvocationType.DRY_RUN).build());

        assertThat(response.statusCode()).isEqualTo(204);
        assertFails(() -> lambda.invoke(request("nobody", "{}").invocationType(InvocationType.DRY_RUN).build()),
                ResourceNotFoundException.class, 404, "nobody");
    }

    @Test
    void aNameMayBeAnIdOrAnArnAndHaveAVersion() throws Exception {
        String function = deploy("twice", "def handler(event, context): return 'one'");
        gateway.withBody("PUT", "/functions/" + function, "{\"code\": \"def handler(event, context): return 'two'\"}",
                "x-api-key", FIRST).expect(200);
        String arn = "arn:aws:lambda:eu-central-1:123456789012:function:twice";

        for (String name : List.of("twice", function, arn, "123456789012:function:twice", "twice:$LATEST", arn + ":2",
                function + ":2")) {
            assertThat(invoke(name, "{}").payload().asUtf8String()).as(name).isEqualTo("\"two\"");
        }
        for (String name : List.of("twice:1", arn + ":1", "123456789012:function:twice:1")) {
            InvokeResponse response = invoke(name, "{}");
            assertThat(response.payload().asUtf8String()).as(name).isEqualTo("\"one\"");
            assertThat(response.executedVersion()).isEqualTo("1");
        }
        assertThat(lambda.invoke(request("twice", "{}").qualifier("1").build()).payload().asUtf8String())
                .isEqualTo("\"one\"");
        assertThat(lambda.invoke(request("twice:1", "{}").qualifier("1").build()).executedVersion()).isEqualTo("1");
    }

    @Test
    void aCallbacksFunctionIsFoundToo() throws Exception {
        gateway.post("/callback/deploy", "{\"name\": \"routed\", \"path\": \"routed\", \"method\": \"GET\", "
                + "\"type\": \"python\", \"code\": \"def handler(event, context): return 'routed'\"}", "x-api-key",
                FIRST)
                .expect(200);

        assertThat(invoke("routed", "{}").payload().asUtf8String()).isEqualTo("\"routed\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"nobody", "echo:99", "echo:prod",
            "arn:aws:lambda:eu-central-1:123456789012:function:nobody"})
    void whatIsNotThereIsNotFound(String name) {
        assertFails(() -> invoke(name, "{}"), ResourceNotFoundException.class, 404, "Function not found");
    }

    @Test
    void qualifiersThatContradictEachOtherAreRefused() {
        assertFails(() -> lambda.invoke(request("echo:1", "{}").qualifier("2").build()),
                "InvalidParameterValueException",
                400);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{", "no json", "{} {}", "\uFEFF{}", " "})
    void aPayloadThatIsNoJsonIsRefused(String payload) {
        assertFails(() -> invoke("echo", payload), InvalidRequestContentException.class, 400, "Could not parse");
    }

    @Test
    void aPayloadThatIsNoUtf8IsRefused() {
        assertFails(() -> lambda.invoke(
                InvokeRequest.builder().functionName("echo").payload(SdkBytes.fromByteArray(new byte[]{'"', -1, '"'}))
                        .build()),
                InvalidRequestContentException.class, 400, "UTF-8");
    }

    @Test
    void payloadsAreLimitedByTheKindOfTheInvocation() {
        String event = "\"" + "x".repeat(256 << 10) + "\"";

        assertThat(invoke("echo", event).functionError()).isNull();
        assertFails(() -> lambda.invoke(request("echo", event).invocationType(InvocationType.EVENT).build()),
                "RequestEntityTooLargeException", 413);
        assertFails(() -> invoke("echo", "\"" + "x".repeat(6 << 20) + "\""), "RequestEntityTooLargeException", 413);
    }

    @Test
    void everyConfiguredKeyCanSignByItsName() {
        try (LambdaClient second = client("key2", SECOND)) {
            assertThat(second.invoke(request("echo", "{}").build()).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void aMadeKeyCanSignIfItWasMadeForItAndUntilItIsDeleted() throws Exception {
        String secret = gateway
                .post("/keys", "{\"name\": \"aws\", \"scopes\": [\"invoke\"], \"sigv4\": true}", "x-api-key",
                        FIRST)
                .expect(201).json().path("secret").asText();
        gateway.post("/keys", "{\"name\": \"plain\", \"scopes\": [\"invoke\"]}", "x-api-key", FIRST).expect(201);
        try (LambdaClient made = client("aws", secret); LambdaClient plain = client("plain", secret)) {
            assertThat(made.invoke(request("echo", "{}").build()).statusCode()).isEqualTo(200);
            assertFails(() -> plain.invoke(request("echo", "{}").build()), "UnrecognizedClientException", 403);

            gateway.send(gateway.request("/keys/aws").header("x-api-key", FIRST).DELETE()).expect(200);

            assertFails(() -> made.invoke(request("echo", "{}").build()), "UnrecognizedClientException", 403);
        }
    }

    @Test
    void aWrongSecretAndAnUnknownKeyAreRefused() {
        try (LambdaClient wrong = client("default", SECOND); LambdaClient unknown = client("nobody", FIRST)) {
            assertFails(() -> wrong.invoke(request("echo", "{}").build()), "InvalidSignatureException", 403);
            assertFails(() -> unknown.invoke(request("echo", "{}").build()), "UnrecognizedClientException", 403);
        }
    }

    @Test
    void aKeyWithoutTheScopeIsDeniedHoweverItIsPresented() throws Exception {
        String secret = gateway
                .post("/keys", "{\"name\": \"deploys\", \"scopes\": [\"deploy\", \"read\"], \"sigv4\": true}",
                        "x-api-key", FIRST)
                .expect(201).json().path("secret").asText();
        try (LambdaClient deploys = client("deploys", secret)) {
            assertFails(() -> deploys.invoke(request("echo", "{}").build()), "AccessDeniedException", 403);
        }
        assertThat(post("echo", "x-api-key", secret).expect(403).header("x-amzn-ErrorType"))
                .contains("AccessDeniedException");
    }

    @Test
    void aKeyInItsHeaderWillDoInPlaceOfASignature() throws Exception {
        assertThat(post("echo", "x-api-key", SECOND).expect(200).json().path("got").toString()).isEqualTo("{}");
        assertThat(post("echo", "x-api-key", "invented").expect(403).header("x-amzn-ErrorType"))
                .contains("UnrecognizedClientException");
        Answer missing = post("echo").expect(403);
        assertThat(missing.header("x-amzn-ErrorType")).contains("MissingAuthenticationTokenException");
        assertThat(missing.header("x-amzn-RequestId")).isEqualTo(missing.header("X-Request-Id"));
        assertThat(missing.json().path("Type").asText()).isEqualTo("User");
        assertThat(missing.json().path("Message").asText()).contains("x-api-key");
    }

    private static Answer post(String name, String... headers) throws Exception {
        var request = gateway.request("/2015-03-31/functions/" + name + "/invocations")
                .POST(HttpRequest.BodyPublishers.ofString("{}"));
        return gateway.send(headers.length == 0 ? request : request.headers(headers));
    }

    @Test
    void whatElseLambdaHasIsUnknownHereInItsOwnForm() {
        assertFails(() -> lambda.listFunctions(), "UnknownOperationException", 404);
        assertFails(() -> lambda.getFunction(get -> get.functionName("echo")), "UnknownOperationException", 404);
    }

    @Test
    void aForeignPageIsDenied() throws Exception {
        assertThat(post("echo", "x-api-key", FIRST, "Origin", "https://evil.example").expect(403)
                .header("x-amzn-ErrorType")).contains("AccessDeniedException");
    }

    @Test
    void withoutKeysAnySignatureWillDo(@TempDir Path other) throws Exception {
        try (TestGateway open = TestGateway.start("sandbox", other, "RATE_LIMIT_PER_MINUTE", "4");
                LambdaClient client = client(open, "anything", "whatever")) {
            String id = open.function("python", "def handler(event, context): return 7");

            assertThat(client.invoke(request(id, "{}").build()).payload().asUtf8String()).isEqualTo("7");
            assertThat(open.post("/2015-03-31/functions/" + id + "/invocations", "{}").expect(200).body())
                    .isEqualTo("7");
            client.invoke(request(id, "{}").build());
            assertFails(() -> client.invoke(request(id, "{}").build()), TooManyRequestsException.class, 429, "4 times");
            assertThat(
                    open.post("/2015-03-31/functions/" + id + "/invocations", "{}").expect(429).header("Retry-After"))
                    .isPresent();
        }
    }
}
