package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.cluster.LocalServer;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.lambda.LambdaClient;
import software.amazon.awssdk.services.lambda.model.LambdaException;

/// No key's secret is ever in the log, even in the most talkative one, and in no answer but the one to whoever makes the key.
final class SecretsTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String FIRST = "configured-secret-zebra";
    private static final String SECOND = "configured-secret-apple";

    private final HttpClient client = HttpClient.newHttpClient();
    private final List<String> answers = new ArrayList<>();
    private String base = "";

    private HttpResponse<String> send(String method, String path, String body, String key) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path)).header("x-api-key", key)
                .header("content-type", "application/json").timeout(Duration.ofSeconds(60))
                .method(method, BodyPublishers.ofString(body));
        return client.send(request.build(), BodyHandlers.ofString());
    }

    private void call(String method, String path, String body, String key) throws Exception {
        HttpResponse<String> answer = send(method, path, body, key);
        answers.add(method + " " + path + ": " + answer.headers() + answer.body());
    }

    private String make(String name, boolean sigv4) throws Exception {
        HttpResponse<String> made = send("POST", "/keys",
                "{\"name\": \"" + name + "\", \"scopes\": [\"admin\", \"invoke\"], \"sigv4\": " + sigv4 + "}", FIRST);
        return JSON.readTree(made.body()).path("secret").textValue();
    }

    private void invoke(String keyName, String secret) {
        try (LambdaClient lambda = LambdaClient.builder().endpointOverride(URI.create(base)).region(Region.US_EAST_1)
                .httpClient(UrlConnectionHttpClient.create()).credentialsProvider(
                        StaticCredentialsProvider.create(AwsBasicCredentials.create(keyName, secret)))
                .build()) {
            answers.add(lambda.invoke(invoke -> invoke.functionName("nobody")).toString());
        } catch (LambdaException e) {
            answers.add(e.toString() + e.awsErrorDetails().sdkHttpResponse().headers());
        }
    }

    @Test
    void noSecretIsInTheLogOrInAnAnswer(@TempDir Path directory) throws Exception {
        int port = LocalServer.freePort();
        base = "http://127.0.0.1:" + port;
        Path log = directory.resolve("log");
        Path data = directory.resolve("data");
        Process process = ProcessGateway.launch(log,
                Map.of("PORT", String.valueOf(port), "ENGINE", "sandbox", "DATA_DIR", data.toString(),
                        "NANOGRID_API_KEY", FIRST + "," + SECOND, "JDK_JAVA_OPTIONS",
                        "-Dorg.slf4j.simpleLogger.log.io.nanogrid=trace"));
        List<String> secrets;
        try {
            Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptions()
                    .until(() -> send("GET", "/health/live", "", FIRST).statusCode() == 200);
            String plain = make("plain", false);
            String signing = make("signing", true);
            secrets = List.of(FIRST, SECOND, plain, signing, Files.readString(data.resolve("secret")).strip());
            use(List.of(FIRST, SECOND, plain, signing), signing);
        } finally {
            process.destroy();
            process.waitFor();
        }

        assertThat(answers).hasSizeGreaterThan(20);
        for (String secret : secrets) {
            assertThat(answers).noneMatch(answer -> answer.contains(secret));
            assertThat(Files.readString(log)).contains("NanoGrid is ready").doesNotContain(secret);
        }
    }

    private void use(List<String> keys, String signing) throws Exception {
        for (String key : keys) {
            call("GET", "/keys", "", key);
            call("GET", "/callbacks", "", key);
            call("POST", "/run", "{\"functionId\": \"nobody\"}", key);
            call("POST", "/2015-03-31/functions/nobody/invocations", "{}", key);
            call("POST", "/keys", "{\"name\": \"signing\", \"scopes\": [\"read\"]}", key);
            call("GET", "/metrics", "", key);
            // One letter more, as a slip of the hand would have it.
            call("GET", "/keys", "", key + "x");
        }
        invoke("default", FIRST);
        invoke("signing", signing);
        invoke("key2", signing);
        invoke("nobody", SECOND);
        call("DELETE", "/keys/default", "", FIRST);
        call("DELETE", "/keys/signing", "", FIRST);
        call("GET", "/keys", "", signing);
    }
}
