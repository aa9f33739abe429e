package io.nanogrid.gateway.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The gateway's configuration, as environment variables give it. Read once, at the start; every variable is described in the README.
///
/// @param apiKeys keys that callers may present, in their order; without any, only this machine can call
/// @param rateLimitPerMinute how many of the limited calls one client may make in a minute; 0 for any number
/// @param memoryBudgetMb how much memory all instances together may be promised, in MiB
/// @param corsOrigins origins whose pages may call `/api/`, or `*`; the gateway's `Access-Control` headers then replace those of the function
/// @param managementOrigins origins besides its own whose pages may manage callbacks
/// @param trustedProxies proxies whose word about the client's address is taken
/// @param maxQueuedJobs how many jobs may wait; more are turned away
/// @param outputsMaxBytes how much room all output files together may take
/// @param baseImages docker base image by the variable's name, such as `PYTHON_BASE_IMAGE`
/// @param networkAllow private ranges that functions with network may reach
/// @param networkImage docker image that sets the limits of instances with network, if `NETWORK_IMAGE` says
/// @param sandboxUids first and last host uid of sandboxed instances, where the gateway runs as root
/// @param secret 32 bytes in hexadecimal that stored secrets are encrypted with; null for those of the file in `dataDirectory`
/// @param cluster through what the gateway shares its state with others; null where it keeps all of it to itself
/// @param runDirectory where sockets go, if `RUN_DIR` says
public record GatewayConfig(
        String host,
        int port,
        Path dataDirectory,
        @Nullable Path runDirectory,
        Path pluginsDirectory,
        EngineChoice engine,
        List<String> apiKeys,
        boolean allowAnonymous,
        int rateLimitPerMinute,
        Set<String> corsOrigins,
        Set<String> managementOrigins,
        List<AddressRange> trustedProxies,
        Duration drain,
        Duration logRetention,
        int maxBodyBytes,
        int memoryBudgetMb,
        int maxQueuedJobs,
        long outputsMaxBytes,
        Map<String, String> baseImages,
        List<AddressRange> networkAllow,
        @Nullable String networkImage,
        UidRange sandboxUids,
        @Nullable Path sandboxRoot,
        LogFormat logFormat,
        @Nullable String secret,
        @Nullable ClusterConfig cluster) {

    public static final int EXIT_CONFIG = 78;

    private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "localhost", "::1", "[::1]");
    /// The whole of 127.0.0.0/8, and no name that only starts like it.
    private static final Pattern LOOPBACK_V4 = Pattern.compile("127(\\.\\d{1,3}){3}");
    private static final Pattern SECRET = Pattern.compile("[0-9a-fA-F]{64}");
    private static final List<String> BASE_IMAGES = List.of("PYTHON_BASE_IMAGE", "NODE_BASE_IMAGE");

    /// `auto` takes docker where its daemon answers, else the sandbox.
    public enum EngineChoice {
        AUTO, DOCKER, SANDBOX
    }

    /// How the gateway writes its own log: lines of text, or one JSON object a line.
    public enum LogFormat {
        TEXT, JSON
    }

    public record UidRange(int first, int last) {
        public UidRange {
            if (first < 1000 || last < first) {
                throw new IllegalArgumentException("must be a range such as 700000-765535, from 1000 up");
            }
        }

        static UidRange parse(String text) {
            String[] ends = text.split("-", 2);
            if (ends.length != 2) {
                throw new IllegalArgumentException("no range");
            }
            return new UidRange(Integer.parseInt(ends[0].strip()), Integer.parseInt(ends[1].strip()));
        }
    }

    /// @param environment the process's variables, over those of the `.env` file
    /// @param machineMemoryMb memory that this machine, or the gateway's container, has
    /// @throws ConfigException naming every variable that is wrong
    public static GatewayConfig read(Map<String, String> environment, long machineMemoryMb) throws ConfigException {
        Settings settings = new Settings(environment);
        String host = settings.text("HOST", "127.0.0.1");
        List<String> keys = keys(settings);
        boolean anonymous = settings.flag("ALLOW_ANONYMOUS");
        if (!isLoopback(host) && keys.isEmpty() && !anonymous) {
            settings.problem("HOST",
                    host + " can be reached from other machines, and there is no API key: set NANOGRID_API_KEY, or "
                            + "ALLOW_ANONYMOUS=true if whoever reaches it may deploy code");
        }
        String run = settings.get("RUN_DIR");
        String root = settings.get("SANDBOX_ROOTFS");
        GatewayConfig config = new GatewayConfig(
                host,
                settings.integer("PORT", 8080, 0, 65535),
                Path.of(settings.text("DATA_DIR", "data")).toAbsolutePath().normalize(),
                run == null ? null : Path.of(run).toAbsolutePath().normalize(),
                Path.of(settings.text("PLUGINS_DIR", "plugins")).toAbsolutePath().normalize(),
                settings.choice("ENGINE", EngineChoice.AUTO, EngineChoice.class),
                keys,
                anonymous,
                settings.integer("RATE_LIMIT_PER_MINUTE", 100, 0, 1_000_000),
                Set.copyOf(settings.list("CORS_ORIGINS")),
                Set.copyOf(settings.list("MANAGEMENT_ORIGINS")),
                settings.listOf("TRUSTED_PROXIES", AddressRange::parse,
                        "isn't an address or a range such as 10.1.0.0/16 or fd00::/8"),
                settings.duration("DRAIN_SECONDS", Duration.ofSeconds(10), "s"),
                settings.duration("LOG_RETENTION", Duration.ofDays(7), "d"),
                (int) settings.bytes("MAX_BODY_BYTES", 6 << 20, 1024, 128 << 20),
                settings.integer("MEMORY_BUDGET_MB", (int) Math.max(128, machineMemoryMb * 7 / 10), 128, 1 << 24),
                settings.integer("MAX_QUEUED_JOBS", 10_000, 1, 10_000_000),
                settings.bytes("OUTPUTS_MAX_BYTES", 1L << 30, 0, 1L << 50),
                BASE_IMAGES.stream().filter(key -> settings.get(key) != null)
                        .collect(Collectors.toUnmodifiableMap(key -> key, key -> settings.text(key, ""))),
                settings.listOf("NETWORK_ALLOW", GatewayConfig::rangeOfV4,
                        "isn't a range of IPv4 addresses such as 10.1.0.0/16"),
                settings.get("NETWORK_IMAGE"),
                settings.read("SANDBOX_UIDS", new UidRange(700_000, 765_535), UidRange::parse,
                        "must be one range of uids from 1000 up, such as 700000-765535"),
                root == null ? null : Path.of(root).toAbsolutePath().normalize(),
                settings.choice("LOG_FORMAT", LogFormat.TEXT, LogFormat.class),
                secret(settings),
                ClusterConfig.read(settings));
        if (!settings.problems().isEmpty()) {
            throw new ConfigException(settings.problems());
        }
        return config;
    }

    private static AddressRange rangeOfV4(String text) {
        AddressRange range = AddressRange.parse(text);
        if (!range.isV4()) {
            throw new IllegalArgumentException("instances have no IPv6");
        }
        return range;
    }

    /// Never repeated in a message.
    private static @Nullable String secret(Settings settings) {
        String secret = settings.get("NANOGRID_SECRET");
        if (secret != null && !SECRET.matcher(secret).matches()) {
            settings.problem("NANOGRID_SECRET", "must be 64 hexadecimal digits; make them with: openssl rand -hex 32");
        }
        return secret;
    }

    private static List<String> keys(Settings settings) {
        Set<String> all = new LinkedHashSet<>();
        for (String variable : List.of("NANOGRID_API_KEY", "INFRA_API_KEY")) {
            List<String> keys = settings.list(variable);
            if (keys.stream().anyMatch(key -> key.length() < 8)) {
                settings.problem(variable, "a key needs at least 8 characters; make one with: openssl rand -hex 24");
            }
            all.addAll(keys);
        }
        return List.copyOf(all);
    }

    public static boolean isLoopback(String host) {
        return LOOPBACK.contains(host.toLowerCase(Locale.ROOT)) || LOOPBACK_V4.matcher(host).matches();
    }

    /// Without the keys, so that it can be logged.
    @Override
    public String toString() {
        return "GatewayConfig[" + host + ":" + port + ", " + dataDirectory + ", " + engine + ", " + apiKeys.size()
                + " keys]";
    }
}
