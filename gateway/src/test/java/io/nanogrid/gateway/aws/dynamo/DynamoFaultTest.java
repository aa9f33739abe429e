package io.nanogrid.gateway.aws.dynamo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.nanogrid.db.Drafts;
import io.nanogrid.db.JobDraft;
import io.nanogrid.db.StorageException;
import io.nanogrid.gateway.aws.AwsClients;
import io.nanogrid.gateway.aws.Resources;
import io.nanogrid.gateway.aws.s3.S3Blobs;
import io.nanogrid.gateway.aws.sqs.Depth;
import io.nanogrid.gateway.aws.sqs.SqsAddress;
import io.nanogrid.gateway.aws.sqs.SqsQueue;
import io.nanogrid.gateway.cluster.FaultProxy;
import io.nanogrid.gateway.cluster.LocalCloud;
import io.nanogrid.gateway.cluster.LocalCloud.Service;
import io.nanogrid.gateway.config.ClusterConfig;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What callers see when DynamoDB is gone, hangs, throttles or is slow.
@Timeout(120)
@Execution(ExecutionMode.CONCURRENT)
class DynamoFaultTest {

    /// What the client allows for a call, and some for a machine with much to do.
    private static final Duration BOUND = Duration.ofSeconds(15);
    private static final String JSON = "application/x-amz-json-1.0";

    private LocalCloud cloud;
    private FaultProxy proxy;
    private AwsClients clients;
    private DynamoDatabase database;

    @BeforeEach
    void open() throws IOException {
        cloud = LocalCloud.with(Service.DYNAMODB, Service.S3, Service.SQS);
        proxy = FaultProxy.to(cloud.server(Service.DYNAMODB));
        ClusterConfig config = cloud.config("AWS_ENDPOINT_URL_DYNAMODB", proxy.uri().toString());
        clients = new AwsClients(config);
        new Resources(clients, config).prepare();
        database = new DynamoDatabase(clients.dynamoDb(), config.table(), config.logsTable(), Duration.ofDays(1),
                new S3Blobs(clients.s3(), config.bucket()), "gateway-1", InstantSource.system(),
                made -> new SqsQueue(clients,
                        SqsAddress.of(clients.sqs(), config.queueName()), made, 10, Duration.ofSeconds(1)));
    }

    @AfterEach
    void close() {
        database.close();
        clients.close();
        proxy.close();
        cloud.close();
    }

    private void assertFailsAndHeals() {
        long begin = System.nanoTime();
        assertThatThrownBy(() -> database.callbacks().list()).isInstanceOf(StorageException.class);
        assertThatThrownBy(() -> database.callbacks().create(Drafts.draft("/a"))).isInstanceOf(StorageException.class);
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(BOUND.multipliedBy(2));

        proxy.heal();

        assertThat(database.callbacks().create(Drafts.draft("/b")).id()).isPositive();
        assertThat(database.callbacks().list()).isNotEmpty();
    }

    @Test
    void aDynamoDbThatIsGoneIsToldOfAndUsedAgainWhenItIsBack() {
        proxy.cut();

        assertThat(database.healthy()).isFalse();
        assertFailsAndHeals();
        assertThat(database.healthy()).isTrue();
    }

    @Test
    void aDynamoDbThatHangsKeepsNobodyForLong() {
        proxy.hang();

        assertFailsAndHeals();
    }

    @Test
    void whetherAHungDynamoDbIsHealthyIsKnownBeforeACallIsGivenUp() {
        proxy.hang();
        long begin = System.nanoTime();

        assertThat(database.healthy()).isFalse();

        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void aDynamoDbThatIsTooSlowKeepsNobodyForLong() {
        proxy.slow(Duration.ofSeconds(6));

        assertFailsAndHeals();
    }

    @ParameterizedTest
    @ValueSource(strings = {"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"})
    void throttlingIsWaitedOutAFewTimesAndThenToldOf(String type) {
        String body = "{\"__type\":\"com.amazonaws.dynamodb.v20120810#" + type + "\",\"message\":\"too fast\"}";
        proxy.answer(2, 400, JSON, body);
        assertThat(database.callbacks().list()).isEmpty();

        proxy.answer(100, 400, JSON, body);

        assertFailsAndHeals();
    }

    @ParameterizedTest
    @ValueSource(strings = {"ThrottlingError", "ProvisionedThroughputExceeded", "TransactionConflict"})
    void aTransactionThatIsCancelledForWhatPassesIsMadeAgain(String code) {
        proxy.answer(1, 400, JSON, "{\"__type\":\"com.amazonaws.dynamodb.v20120810#TransactionCanceledException\","
                + "\"Message\":\"cancelled\",\"CancellationReasons\":[{\"Code\":\"None\"},{\"Code\":\"" + code
                + "\",\"Message\":\"busy\"}]}");

        assertThat(new Table(clients.dynamoDb(), cloud.config().table()).<Boolean>write(transaction -> {
            transaction.put(Item.at(new Key("T", "one")).build());
            transaction.put(Item.at(new Key("T", "two")).build());
            return true;
        })).isTrue();
    }

    @Test
    void aWriteWhoseAnswerWasLostIsNotTakenForSomebodyElses() throws Exception {
        String id = UUID.randomUUID().toString();
        database.jobs().find(id);
        int before = proxy.accepted();
        proxy.hang();
        FutureTask<Boolean> write = new FutureTask<>(() -> new Table(clients.dynamoDb(), cloud.config().table())
                .write(transaction -> {
                    // Nothing is read, so that the first request is the write.
                    transaction.create(Item.at(Key.job(id)).build());
                    return ++tries == 1;
                }));
        Thread.ofVirtual().start(write);

        // The first request hangs until its client has lost patience and sent another; then both arrive.
        await().until(() -> proxy.accepted() > before);
        proxy.heal();

        assertThat(write.get(20, TimeUnit.SECONDS)).isTrue();
    }

    private int tries;

    @Test
    void anInterruptEndsACallThatHangsAndIsPassedOn() throws Exception {
        database.callbacks().list();
        proxy.hang();
        AtomicBoolean interrupted = new AtomicBoolean();
        FutureTask<Throwable> call = new FutureTask<>(() -> {
            try {
                database.callbacks().list();
                return new AssertionError("an answer came");
            } catch (StorageException e) {
                interrupted.set(Thread.currentThread().isInterrupted());
                return e;
            }
        });
        Thread caller = Thread.ofVirtual().start(call);
        await().until(
                () -> caller.getState() == Thread.State.WAITING || caller.getState() == Thread.State.TIMED_WAITING);

        caller.interrupt();

        assertThat(call.get(20, TimeUnit.SECONDS)).isInstanceOf(StorageException.class);
        assertThat(interrupted).isTrue();
    }

    @Test
    void whatIsThereAfterAnOutageIsWhatWasThereBefore() {
        long id = database.callbacks().create(Drafts.draft("/a")).id();
        int version = database.callbacks().beginVersion(id).number();
        proxy.cut();
        assertThatThrownBy(() -> database.callbacks().completeDeployment(id, version, null))
                .isInstanceOf(StorageException.class);

        proxy.heal();

        assertThat(database.callbacks().completeDeployment(id, version, null).live()).isNotNull();
    }

    @Test
    void aJobThatCannotBeWrittenDownIsNotSent() {
        proxy.cut();

        assertThatThrownBy(() -> database.queue()
                .put(new JobDraft("j", "f", null, "r", new byte[0], false, null, null), 10))
                .isInstanceOf(StorageException.class);

        proxy.heal();
        assertThat(database.jobs().find("j")).isEmpty();
        SqsAddress queue = SqsAddress.of(clients.sqs(), cloud.config().queueName());
        assertThat(new Depth(clients.sqs(), queue.queue()).visible()).isZero();
    }
}
