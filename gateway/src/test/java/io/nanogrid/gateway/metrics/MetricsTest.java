package io.nanogrid.gateway.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MetricsTest {

    private final Metrics metrics = new Metrics();

    @AfterEach
    void close() {
        metrics.close();
    }

    private List<String> lines(String start) throws IOException {
        ByteArrayOutputStream page = new ByteArrayOutputStream();
        metrics.write(page);
        return page.toString(StandardCharsets.UTF_8).lines().filter(line -> line.startsWith(start)).toList();
    }

    @Test
    void aRequestStandsInTheBucketOfItsTimeAndAllAbove() throws IOException {
        metrics.requests().call("GET", "orders/{id}", 200, Duration.ofMillis(7).toNanos());

        String labels = "{method=\"GET\",route=\"/api/orders/{id}\",status_code=\"200\",le=\"";
        assertThat(lines("http_request_duration_seconds_bucket")).hasSize(17)
                .contains("http_request_duration_seconds_bucket" + labels + "5.0E-4\"} 0",
                        "http_request_duration_seconds_bucket" + labels + "0.005\"} 0",
                        "http_request_duration_seconds_bucket" + labels + "0.01\"} 1",
                        "http_request_duration_seconds_bucket" + labels + "60.0\"} 1",
                        "http_request_duration_seconds_bucket" + labels + "+Inf\"} 1");
    }

    @ParameterizedTest
    @CsvSource({"BREW,200,other,200", "GET,299,GET,other", "GET,-1,GET,other"})
    void whatClientsAndFunctionsMakeUpIsOther(String method, int status, String label, String code) throws IOException {
        metrics.requests().call(method, "a", status, 1);

        assertThat(lines("http_request_duration_seconds_count")).containsExactly(
                "http_request_duration_seconds_count{method=\"" + label + "\",route=\"/api/a\",status_code=\"" + code
                        + "\"} 1");
    }

    @Test
    void aThousandTemplatesHaveRoutesOfTheirOwnAndTheRestIsOther() throws IOException {
        for (int i = 0; i < 1_100; i++) {
            metrics.requests().call("GET", "t" + i, 200, 1);
        }
        metrics.requests().call("GET", "t7", 200, 1);
        metrics.requests().management("GET", "/callbacks", 200, 1);

        assertThat(lines("http_request_duration_seconds_count")).hasSize(1_002)
                .contains("http_request_duration_seconds_count{method=\"GET\",route=\"other\",status_code=\"200\"} 100",
                        "http_request_duration_seconds_count{method=\"GET\",route=\"/api/t7\",status_code=\"200\"} 2",
                        "http_request_duration_seconds_count{method=\"GET\",route=\"/callbacks\",status_code=\"200\"} 1");
    }

    @Test
    void aTemplateThatNoCallbackHasAnyMoreGivesItsPlaceToAnother() throws IOException {
        for (int i = 0; i < 1_000; i++) {
            metrics.requests().call("GET", "t" + i, 200, 1);
        }
        metrics.requests().serving(Set.of("t7", "fresh"));
        metrics.requests().call("GET", "fresh", 200, 1);

        assertThat(lines("http_request_duration_seconds_count")).containsExactlyInAnyOrder(
                "http_request_duration_seconds_count{method=\"GET\",route=\"/api/t7\",status_code=\"200\"} 1",
                "http_request_duration_seconds_count{method=\"GET\",route=\"/api/fresh\",status_code=\"200\"} 1");
    }

    @Test
    void aTemplateThatComesBackIsCountedFromNothing() throws IOException {
        metrics.requests().call("GET", "a", 200, 1);
        metrics.requests().serving(Set.of());
        metrics.requests().call("GET", "a", 200, 1);

        assertThat(lines("http_request_duration_seconds_count")).containsExactly(
                "http_request_duration_seconds_count{method=\"GET\",route=\"/api/a\",status_code=\"200\"} 1");
    }

    @Test
    void whatIsOtherWaitsForNobody() throws Exception {
        metrics.requests().call("GET", "a", 299, 1);
        Thread caller = Thread.ofVirtual().unstarted(() -> metrics.requests().call("GET", "a", 298, 1));

        synchronized (metrics.requests()) {
            caller.start();
            assertThat(caller.join(Duration.ofSeconds(10))).isTrue();
        }
    }

    @Test
    void functionsThatAnswerWithEveryStatusMakeABoundedNumberOfSeries() throws IOException {
        for (String method : List.of("GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS")) {
            for (int template = 0; template < 100; template++) {
                for (int status = 200; status < 600; status++) {
                    metrics.requests().call(method, "t" + template, status, 1);
                }
            }
        }

        assertThat(lines("http_request_duration_seconds_count")).hasSizeBetween(5_000, 5_600);
    }

    @Test
    void aFigureThatCannotBeReadLeavesTheOthersAlone() throws IOException {
        metrics.gauges("nanogrid_jobs", "Jobs", "state", () -> {
            throw new IllegalStateException("no database");
        });
        metrics.gauges("nanogrid_instances", "Instances", "state", () -> Map.of("idle", 3));
        metrics.error("queue", "queue_full");

        assertThat(lines("nanogrid_")).contains("nanogrid_instances{state=\"idle\"} 3.0",
                "nanogrid_errors_total{component=\"queue\",reason=\"queue_full\"} 1.0")
                .noneMatch(line -> line.startsWith("nanogrid_jobs"));
    }
}
