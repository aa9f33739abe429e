package io.nanogrid.gateway.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a gateway or worker that shares its state with others shares it through. Credentials aren't among it: the AWS SDK looks for them
/// where it always does.
///
/// @param logsTable where the records of executions go
/// @param queue of jobs; calls have one beside it
/// @param redisUser for a Redis that knows users
/// @param endpoints where to find the services other than at AWS
/// @param limitlessWithoutRedis whether clients may call as much as they like while Redis is gone; else none may call
/// @param create whether a missing bucket, table or queue is created at the start
/// @param cloudWatchNamespace where scaling signals go, if anywhere
public record ClusterConfig(
        String region,
        String bucket,
        String table,
        String logsTable,
        URI queue,
        String redisHost,
        int redisPort,
        @Nullable String redisUser,
        @Nullable String redisPassword,
        boolean redisTls,
        Endpoints endpoints,
        Role role,
        Dispatch dispatch,
        boolean limitlessWithoutRedis,
        boolean create,
        @Nullable String cloudWatchNamespace) {

    /// All of them make the mode, and none makes none.
    static final List<String> GROUP = List.of("AWS_REGION", "BUCKET_NAME", "TABLE_NAME", "SQS_URL", "REDIS_HOST");

    private static final URI NO_QUEUE = URI.create("https://invalid/");

    public enum Role {
        GATEWAY, WORKER
    }

    /// Where synchronous calls run. `AUTO`: here while there is room, else on a worker.
    public enum Dispatch {
        LOCAL, QUEUE, AUTO
    }

    /// Null for a service's own address at AWS.
    public record Endpoints(@Nullable URI s3, @Nullable URI dynamoDb, URI sqs, @Nullable URI cloudWatch) {
    }

    private enum WithoutRedis {
        ALLOW, REFUSE
    }

    /// @return null where no variable of the group is set; where some are, each missing one is a problem
    static @Nullable ClusterConfig read(Settings settings) {
        Role role = settings.choice("ROLE", Role.GATEWAY, Role.class);
        Dispatch dispatch = settings.choice("DISPATCH", Dispatch.AUTO, Dispatch.class);
        List<String> given = GROUP.stream().filter(key -> settings.get(key) != null).toList();
        if (given.isEmpty()) {
            refuseWithoutGroup(settings, role, dispatch);
            return null;
        }
        GROUP.stream().filter(key -> !given.contains(key)).forEach(key -> settings.problem(key,
                "is missing, while " + String.join(", ", given) + (given.size() == 1 ? " is" : " are")
                        + " set: set all of " + String.join(", ", GROUP)
                        + " to share state with other machines, or none"));
        URI queue = settings.read("SQS_URL", NO_QUEUE, ClusterConfig::queueUrl,
                "must be a queue's URL such as https://sqs.eu-central-1.amazonaws.com/123456789012/nanogrid");
        return new ClusterConfig(settings.text("AWS_REGION", ""), settings.text("BUCKET_NAME", ""),
                settings.text("TABLE_NAME", ""), settings.text("LOGS_TABLE_NAME", "InfraExecutionLogs"), queue,
                settings.text("REDIS_HOST", ""), settings.integer("REDIS_PORT", 6379, 1, 65535),
                settings.get("REDIS_USER"), settings.get("REDIS_PASSWORD"), settings.flag("REDIS_TLS"),
                endpoints(settings, queue), role, dispatch,
                settings.choice("RATE_LIMIT_WITHOUT_REDIS", WithoutRedis.ALLOW,
                        WithoutRedis.class) == WithoutRedis.ALLOW,
                settings.flag("AWS_CREATE"), settings.get("CLOUDWATCH_NAMESPACE"));
    }

    private static void refuseWithoutGroup(Settings settings, Role role, Dispatch dispatch) {
        if (role == Role.WORKER) {
            settings.problem("ROLE", "a worker takes its jobs from a queue: set " + String.join(", ", GROUP));
        } else if (dispatch == Dispatch.QUEUE) {
            settings.problem("DISPATCH", "there is no queue for calls: set " + String.join(", ", GROUP));
        }
    }

    /// A queue's URL says where its service is.
    private static Endpoints endpoints(Settings settings, URI queue) {
        URI all = endpoint(settings, "AWS_ENDPOINT_URL", null);
        URI sqs = endpoint(settings, "AWS_ENDPOINT_URL_SQS", all);
        return new Endpoints(endpoint(settings, "AWS_ENDPOINT_URL_S3", all),
                endpoint(settings, "AWS_ENDPOINT_URL_DYNAMODB", all), sqs == null ? queue.resolve("/") : sqs,
                endpoint(settings, "AWS_ENDPOINT_URL_CLOUDWATCH", all));
    }

    private static @Nullable URI endpoint(Settings settings, String key, @Nullable URI fallback) {
        return settings.get(key) == null
                ? fallback
                : settings.read(key, NO_QUEUE, ClusterConfig::url, "must be a URL such as http://localhost:4566");
    }

    private static URI queueUrl(String text) {
        URI url = url(text);
        if (queueName(url).isEmpty()) {
            throw new IllegalArgumentException("no name");
        }
        return url;
    }

    private static URI url(String text) {
        try {
            URI url = new URI(text);
            if (!("http".equals(url.getScheme()) || "https".equals(url.getScheme())) || url.getHost() == null
                    || url.getUserInfo() != null) {
                throw new IllegalArgumentException("no URL of a service");
            }
            return url;
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(e);
        }
    }

    public String queueName() {
        return queueName(queue);
    }

    /// The queue of synchronous calls, beside that of jobs.
    public String callsQueueName() {
        return queueName() + "-calls";
    }

    private static String queueName(URI url) {
        String path = url.getPath() == null ? "" : url.getPath();
        return path.substring(path.lastIndexOf('/') + 1);
    }

    /// Without the password, so that it can be logged.
    @Override
    public String toString() {
        return "ClusterConfig[" + role + ", " + region + ", " + bucket + ", " + table + ", " + queue + ", " + redisHost
                + ":" + redisPort + "]";
    }
}
