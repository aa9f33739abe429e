package io.nanogrid.gateway.aws;

import io.nanogrid.gateway.config.ClusterConfig;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.waiters.WaiterOverrideConfiguration;
import software.amazon.awssdk.retries.api.BackoffStrategy;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.CreateTableRequest;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbException;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ProjectionType;
import software.amazon.awssdk.services.dynamodb.model.ResourceInUseException;
import software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.BucketAlreadyExistsException;
import software.amazon.awssdk.services.s3.model.BucketAlreadyOwnedByYouException;
import software.amazon.awssdk.services.s3.model.CreateBucketRequest;
import software.amazon.awssdk.services.s3.model.LifecycleRule;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueDoesNotExistException;
import software.amazon.awssdk.services.sqs.model.QueueNameExistsException;

/// The bucket, the tables and the queues that a cluster works with. Finds them, and creates them where the configuration asks for it: any
/// number of gateways and workers may do that at once, and again at each start; what is there stays as it is.
public final class Resources {

    /// Keys of both tables, the time at which an item ends, and what names the log table's functions.
    public static final String PK = "pk";
    public static final String SK = "sk";
    public static final String TTL = "ttl";
    public static final String FUNCTION_ID = "functionId";

    /// The index of jobs by state, then by age, and what it shows of them.
    public static final String JOBS_INDEX = "jobs";
    public static final String JOB_STATE = "jobState";
    public static final String JOB_PLACE = "jobPlace";
    private static final List<String> SHOWN_OF_JOBS = List.of("id", FUNCTION_ID, "version", "requestId", "event",
            "traceparent", "retryOf", "attempts", "acceptedAt", "startedAt", "endedAt", "reason", "inputBlob",
            "resultBlob");

    private static final Logger LOG = LoggerFactory.getLogger(Resources.class);
    private static final Duration USABLE_WITHIN = Duration.ofMinutes(2);
    private static final int MAX_RECEIVES = 1_000;
    /// As long as SQS can.
    private static final Duration MESSAGES_KEPT = Duration.ofDays(14);
    private static final Duration DEAD_LETTERS_KEPT = MESSAGES_KEPT;
    /// Days after which objects go, by the beginnings of their keys: what is kept beside an item of a table goes no later than a day or so after
    /// the item, should DynamoDB delete that and nobody else. An input waits as long as its message may.
    static final Map<String, Integer> EXPIRING = Map.of("outputs/", 1, "blobs/calls/", 1, "blobs/results/", 1,
            "blobs/answers/", 2, "blobs/inputs/", (int) MESSAGES_KEPT.toDays() + 1, "blobs/", 30);

    private final AwsClients clients;
    private final ClusterConfig config;

    public Resources(AwsClients clients, ClusterConfig config) {
        this.clients = clients;
        this.config = config;
    }

    /// Returns when everything is there and can be used. Warns of what is set so that it grows for ever.
    ///
    /// @return what is missing and mayn't be created here, one line each; empty when all is well
    /// @throws IOException if a service can't be reached, or doesn't let us
    public List<String> prepare() throws IOException {
        List<String> missing = new ArrayList<>();
        step("the bucket " + config.bucket(), "BUCKET_NAME", missing, this::hasBucket, this::createBucket);
        step("the table " + config.table(), "TABLE_NAME", missing, () -> hasTable(config.table()),
                () -> createTable(config.table(), PK, true));
        step("the table " + config.logsTable(), "LOGS_TABLE_NAME", missing, () -> hasTable(config.logsTable()),
                () -> createTable(config.logsTable(), FUNCTION_ID, false));
        for (String queue : List.of(config.queueName(), config.callsQueueName())) {
            step("the queue " + queue, "SQS_URL", missing, () -> hasQueue(queue), () -> createQueue(queue));
        }
        if (missing.isEmpty()) {
            new Expiry(clients, config).advice().forEach(LOG::warn);
        }
        return List.copyOf(missing);
    }

    private interface Check {
        boolean there();
    }

    private void step(String what, String variable, List<String> missing, Check check, Runnable create)
            throws IOException {
        try {
            if (check.there()) {
                return;
            }
            if (config.create()) {
                create.run();
                LOG.info("Created {}", what);
            } else {
                missing.add(variable + ": " + what + " doesn't exist in " + config.region()
                        + "; create it, or set AWS_CREATE=true to have it created");
            }
        } catch (SdkException e) {
            throw new IOException("can't use " + what + " (" + variable + "): " + e.getMessage(), e);
        }
    }

    private boolean hasBucket() {
        try {
            clients.s3().headBucket(head -> head.bucket(config.bucket()));
            return true;
        } catch (S3Exception e) {
            if (e.statusCode() == 404) {
                return false;
            }
            throw e;
        }
    }

    private void createBucket() {
        S3Client s3 = clients.s3();
        CreateBucketRequest.Builder request = CreateBucketRequest.builder().bucket(config.bucket());
        if (!config.region().equals("us-east-1")) {
            // The one region that mustn't be named.
            request.createBucketConfiguration(where -> where.locationConstraint(config.region()));
        }
        try {
            s3.createBucket(request.build());
        } catch (BucketAlreadyOwnedByYouException e) {
            LOG.debug("Somebody else has just created the bucket", e);
        } catch (BucketAlreadyExistsException e) {
            // Of somebody who was faster, or of a stranger: the latter's answers 403 here.
            s3.headBucket(head -> head.bucket(config.bucket()));
        }
        s3.waiter().waitUntilBucketExists(head -> head.bucket(config.bucket()),
                Resources::patience);
        expire(s3);
    }

    /// What killed processes leave goes by itself.
    private void expire(S3Client s3) {
        LifecycleRule uploads = LifecycleRule.builder().id("unfinished-uploads").status("Enabled")
                .filter(all -> all.prefix("")).abortIncompleteMultipartUpload(after -> after.daysAfterInitiation(1))
                .build();
        List<LifecycleRule> all = new ArrayList<>();
        all.add(uploads);
        EXPIRING.forEach((prefix, days) -> all.add(LifecycleRule.builder().id(prefix).status("Enabled")
                .filter(some -> some.prefix(prefix)).expiration(after -> after.days(days)).build()));
        try {
            s3.putBucketLifecycleConfiguration(
                    put -> put.bucket(config.bucket()).lifecycleConfiguration(rules -> rules.rules(all)));
        } catch (S3Exception e) {
            LOG.info("The bucket {} takes no rules for its clean-up: {}", config.bucket(), e.getMessage());
        }
    }

    private boolean hasTable(String name) {
        try {
            clients.dynamoDb().describeTable(table -> table.tableName(name));
            waitForTable(name);
            return true;
        } catch (ResourceNotFoundException e) {
            return false;
        }
    }

    private void createTable(String name, String hashKey, boolean ofJobs) {
        DynamoDbClient dynamoDb = clients.dynamoDb();
        CreateTableRequest.Builder request = CreateTableRequest.builder().tableName(name)
                .billingMode(BillingMode.PAY_PER_REQUEST).keySchema(key(hashKey, KeyType.HASH), key(SK, KeyType.RANGE));
        if (ofJobs) {
            request.attributeDefinitions(text(hashKey), text(SK), text(JOB_STATE), text(JOB_PLACE))
                    .globalSecondaryIndexes(index -> index.indexName(JOBS_INDEX)
                            .keySchema(key(JOB_STATE, KeyType.HASH), key(JOB_PLACE, KeyType.RANGE))
                            .projection(shown -> shown.projectionType(ProjectionType.INCLUDE)
                                    .nonKeyAttributes(SHOWN_OF_JOBS)));
        } else {
            request.attributeDefinitions(text(hashKey), text(SK));
        }
        try {
            dynamoDb.createTable(request.build());
        } catch (ResourceInUseException e) {
            LOG.debug("Somebody else has just created the table", e);
        }
        waitForTable(name);
        expire(dynamoDb, name);
    }

    private static KeySchemaElement key(String name, KeyType type) {
        return KeySchemaElement.builder().attributeName(name).keyType(type).build();
    }

    private static AttributeDefinition text(String name) {
        return AttributeDefinition.builder().attributeName(name).attributeType(ScalarAttributeType.S).build();
    }

    private void waitForTable(String name) {
        clients.dynamoDb().waiter().waitUntilTableExists(table -> table.tableName(name), Resources::patience);
    }

    private static void patience(WaiterOverrideConfiguration.Builder wait) {
        wait.waitTimeout(USABLE_WITHIN).maxAttempts(Integer.MAX_VALUE)
                .backoffStrategyV2(BackoffStrategy.fixedDelay(Duration.ofSeconds(1)));
    }

    private static void expire(DynamoDbClient dynamoDb, String name) {
        if (Expiry.isOn(dynamoDb, name)) {
            return;
        }
        try {
            dynamoDb.updateTimeToLive(table -> table.tableName(name)
                    .timeToLiveSpecification(ttl -> ttl.attributeName(TTL).enabled(true)));
        } catch (DynamoDbException e) {
            // It is refused to whoever is second.
            if (!Expiry.isOn(dynamoDb, name)) {
                throw e;
            }
        }
    }

    private boolean hasQueue(String name) {
        try {
            clients.sqs().getQueueUrl(queue -> queue.queueName(name));
            return true;
        } catch (QueueDoesNotExistException e) {
            return false;
        }
    }

    /// All send what nobody can use to the same place.
    private void createQueue(String name) {
        SqsClient sqs = clients.sqs();
        String dead = create(sqs, config.queueName() + "-dlq", Map.of(QueueAttributeName.MESSAGE_RETENTION_PERIOD,
                String.valueOf(DEAD_LETTERS_KEPT.toSeconds())));
        String deadArn = sqs
                .getQueueAttributes(queue -> queue.queueUrl(dead).attributeNames(QueueAttributeName.QUEUE_ARN))
                .attributes().get(QueueAttributeName.QUEUE_ARN);
        create(sqs, name,
                Map.of(QueueAttributeName.VISIBILITY_TIMEOUT, "30", QueueAttributeName.MESSAGE_RETENTION_PERIOD,
                        String.valueOf(MESSAGES_KEPT.toSeconds()),
                        QueueAttributeName.RECEIVE_MESSAGE_WAIT_TIME_SECONDS,
                        String.valueOf(AwsClients.LONG_POLL.toSeconds()), QueueAttributeName.REDRIVE_POLICY,
                        "{\"deadLetterTargetArn\":\"" + deadArn + "\",\"maxReceiveCount\":\"" + MAX_RECEIVES + "\"}"));
    }

    /// @return the queue's URL
    private static String create(SqsClient sqs, String name, Map<QueueAttributeName, String> attributes) {
        try {
            return sqs.createQueue(queue -> queue.queueName(name).attributes(attributes)).queueUrl();
        } catch (QueueNameExistsException e) {
            // With other attributes: somebody has set it up as it should be.
            return sqs.getQueueUrl(queue -> queue.queueName(name)).queueUrl();
        }
    }
}
