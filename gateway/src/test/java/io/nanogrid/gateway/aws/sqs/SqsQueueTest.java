package io.nanogrid.gateway.aws.sqs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.nanogrid.db.InvocationQueue;
import io.nanogrid.db.JobDraft;
import io.nanogrid.db.JobRecord;
import io.nanogrid.db.JobState;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.StorageException;
import io.nanogrid.gateway.aws.AwsClients;
import io.nanogrid.gateway.aws.Resources;
import io.nanogrid.gateway.aws.dynamo.DynamoDatabase;
import io.nanogrid.gateway.aws.s3.S3Blobs;
import io.nanogrid.gateway.cluster.FaultProxy;
import io.nanogrid.gateway.cluster.LocalCloud;
import io.nanogrid.gateway.cluster.LocalCloud.Service;
import io.nanogrid.gateway.code.CodePlace;
import io.nanogrid.gateway.config.ClusterConfig;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/// Several workers at one queue, each over a way of its own that can be spoilt: a worker that SQS hears no more of is dead to it.
@Timeout(120)
@Execution(ExecutionMode.CONCURRENT)
class SqsQueueTest {

    private static final byte[] RESULT = "{}".getBytes(UTF_8);
    private static final Duration INVISIBLE = Duration.ofSeconds(3);
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private LocalCloud cloud;
    private ClusterConfig config;
    private AwsClients clients;
    private SqsAddress address;
    private final List<Worker> workers = new ArrayList<>();

    private record Worker(FaultProxy proxy, AwsClients clients, DynamoDatabase database) {

        InvocationQueue queue() {
            return database.queue();
        }

        void die() {
            proxy.cut();
        }

        List<JobRecord> claim(Duration wait) throws InterruptedException {
            return queue().claim(1, Set.of(), wait);
        }

        JobRecord claim() throws InterruptedException {
            List<JobRecord> claimed = claim(PATIENCE);
            assertThat(claimed).hasSize(1);
            return claimed.getFirst();
        }
    }

    @BeforeEach
    void open() throws IOException {
        cloud = LocalCloud.with(Service.DYNAMODB, Service.S3, Service.SQS);
        config = cloud.config();
        clients = new AwsClients(config);
        new Resources(clients, config).prepare();
        address = SqsAddress.of(clients.sqs(), config.queueName());
    }

    @AfterEach
    void close() {
        workers.forEach(worker -> {
            worker.database().close();
            worker.clients().close();
            worker.proxy().close();
        });
        clients.close();
        cloud.close();
    }

    private Worker worker() {
        return worker((_, _) -> null, clients);
    }

    private Worker worker(FunctionDetails.Source functions, AwsClients toS3) {
        FaultProxy proxy = FaultProxy.to(cloud.server(Service.SQS));
        ClusterConfig spoilt = cloud.config("AWS_ENDPOINT_URL_SQS", proxy.uri().toString());
        AwsClients own = new AwsClients(spoilt);
        Worker worker = new Worker(proxy, own, new DynamoDatabase(clients.dynamoDb(), config.table(),
                config.logsTable(), Duration.ofDays(1), new S3Blobs(toS3.s3(), config.bucket()), "gateway-1",
                InstantSource.system(),
                ledger -> new SqsQueue(own, address, ledger, functions, 10, Duration.ofSeconds(1), INVISIBLE)));
        workers.add(worker);
        return worker;
    }

    private static JobDraft job(String id) {
        return new JobDraft(id, "f", null, "r-" + id, "{\"a\":1}".getBytes(UTF_8), false, null, null);
    }

    private void send(String body) {
        clients.sqs().sendMessage(message -> message.queueUrl(address.queue()).messageBody(body));
    }

    private List<Message> deadLetters() {
        return clients.sqs().receiveMessage(ask -> ask.queueUrl(address.deadLetters()).maxNumberOfMessages(10)
                .visibilityTimeout(0).messageAttributeNames("All")).messages();
    }

    private Message deadLetter() {
        return await().atMost(PATIENCE).until(this::deadLetters, letters -> letters.size() == 1).getFirst();
    }

    private static String reason(Message letter) {
        return Objects.requireNonNull(letter.messageAttributes().get("reason")).stringValue();
    }

    /// Until nothing waits there, and nobody has anything of it.
    private void awaitEmptyQueue() {
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(clients.sqs()
                .getQueueAttributes(ask -> ask.queueUrl(address.queue()).attributeNames(
                        QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES,
                        QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE))
                .attributes().values()).allMatch("0"::equals));
    }

    @Test
    void aMessageThatNobodyCanReadIsPutAsideOnceWithItsReason() throws Exception {
        send("{\"requestId\":\"r\"}");
        Worker worker = worker();

        assertThat(worker.claim(INVISIBLE)).isEmpty();

        Message letter = deadLetter();
        assertThat(letter.body()).isEqualTo("{\"requestId\":\"r\"}");
        assertThat(reason(letter)).isEqualTo("functionId is missing");
        awaitEmptyQueue();
    }

    @Test
    void aMessageThatIsTooLongToBePutAsideWithItsReasonIsCut() throws Exception {
        String longest = "x".repeat((256 << 10) - 10);
        send(longest);
        Worker worker = worker();

        assertThat(worker.claim(INVISIBLE)).isEmpty();

        assertThat(longest).startsWith(deadLetter().body());
        awaitEmptyQueue();
    }

    @Test
    void aReasonOfStrangeCharactersGoesWithTheMessageAllTheSame() throws Exception {
        Worker worker = worker();
        worker.queue().put(job("a"), 10);
        worker.claim();

        worker.queue().giveUp("a", RESULT, "bell \u0007, nothing \0, none \uffff, half \ud800, fine é €");

        assertThat(reason(deadLetter())).isEqualTo("bell ?, nothing ?, none ?, half ?, fine é €");
        awaitEmptyQueue();
    }

    @Test
    void anInputOfCharactersThatSqsRefusesIsAccepted() throws Exception {
        Worker worker = worker();
        byte[] input = "\"\uffff\ufffe€\"".getBytes(UTF_8);
        worker.queue().put(new JobDraft("a", "f", null, "r", input, false, null, null), 10);

        assertThat(worker.claim().draft().input()).isEqualTo(input);
    }

    @Test
    void anInputThatGrowsOnItsWayIsLeftOutOfTheMessageOnly() throws Exception {
        Worker worker = worker();
        byte[] input = ("\"" + "é".repeat(60 << 10) + "\"").getBytes(UTF_8);
        worker.queue().put(new JobDraft("a", "f", null, "r", input, false, null, null), 10);

        assertThat(worker.claim().draft().input()).isEqualTo(input);
    }

    @Test
    void whateverCharactersAnInputHasTheMessageTellsThem() throws Exception {
        StringBuilder all = new StringBuilder();
        for (int each = 0; each < 0x20; each++) {
            all.append("\\u00%02x".formatted(each));
        }
        String input = "{\"" + all
                + "\uffff\":[\"\\ud800\",\"\\udc00\\ud800\",\"\ufffe\uffff\u007f\u0085\",\"\\ufffe\",\"𝄞€\",1.10]}";
        Worker worker = worker();

        worker.queue().put(new JobDraft("a", "f", null, "r", input.getBytes(UTF_8), false, null, null), 10);

        String sent = clients.sqsPolls().receiveMessage(receive -> receive.queueUrl(address.queue())
                .waitTimeSeconds(20).visibilityTimeout(0)).messages().getFirst().body();
        assertThat(new ObjectMapper().readTree(sent).get("input")).isEqualTo(new ObjectMapper().readTree(input));
        assertThat(JobMessage.read(sent).draft().input()).asString(UTF_8).contains("\\uD800", "\\u0000", "1.10");
        assertThat(worker.claim().draft().input()).asString(UTF_8).isEqualTo(input);
    }

    @Test
    void aMessageTellsWhatIsKnownOfTheFunction() throws Exception {
        FunctionDetails details = new FunctionDetails("python", new CodePlace("b", "functions/c.zip"),
                Duration.ofSeconds(3), 256);
        Worker worker = worker((id, version) -> id.equals("f") && version == null ? details : null, clients);

        worker.queue().put(job("a"), 10);

        String sent = clients.sqsPolls().receiveMessage(receive -> receive.queueUrl(address.queue())
                .waitTimeSeconds(20).visibilityTimeout(0)).messages().getFirst().body();
        assertThat(new ObjectMapper().readTree(sent)).isEqualTo(new ObjectMapper().readTree("""
                {"requestId": "r-a", "functionId": "f", "runtime": "python", "s3Bucket": "b",
                 "s3Key": "functions/c.zip", "timeoutMs": 3000, "memoryMb": 256, "input": {"a": 1}, "jobId": "a"}"""));
    }

    private static JobDraft longJob() {
        return new JobDraft("a", "f", null, "r", ("\"" + "x".repeat(100 << 10) + "\"").getBytes(UTF_8), false, null,
                null);
    }

    @Test
    void aJobWhoseInputIsGoneIsDeadAtOnceAndPutAside() throws Exception {
        Worker worker = worker();
        worker.queue().recover(dead -> String.valueOf(dead.reason()).getBytes(UTF_8));
        List<String> told = new ArrayList<>();
        ((SqsQueue) worker.queue()).listen((job, result) -> told.add(job.draft().requestId() + ": "
                + new String(result, UTF_8)));
        worker.queue().put(longJob(), 10);
        String input = clients.s3().listObjectsV2(list -> list.bucket(config.bucket())).contents().getFirst().key();
        clients.s3().deleteObject(delete -> delete.bucket(config.bucket()).key(input));

        assertThat(worker.claim(INVISIBLE)).isEmpty();

        String reason = "its input is gone from the bucket; send the job anew";
        assertThat(reason(deadLetter())).isEqualTo(reason);
        JobRecord dead = worker.database().jobs().findWithoutInput("a").orElseThrow();
        assertThat(dead.state()).isEqualTo(JobState.DEAD);
        assertThat(dead.reason()).isEqualTo(reason);
        assertThat(dead.attempts()).isEqualTo(1);
        assertThat(dead.result()).asString(UTF_8).isEqualTo(reason);
        assertThat(told).containsExactly("r: " + reason);
        awaitEmptyQueue();
    }

    @Test
    void aJobWhoseInputCannotBeReadAtTheMomentLosesNoAttempt() throws Exception {
        try (FaultProxy toS3 = FaultProxy.to(cloud.server(Service.S3));
                AwsClients spoilt = new AwsClients(cloud.config("AWS_ENDPOINT_URL_S3", toS3.uri().toString()))) {
            Worker worker = worker((_, _) -> null, spoilt);
            worker.queue().put(longJob(), 10);
            toS3.cut();
            assertThatThrownBy(() -> worker.claim(PATIENCE)).isInstanceOf(StorageException.class);

            toS3.heal();

            assertThat(worker.claim().attempts()).isEqualTo(1);
            assertThat(deadLetters()).isEmpty();
        }
    }

    @Test
    void aJobWhoseWorkerDiedIsBegunByAnother() throws Exception {
        Worker dead = worker();
        dead.queue().put(job("a"), 10);
        dead.claim();

        dead.die();

        JobRecord again = worker().claim();
        assertThat(again.draft().id()).isEqualTo("a");
        assertThat(again.attempts()).isEqualTo(2);
    }

    @Test
    void aJobThatOnlyLayWithAWorkerThatDiedLosesNoAttempt() throws Exception {
        Worker dead = worker();
        dead.queue().put(job("a"), 10);
        assertThat(dead.queue().claim(1, Set.of("f"), INVISIBLE)).isEmpty();

        dead.die();

        assertThat(worker().claim().attempts()).isEqualTo(1);
    }

    @Test
    void aJobThatKillsThreeWorkersIsDeadAndPutAside() throws Exception {
        worker().queue().put(job("a"), 10);
        for (int i = 1; i <= InvocationQueue.MAX_ATTEMPTS; i++) {
            Worker victim = i == 1 ? workers.getFirst() : worker();
            assertThat(victim.claim().attempts()).isEqualTo(i);
            victim.die();
        }

        Worker survivor = worker();
        await().atMost(PATIENCE).until(() -> {
            assertThat(survivor.claim(Duration.ofSeconds(1))).isEmpty();
            return survivor.database().jobs().find("a").orElseThrow().state() == JobState.DEAD;
        });

        assertThat(reason(deadLetter())).isEqualTo("whoever ran it died during each of its 3 attempts");
        awaitEmptyQueue();
    }

    @Test
    void aCopyOfAJobThatIsDoneIsDropped() throws Exception {
        Worker worker = worker();
        worker.queue().put(job("a"), 10);
        worker.claim();
        worker.queue().complete("a", RESULT);

        send(JobMessage.write(job("a"), null));

        assertThat(worker.claim(Duration.ofSeconds(3))).isEmpty();
        awaitEmptyQueue();
    }

    @Test
    void aCopyOfAJobThatIsRunningHereIsNotRunBesideIt() throws Exception {
        Worker worker = worker();
        worker.queue().put(job("a"), 10);
        worker.claim();

        send(JobMessage.write(job("a"), null));

        assertThat(worker.claim(Duration.ofSeconds(3))).isEmpty();
        assertThat(worker.database().jobs().find("a").orElseThrow().attempts()).isEqualTo(1);
        assertThat(worker.queue().complete("a", RESULT)).isTrue();
    }

    @Test
    void aWorkerThatWasTakenForDeadDoesNotGiveBackWhatAnotherRuns() throws Exception {
        Worker late = worker();
        late.queue().put(job("a"), 10);
        late.claim();
        late.die();
        Worker next = worker();
        next.claim();

        late.proxy().heal();
        assertThat(late.queue().giveBack("a", false)).isFalse();

        assertThat(next.database().jobs().find("a").orElseThrow().state()).isEqualTo(JobState.RUNNING);
        assertThat(next.queue().complete("a", RESULT)).isTrue();
        awaitEmptyQueue();
    }

    @Test
    void theFirstResultOfTwoWorkersCounts() throws Exception {
        Worker late = worker();
        late.queue().put(job("a"), 10);
        late.claim();
        late.die();
        Worker next = worker();
        next.claim();
        late.proxy().heal();

        assertThat(late.queue().complete("a", "\"late\"".getBytes(UTF_8))).isTrue();
        assertThat(next.queue().complete("a", "\"next\"".getBytes(UTF_8))).isFalse();

        assertThat(next.database().jobs().find("a").orElseThrow().result()).asString(UTF_8).isEqualTo("\"late\"");
        awaitEmptyQueue();
    }

    @Test
    void aJobThatIsHeldComesToNobodyElse() throws Exception {
        Worker holder = worker();
        holder.queue().put(job("a"), 10);
        holder.claim();

        assertThat(worker().claim(INVISIBLE.plusSeconds(1))).isEmpty();

        assertThat(holder.queue().complete("a", RESULT)).isTrue();
        awaitEmptyQueue();
    }

    @Test
    void whatAClosedWorkerHeldIsThereForOthersAtOnce() throws Exception {
        Worker closed = worker();
        for (int i = 0; i < 12; i++) {
            closed.queue().put(job("j" + i), 100);
        }
        closed.claim();
        closed.queue().giveBack(closed.claim().draft().id(), false);

        closed.database().close();

        Worker next = worker();
        for (int i = 0; i < 12; i++) {
            next.queue().complete(next.claim().draft().id(), RESULT);
        }
        awaitEmptyQueue();
    }

    @Test
    void aJobThatSqsDoesNotTakeIsRefusedAndForgotten() {
        Worker worker = worker();
        worker.proxy().cut();

        assertThatThrownBy(() -> worker.queue().put(job("a"), 10)).isInstanceOf(StorageException.class);
        assertThatThrownBy(() -> worker.queue().put(job("a"), 10)).isInstanceOf(StorageException.class);

        assertThat(worker.database().jobs().find("a")).isEmpty();
        worker.proxy().heal();
        assertThat(worker.queue().put(job("a"), 10).state()).isEqualTo(JobState.PENDING);
    }

    @Test
    void noMoreJobsAreTakenThanMayWait() {
        Worker worker = worker();
        worker.queue().put(job("a"), 2);
        worker.queue().put(job("b"), 2);

        assertThatThrownBy(() -> worker.queue().put(job("c"), 2)).isInstanceOf(RefusedException.QueueFull.class);

        assertThat(worker.database().jobs().find("c")).isEmpty();
        assertThatThrownBy(() -> worker().queue().put(job("c"), 2)).isInstanceOf(RefusedException.QueueFull.class);
    }

    @Test
    void aMessageOfTheOriginalsBecomesAJob() throws Exception {
        send("""
                {"requestId":"5f0c","functionId":"f","runtime":"python","s3Bucket":"b","s3Key":"k.zip","timeoutMs":3000,
                 "memoryMb":128,"input":{"n":1},"modelId":null,"whatever":[1]}""");
        Worker worker = worker();

        JobRecord job = worker.claim();

        assertThat(job.draft().id()).isEqualTo("5f0c");
        assertThat(job.draft().functionId()).isEqualTo("f");
        assertThat(job.draft().version()).isNull();
        assertThat(job.draft().input()).asString(UTF_8).isEqualTo("{\"n\":1}");
        assertThat(worker.queue().complete("5f0c", RESULT)).isTrue();
        awaitEmptyQueue();
    }

    @Test
    void aWorkerWithNothingToDoCostsNoMoreThanItsLongPoll() throws Exception {
        Worker idle = worker();
        idle.claim(Duration.ofSeconds(1));
        int connections = idle.proxy().accepted();
        // Counts from here on.
        idle.proxy().heal();

        for (int i = 0; i < 12; i++) {
            assertThat(idle.claim(Duration.ofMillis(250))).isEmpty();
        }

        assertThat(idle.proxy().accepted()).isEqualTo(connections);
        assertThat(idle.proxy().passed()).isZero();
    }

    @Test
    void askingInALoopWhileAllFunctionsAreTakenCostsNoMoreThanTheLongPollAndTheHold() throws Exception {
        Worker busy = worker();
        busy.queue().put(job("a"), 10);
        busy.queue().claim(1, Set.of("f"), Duration.ofSeconds(1));
        int connections = busy.proxy().accepted();
        busy.proxy().heal();

        long end = System.nanoTime() + INVISIBLE.toNanos();
        long asked = 0;
        while (System.nanoTime() < end) {
            assertThat(busy.queue().claim(1, Set.of("f"), Duration.ZERO)).isEmpty();
            asked++;
        }

        assertThat(asked).isGreaterThan(100);
        assertThat(busy.proxy().accepted() - connections).isLessThanOrEqualTo(2);
        // Three times the message is held on, each by a request and an answer of about a kilobyte and a half.
        assertThat(busy.proxy().passed()).isLessThan(20_000);
        assertThat(busy.claim().attempts()).isEqualTo(1);
    }
}
