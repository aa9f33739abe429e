package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.nanogrid.gateway.TestGateway.Answer;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// What `/metrics` shows of a gateway that has served calls.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class MetricsPageTest {

    private static final Path DASHBOARD = Path.of("../docs/grafana-dashboard.json");
    /// Labels, ranges and functions, which are no names of metrics.
    private static final Pattern WORDS = Pattern
            .compile("by \\([^)]*\\)|\\{[^}]*}|\\[[^]]*]|[a-z_]+\\(");
    private static final Pattern NAME = Pattern.compile("[a-z]+(?:_[a-z]+)+");
    private static final String CODE = "def handler(event, context):\n"
            + "    if 'fail' in event: raise ValueError('x')\n    return {'statusCode': int(event.get('code', 200))}";

    private TestGateway gateway;

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        gateway = TestGateway.start("sandbox", directory);
        gateway.deploy("metered/{id}", "python", CODE).expect(200);
        gateway.deploy("unmetered", "python", "def broken(").expect(422);
        gateway.get("/api/metered/7").expect(200);
        gateway.get("/api/metered/8?code=404").expect(404);
        gateway.get("/api/metered/9?fail=1").expect(500);
        gateway.get("/api/unheard/of").expect(404);
        gateway.get("/unheard/of").expect(404);
        gateway.get("/callbacks/1001").expect(200);
    }

    @AfterAll
    void stop() {
        if (gateway != null) {
            gateway.close();
        }
    }

    private String page() throws Exception {
        Answer answer = gateway.get("/metrics").expect(200);
        assertThat(answer.header("Content-Type")).contains("text/plain; version=0.0.4; charset=utf-8");
        return answer.body();
    }

    @Test
    void requestsAreCountedByTemplateAndStatusAndNeverByPath() throws Exception {
        assertThat(page()).contains(count("/api/metered/{id}", 200, 1), count("/api/metered/{id}", 404, 1),
                count("/api/metered/{id}", 500, 1), count("other", 404, 2), count("/callbacks/{id}", 200, 1))
                .doesNotContain("metered/7", "unheard");
    }

    private static String count(String route, int status, int times) {
        return "http_request_duration_seconds_count{method=\"GET\",route=\"" + route + "\",status_code=\"" + status
                + "\"} " + times + "\n";
    }

    @Test
    void callsAreCountedByWhatTheyEndedAs() throws Exception {
        assertThat(page()).contains("nanogrid_invocations_total{outcome=\"success\"} 2.0",
                "nanogrid_invocations_total{outcome=\"function_error\"} 1.0",
                "nanogrid_invocations_total{outcome=\"out_of_memory\"} 0.0", "nanogrid_run_seconds_count 3\n");
    }

    @Test
    void anErrorIsCountedByWhoseItIs() throws Exception {
        assertThat(page()).contains("nanogrid_errors_total{component=\"function\",reason=\"function_error\"} 1.0",
                "nanogrid_errors_total{component=\"gateway\",reason=\"not_found\"} 2.0",
                "nanogrid_errors_total{component=\"build\",reason=\"init_failed\"} 1.0");
    }

    @Test
    void instancesColdStartsAndBuildsAreCounted() throws Exception {
        assertThat(page()).contains("nanogrid_instances{state=\"idle\"} 1.0",
                "nanogrid_build_seconds_count{cached=\"true\",result=\"built\"} 1",
                "nanogrid_build_seconds_count{cached=\"false\",result=\"failed\"} 1")
                .containsPattern("nanogrid_memory_bytes\\{kind=\"promised\"} [1-9]")
                .containsPattern("nanogrid_cold_starts_total\\{kind=\"(stem|none)\"} [12]\\.0");
    }

    @Test
    void theDashboardAsksForNothingThatIsNotThere() throws Exception {
        JsonNode dashboard = TestGateway.JSON.readTree(DASHBOARD.toFile());
        Set<String> asked = new TreeSet<>();
        dashboard.findValuesAsText("expr")
                .forEach(expression -> NAME.matcher(WORDS.matcher(expression).replaceAll(" ")).results()
                        .forEach(found -> asked.add(found.group())));
        Set<String> there = page().lines().filter(line -> !line.startsWith("#"))
                .map(line -> line.replaceFirst("[{ ].*", "")).collect(Collectors.toSet());

        assertThat(asked).hasSizeGreaterThan(10);
        assertThat(there).containsAll(asked);
    }
}
