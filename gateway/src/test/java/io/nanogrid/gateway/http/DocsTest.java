package io.nanogrid.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DocsTest {

    private static ManagementServer server;

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        server = new ManagementServer(directory, Map.of("NANOGRID_API_KEY", "a-key-that-nobody-sends"));
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/docs", "/docs/", "/openapi.json", "/docs/page.js"})
    void theDocumentationNeedsNoApiKey(String path) throws Exception {
        assertThat(server.get(path).statusCode()).isEqualTo(200);
    }

    @Test
    void theRootLeadsToThePage() throws Exception {
        HttpResponse<String> response = server.get("/");

        assertThat(response.statusCode()).isEqualTo(302);
        assertThat(response.headers().firstValue("Location")).hasValue("/docs");
    }

    @Test
    void thePageMayLoadNothingFromElsewhereAndRunNoInlineScript() throws Exception {
        String policy = server.get("/docs").headers().firstValue("Content-Security-Policy").orElse("");

        assertThat(policy).contains("default-src 'none'", "script-src 'self';", "style-src 'self';",
                "connect-src 'self';").doesNotContain("unsafe", "http:", "https:", "*");
    }

    @Test
    void thePageItselfHasNoInlineScriptOrStyle() throws Exception {
        String page = server.get("/docs").body();

        assertThat(page).contains("<title>NanoGrid</title>").doesNotContainPattern("<script>|<style| style=| on\\w+=");
    }

    @Test
    void everyFileThatThePageNamesIsServedAsWhatItIs() throws Exception {
        List<String> files = Pattern.compile("(?:src|href)=\"([^\"]+)\"").matcher(server.get("/docs").body()).results()
                .map(match -> match.group(1)).toList();

        assertThat(files).hasSize(6);
        for (String file : files) {
            HttpResponse<String> response = server.get(file);
            assertThat(response.statusCode()).as(file).isEqualTo(200);
            assertThat(response.headers().firstValue("X-Content-Type-Options")).as(file).hasValue("nosniff");
            assertThat(response.headers().firstValue("Content-Type").orElse("")).as(file)
                    .startsWith(typeOf(file));
        }
    }

    private static String typeOf(String file) {
        return switch (file.substring(file.lastIndexOf('.') + 1)) {
            case "js" -> "text/javascript";
            case "css" -> "text/css";
            case "svg" -> "image/svg+xml";
            case "json" -> "application/json";
            default -> throw new IllegalArgumentException(file);
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "/docs/index.html",
            "/docs/Docs.class",
            "/docs/..%2fopenapi.json",
            "/docs/..%2f..%2f..%2fMETA-INF%2fMANIFEST.MF",
            "/docs/%2e%2e/openapi.json",
            "/docs/swagger-ui-es-bundle.js",
            "/docs/docs/page.js",
            "/docs/%2fetc%2fpasswd"})
    void nothingButThePagesFilesIsServed(String path) throws Exception {
        HttpResponse<String> response = server.get(path);

        assertThat(response.statusCode()).isEqualTo(404);
        assertThat(response.headers().firstValue("Content-Type")).hasValue("application/problem+json");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/docs", "/docs/swagger-ui.css", "/openapi.json"})
    void whatHasNotChangedIsNotSentAgain(String path) throws Exception {
        String tag = server.get(path).headers().firstValue("ETag").orElseThrow();

        HttpResponse<String> again = server.get(path, "If-None-Match", tag);

        assertThat(again.statusCode()).isEqualTo(304);
        assertThat(again.body()).isEmpty();
    }

    @Test
    void aBrowserAsksEachTimeWhetherTheDocumentHasChanged() throws Exception {
        assertThat(server.get("/openapi.json").headers().firstValue("Cache-Control")).hasValue("no-cache");
    }
}
