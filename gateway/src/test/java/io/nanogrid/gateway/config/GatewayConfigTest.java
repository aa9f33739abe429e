package io.nanogrid.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.nanogrid.gateway.config.GatewayConfig.EngineChoice;
import io.nanogrid.gateway.config.GatewayConfig.UidRange;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GatewayConfigTest {

    private static final long MACHINE_MB = 10_000;
    private static final String KEY = "a-key-of-some-length";

    @Test
    void withoutAnyVariableEverythingHasItsDefault() throws ConfigException {
        GatewayConfig expected = new GatewayConfig("127.0.0.1", 8080, absolute("data"), null, absolute("plugins"),
                EngineChoice.AUTO, List.of(), false, 100, Set.of(), Set.of(), List.of(), Duration.ofSeconds(10),
                Duration.ofDays(7), 6 << 20, 7000, 10_000, 1L << 30, Map.of(), List.of(), null,
                new UidRange(700_000, 765_535), null, GatewayConfig.LogFormat.TEXT, null, null);
        assertThat(read(Map.of())).isEqualTo(expected);
    }

    static Stream<Arguments> mappings() {
        return Stream.of(
                mapping("HOST", "::1", GatewayConfig::host, "::1"),
                mapping("PORT", "0", GatewayConfig::port, 0),
                mapping("DATA_DIR", "/var/lib/x/../nanogrid", GatewayConfig::dataDirectory,
                        Path.of("/var/lib/nanogrid")),
                mapping("RUN_DIR", "/run/x", config -> Optional.ofNullable(config.runDirectory()),
                        Optional.of(Path.of("/run/x"))),
                mapping("PLUGINS_DIR", "more", GatewayConfig::pluginsDirectory, absolute("more")),
                mapping("ENGINE", "Sandbox", GatewayConfig::engine, EngineChoice.SANDBOX),
                mapping("ENGINE", "docker", GatewayConfig::engine, EngineChoice.DOCKER),
                mapping("NANOGRID_API_KEY", "second-key, first-key", GatewayConfig::apiKeys,
                        List.of("second-key", "first-key")),
                mapping("INFRA_API_KEY", KEY, GatewayConfig::apiKeys, List.of(KEY)),
                mapping("ALLOW_ANONYMOUS", "true", GatewayConfig::allowAnonymous, true),
                mapping("RATE_LIMIT_PER_MINUTE", "0", GatewayConfig::rateLimitPerMinute, 0),
                mapping("CORS_ORIGINS", "https://a, https://b", GatewayConfig::corsOrigins,
                        Set.of("https://a", "https://b")),
                mapping("MANAGEMENT_ORIGINS", "https://a", GatewayConfig::managementOrigins, Set.of("https://a")),
                mapping("TRUSTED_PROXIES", "10.1.0.0/16, ::1", GatewayConfig::trustedProxies,
                        List.of(new AddressRange(InetAddress.ofLiteral("10.1.0.0"), 16),
                                new AddressRange(InetAddress.ofLiteral("::1"), 128))),
                mapping("NANOGRID_SECRET", "0a".repeat(32), config -> Optional.ofNullable(config.secret()),
                        Optional.of("0a".repeat(32))),
                mapping("LOG_FORMAT", "json", GatewayConfig::logFormat, GatewayConfig.LogFormat.JSON),
                mapping("DRAIN_SECONDS", "30", GatewayConfig::drain, Duration.ofSeconds(30)),
                mapping("DRAIN_SECONDS", "500ms", GatewayConfig::drain, Duration.ofMillis(500)),
                mapping("LOG_RETENTION", "2", GatewayConfig::logRetention, Duration.ofDays(2)),
                mapping("LOG_RETENTION", "12h", GatewayConfig::logRetention, Duration.ofHours(12)),
                mapping("MAX_BODY_BYTES", "1 MiB", GatewayConfig::maxBodyBytes, 1 << 20),
                mapping("MEMORY_BUDGET_MB", "512", GatewayConfig::memoryBudgetMb, 512),
                mapping("MAX_QUEUED_JOBS", "5", GatewayConfig::maxQueuedJobs, 5),
                mapping("OUTPUTS_MAX_BYTES", "2 GiB", GatewayConfig::outputsMaxBytes, 2L << 30),
                mapping("PYTHON_BASE_IMAGE", "python:3", GatewayConfig::baseImages,
                        Map.of("PYTHON_BASE_IMAGE", "python:3")),
                mapping("NODE_BASE_IMAGE", "node:22", GatewayConfig::baseImages, Map.of("NODE_BASE_IMAGE", "node:22")),
                mapping("NETWORK_ALLOW", "10.1.0.0/16,10.2.0.1", GatewayConfig::networkAllow,
                        List.of(AddressRange.parse("10.1.0.0/16"), AddressRange.parse("10.2.0.1/32"))),
                mapping("NETWORK_IMAGE", "net:1", config -> Optional.ofNullable(config.networkImage()),
                        Optional.of("net:1")),
                mapping("SANDBOX_UIDS", "2000-3000", GatewayConfig::sandboxUids, new UidRange(2000, 3000)),
                mapping("SANDBOX_ROOTFS", "/srv/root", config -> Optional.ofNullable(config.sandboxRoot()),
                        Optional.of(Path.of("/srv/root"))));
    }

    @ParameterizedTest
    @MethodSource("mappings")
    void eachVariableIsMapped(String variable, String value, Function<GatewayConfig, ?> getter, Object expected)
            throws ConfigException {
        assertThat((Object) getter.apply(read(Map.of(variable, value)))).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"HOST", "PORT", "DATA_DIR", "ENGINE", "DRAIN_SECONDS", "MAX_BODY_BYTES", "SANDBOX_UIDS"})
    void aBlankVariableIsAsGoodAsNone(String variable) throws ConfigException {
        assertThat(read(Map.of(variable, "  "))).isEqualTo(read(Map.of()));
    }

    @ParameterizedTest
    @CsvSource({"PORT,65536", "PORT,-1", "PORT,http", "ENGINE,podman", "ALLOW_ANONYMOUS,maybe", "DRAIN_SECONDS,soon",
            "DRAIN_SECONDS,-1", "LOG_RETENTION,1y", "MAX_BODY_BYTES,1023", "MAX_BODY_BYTES,129 MiB",
            "MAX_BODY_BYTES,1 MB",
            "MAX_BODY_BYTES,999999999999GiB", "MEMORY_BUDGET_MB,127", "MAX_QUEUED_JOBS,0", "OUTPUTS_MAX_BYTES,much",
            "NETWORK_ALLOW,10.0.0.0/33",
            "NETWORK_ALLOW,example.org", "NETWORK_ALLOW,fd00::/8", "SANDBOX_UIDS,'2000-3000,4000-5000'",
            "NETWORK_ALLOW,300.1.1.1", "NETWORK_ALLOW,10.1/16", "NETWORK_ALLOW,10", "TRUSTED_PROXIES,10.1/16",
            "NETWORK_ALLOW,10.0.0.0/x", "SANDBOX_UIDS,0-10", "SANDBOX_UIDS,5000",
            "SANDBOX_UIDS,3000-2000",
            "TRUSTED_PROXIES,proxy.example.org", "TRUSTED_PROXIES,10.0.0.0/33", "TRUSTED_PROXIES,fd00::/x",
            "NANOGRID_API_KEY,short", "RATE_LIMIT_PER_MINUTE,-1", "RATE_LIMIT_PER_MINUTE,none"})
    void aValueThatMakesNoSenseIsRefusedByTheVariablesName(String variable, String value) {
        assertThatThrownBy(() -> read(Map.of(variable, value))).isInstanceOfSatisfying(ConfigException.class,
                e -> assertThat(e.problems()).singleElement().asString().startsWith(variable + ": "));
    }

    @Test
    void aShortInfraKeyIsRefusedByItsOwnName() {
        assertThatThrownBy(() -> read(Map.of("INFRA_API_KEY", "short"))).isInstanceOf(ConfigException.class)
                .hasMessageStartingWith("INFRA_API_KEY: ");
    }

    @Test
    void allProblemsAreReportedAtOnce() {
        assertThatThrownBy(() -> read(Map.of("PORT", "x", "ENGINE", "x", "HOST", "0.0.0.0")))
                .isInstanceOfSatisfying(ConfigException.class, e -> assertThat(e.problems()).hasSize(3));
    }

    @Test
    void noProblemRepeatsAKey() {
        assertThatThrownBy(() -> read(Map.of("NANOGRID_API_KEY", "s3cret"))).hasMessageNotContaining("s3cret");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "192.168.1.5", "::", "example.org", "127.evil.org"})
    void anAddressThatOthersCanReachNeedsAKey(String host) throws ConfigException {
        assertThatThrownBy(() -> read(Map.of("HOST", host))).hasMessageContaining("NANOGRID_API_KEY");
        assertThat(read(Map.of("HOST", host, "NANOGRID_API_KEY", KEY)).host()).isEqualTo(host);
        assertThat(read(Map.of("HOST", host, "ALLOW_ANONYMOUS", "1")).allowAnonymous()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST", "::1"})
    void thisMachineAloneNeedsNoKey(String host) throws ConfigException {
        assertThat(read(Map.of("HOST", host)).apiKeys()).isEmpty();
    }

    @Test
    void aSmallMachineStillHasRoomForOneInstance() throws ConfigException {
        assertThat(GatewayConfig.read(Map.of(), 64).memoryBudgetMb()).isEqualTo(128);
    }

    @Test
    void itsTextHoldsNoKey() throws ConfigException {
        assertThat(read(Map.of("NANOGRID_API_KEY", KEY)).toString()).doesNotContain(KEY);
    }

    private static <T> Arguments mapping(String variable, String value, Function<GatewayConfig, T> getter,
            Object expected) {
        return arguments(variable, value, getter, expected);
    }

    private static GatewayConfig read(Map<String, String> environment) throws ConfigException {
        return GatewayConfig.read(environment, MACHINE_MB);
    }

    private static Path absolute(String path) {
        return Path.of(path).toAbsolutePath();
    }

    @Test
    void aSecretOfTheWrongFormIsRefusedAndNotRepeated() {
        assertThatThrownBy(() -> read(Map.of("NANOGRID_SECRET", "hunter2")))
                .isInstanceOfSatisfying(ConfigException.class, e -> assertThat(e.problems()).singleElement().asString()
                        .startsWith("NANOGRID_SECRET: must be 64 hexadecimal digits").doesNotContain("hunter2"));
    }
}
