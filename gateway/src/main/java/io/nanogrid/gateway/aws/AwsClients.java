package io.nanogrid.gateway.aws;

import io.nanogrid.gateway.config.ClusterConfig;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.client.builder.SdkSyncClientBuilder;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.StandardRetryStrategy;
import software.amazon.awssdk.services.cloudwatch.CloudWatchClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.sqs.SqsClient;

/// The clients of the services, with the credentials that the SDK finds. Each call has an end: a service that doesn't answer costs its
/// caller the time given here, retries included, and no more. Safe for use by many threads.
public final class AwsClients implements AutoCloseable {

    /// What a long poll may ask for; SQS takes no more.
    public static final Duration LONG_POLL = Duration.ofSeconds(20);

    private static final int ATTEMPTS = 3;
    private static final Duration CONNECT = Duration.ofSeconds(2);

    static {
        // The JDK keeps 5 idle connections to a host; each further call of as many threads would begin with a TLS handshake.
        if (System.getProperty("http.maxConnections") == null) {
            System.setProperty("http.maxConnections", "64");
        }
        // It would send a request a second time by itself where the connection broke, without the SDK's knowing.
        System.setProperty("sun.net.http.retryPost", "false");
    }

    private final DefaultCredentialsProvider credentials = DefaultCredentialsProvider.builder().build();
    private final DynamoDbClient dynamoDb;
    private final S3Client s3;
    private final SqsClient sqs;
    private final SqsClient polls;
    private final CloudWatchClient cloudWatch;

    public AwsClients(ClusterConfig config) {
        this(config, new ServiceClock(InstantSource.system()));
    }

    /// @param clock is kept right by what DynamoDB answers
    public AwsClients(ClusterConfig config, ServiceClock clock) {
        Region region = Region.of(config.region());
        ClusterConfig.Endpoints at = config.endpoints();
        dynamoDb = build(DynamoDbClient.builder().region(region), at.dynamoDb(), Duration.ofSeconds(2),
                Duration.ofSeconds(5), clock);
        // Other servers than that of AWS are rarely found by the bucket's name. Much may be on its way: what counts is that it moves.
        s3 = build(S3Client.builder().region(region).forcePathStyle(at.s3() != null), at.s3(), Duration.ofSeconds(5),
                Duration.ofSeconds(60));
        sqs = build(SqsClient.builder().region(region), at.sqs(), Duration.ofSeconds(3), Duration.ofSeconds(8));
        polls = build(SqsClient.builder().region(region), at.sqs(), LONG_POLL.plusSeconds(5),
                LONG_POLL.plusSeconds(8));
        cloudWatch = build(CloudWatchClient.builder().region(region), at.cloudWatch(), Duration.ofSeconds(3),
                Duration.ofSeconds(8));
    }

    /// @param read how long to wait for the answer's next bytes
    /// @param whole how long a call may take, with its retries
    private <B extends AwsClientBuilder<B, C> & SdkSyncClientBuilder<B, C>, C> C build(B builder,
            @Nullable URI endpoint,
            Duration read, Duration whole, ExecutionInterceptor... interceptors) {
        SdkHttpClient http = new FaultTellingClient(
                UrlConnectionHttpClient.builder().connectionTimeout(CONNECT).socketTimeout(read).build());
        StandardRetryStrategy retries = AwsRetryStrategy.standardRetryStrategy().toBuilder().maxAttempts(ATTEMPTS)
                .build();
        builder.httpClient(http).credentialsProvider(credentials).overrideConfiguration(
                ClientOverrideConfiguration.builder().retryStrategy(retries).apiCallTimeout(whole)
                        .executionInterceptors(List.of(interceptors)).build());
        if (endpoint != null) {
            builder.endpointOverride(endpoint);
        }
        return builder.build();
    }

    /// Whether a call failed since its thread was interrupted. The thread isn't interrupted any more then.
    public static boolean interrupted(Exception e) {
        return Thread.interrupted() || e instanceof AbortedException || e.getCause() instanceof AbortedException;
    }

    public DynamoDbClient dynamoDb() {
        return dynamoDb;
    }

    public S3Client s3() {
        return s3;
    }

    /// For all but long polls.
    public SqsClient sqs() {
        return sqs;
    }

    /// Waits for an answer longer than a long poll takes.
    public SqsClient sqsPolls() {
        return polls;
    }

    public CloudWatchClient cloudWatch() {
        return cloudWatch;
    }

    @Override
    public void close() {
        cloudWatch.close();
        polls.close();
        sqs.close();
        s3.close();
        dynamoDb.close();
        credentials.close();
    }
}
