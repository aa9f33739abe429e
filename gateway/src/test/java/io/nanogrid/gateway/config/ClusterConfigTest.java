package io.nanogrid.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.nanogrid.gateway.config.ClusterConfig.Dispatch;
import io.nanogrid.gateway.config.ClusterConfig.Endpoints;
import io.nanogrid.gateway.config.ClusterConfig.Role;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClusterConfigTest {

    private static final String QUEUE = "https://sqs.eu-central-1.amazonaws.com/123456789012/jobs";
    private static final Map<String, String> GROUP = Map.of("AWS_REGION", "eu-central-1", "BUCKET_NAME", "code",
            "TABLE_NAME", "nanogrid", "SQS_URL", QUEUE, "REDIS_HOST", "redis.internal");
    private static final String LOCAL = "http://localhost:4566";

    @Test
    void withoutAnyOfTheGroupThereIsNoCluster() throws ConfigException {
        assertThat(Optional.ofNullable(GatewayConfig.read(Map.of("REDIS_PORT", "7000"), 1000).cluster())).isEmpty();
    }

    @Test
    void withTheGroupAloneEverythingElseHasItsDefault() throws ConfigException {
        assertThat(read(Map.of())).isEqualTo(new ClusterConfig("eu-central-1", "code", "nanogrid",
                "InfraExecutionLogs", URI.create(QUEUE), "redis.internal", 6379, null, null, false,
                new Endpoints(null, null, URI.create("https://sqs.eu-central-1.amazonaws.com/"), null), Role.GATEWAY,
                Dispatch.AUTO, true, false, null));
    }

    static Stream<Arguments> mappings() {
        return Stream.of(
                mapping("AWS_REGION", "us-east-1", ClusterConfig::region, "us-east-1"),
                mapping("BUCKET_NAME", "b", ClusterConfig::bucket, "b"),
                mapping("TABLE_NAME", "t", ClusterConfig::table, "t"),
                mapping("LOGS_TABLE_NAME", "l", ClusterConfig::logsTable, "l"),
                mapping("SQS_URL", LOCAL + "/000000000000/q", ClusterConfig::queueName, "q"),
                mapping("SQS_URL", LOCAL + "/000000000000/q", config -> config.endpoints().sqs(),
                        URI.create(LOCAL + "/")),
                mapping("REDIS_HOST", "h", ClusterConfig::redisHost, "h"),
                mapping("REDIS_PORT", "7000", ClusterConfig::redisPort, 7000),
                mapping("REDIS_USER", "u", config -> Optional.ofNullable(config.redisUser()), Optional.of("u")),
                mapping("REDIS_PASSWORD", "p", config -> Optional.ofNullable(config.redisPassword()), Optional.of("p")),
                mapping("REDIS_TLS", "true", ClusterConfig::redisTls, true),
                mapping("ROLE", "worker", ClusterConfig::role, Role.WORKER),
                mapping("DISPATCH", "local", ClusterConfig::dispatch, Dispatch.LOCAL),
                mapping("DISPATCH", "queue", ClusterConfig::dispatch, Dispatch.QUEUE),
                mapping("RATE_LIMIT_WITHOUT_REDIS", "refuse", ClusterConfig::limitlessWithoutRedis, false),
                mapping("AWS_CREATE", "true", ClusterConfig::create, true),
                mapping("CLOUDWATCH_NAMESPACE", "n", config -> Optional.ofNullable(config.cloudWatchNamespace()),
                        Optional.of("n")),
                mapping("AWS_ENDPOINT_URL", LOCAL, ClusterConfig::endpoints,
                        new Endpoints(URI.create(LOCAL), URI.create(LOCAL), URI.create(LOCAL), URI.create(LOCAL))),
                mapping("AWS_ENDPOINT_URL_S3", LOCAL, config -> Optional.ofNullable(config.endpoints().s3()),
                        Optional.of(URI.create(LOCAL))),
                mapping("AWS_ENDPOINT_URL_DYNAMODB", LOCAL,
                        config -> Optional.ofNullable(config.endpoints().dynamoDb()), Optional.of(URI.create(LOCAL))),
                mapping("AWS_ENDPOINT_URL_SQS", LOCAL, config -> config.endpoints().sqs(), URI.create(LOCAL)),
                mapping("AWS_ENDPOINT_URL_CLOUDWATCH", LOCAL,
                        config -> Optional.ofNullable(config.endpoints().cloudWatch()),
                        Optional.of(URI.create(LOCAL))));
    }

    @ParameterizedTest
    @MethodSource("mappings")
    void eachVariableIsMapped(String variable, String value, Function<ClusterConfig, ?> getter, Object expected)
            throws ConfigException {
        assertThat((Object) getter.apply(read(Map.of(variable, value)))).isEqualTo(expected);
    }

    @Test
    void theAddressOfOneServiceGoesBeforeThatOfAll() throws ConfigException {
        String other = "http://localhost:9000";
        assertThat(read(Map.of("AWS_ENDPOINT_URL", LOCAL, "AWS_ENDPOINT_URL_S3", other)).endpoints())
                .isEqualTo(new Endpoints(URI.create(other), URI.create(LOCAL), URI.create(LOCAL), URI.create(LOCAL)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"AWS_REGION", "BUCKET_NAME", "TABLE_NAME", "SQS_URL", "REDIS_HOST"})
    void whoeverGivesOneOfTheGroupIsToldWhichOthersAreMissing(String given) {
        List<String> missing = GROUP.keySet().stream().filter(key -> !key.equals(given)).sorted().toList();
        assertThatThrownBy(() -> GatewayConfig.read(Map.of(given, GROUP.getOrDefault(given, "")), 1000))
                .isInstanceOfSatisfying(ConfigException.class, e -> {
                    assertThat(e.problems()).extracting(problem -> problem.split(":", 2)[0])
                            .containsExactlyInAnyOrderElementsOf(missing);
                    assertThat(e.problems()).allMatch(problem -> problem.contains("while " + given + " is set"));
                });
    }

    @ParameterizedTest
    @ValueSource(strings = {"AWS_REGION", "BUCKET_NAME", "TABLE_NAME", "SQS_URL", "REDIS_HOST"})
    void aBlankOneIsMissing(String blank) {
        assertThatThrownBy(() -> read(Map.of(blank, " "))).isInstanceOfSatisfying(ConfigException.class,
                e -> assertThat(e.problems()).singleElement().asString().startsWith(blank + ": is missing"));
    }

    @Test
    void aWorkerNeedsTheGroup() {
        assertThatThrownBy(() -> GatewayConfig.read(Map.of("ROLE", "worker"), 1000))
                .isInstanceOf(ConfigException.class).hasMessageStartingWith("ROLE: ").hasMessageContaining("SQS_URL");
    }

    @Test
    void callsCanOnlyGoToAQueueThatThereIs() {
        assertThatThrownBy(() -> GatewayConfig.read(Map.of("DISPATCH", "queue"), 1000))
                .isInstanceOf(ConfigException.class).hasMessageStartingWith("DISPATCH: ")
                .hasMessageContaining("SQS_URL");
    }

    @ParameterizedTest
    @CsvSource({"ROLE,boss", "DISPATCH,somewhere", "REDIS_PORT,0", "REDIS_PORT,port", "REDIS_TLS,perhaps",
            "RATE_LIMIT_WITHOUT_REDIS,maybe", "AWS_CREATE,perhaps", "SQS_URL,jobs", "SQS_URL,ftp://host/jobs",
            "SQS_URL,https://sqs.eu-central-1.amazonaws.com/", "SQS_URL,https://sqs.eu-central-1.amazonaws.com",
            "SQS_URL,http://user:secret@host/q", "AWS_ENDPOINT_URL,localhost:4566", "AWS_ENDPOINT_URL_S3,a b",
            "AWS_ENDPOINT_URL_DYNAMODB,x", "AWS_ENDPOINT_URL_SQS,x", "AWS_ENDPOINT_URL_CLOUDWATCH,x"})
    void aValueThatMakesNoSenseIsRefusedByTheVariablesName(String variable, String value) {
        assertThatThrownBy(() -> read(Map.of(variable, value))).isInstanceOfSatisfying(ConfigException.class,
                e -> assertThat(e.problems()).singleElement().asString().startsWith(variable + ": "));
    }

    @Test
    void thePasswordIsNotPrinted() throws ConfigException {
        assertThat(read(Map.of("REDIS_PASSWORD", "s3cret")).toString()).contains("redis.internal")
                .doesNotContain("s3cret");
    }

    private static Arguments mapping(String variable, String value,
            Function<ClusterConfig, ? extends @Nullable Object> getter,
            Object expected) {
        return arguments(variable, value, getter, expected);
    }

    private static ClusterConfig read(Map<String, String> settings) throws ConfigException {
        Map<String, String> all = new HashMap<>(GROUP);
        all.putAll(settings);
        return Objects.requireNonNull(GatewayConfig.read(all, 1000).cluster());
    }
}
