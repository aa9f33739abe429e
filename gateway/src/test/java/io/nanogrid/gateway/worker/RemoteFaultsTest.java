package io.nanogrid.gateway.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.db.JobDraft;
import io.nanogrid.gateway.dispatch.Call;
import io.nanogrid.gateway.dispatch.Caller;
import io.nanogrid.gateway.dispatch.Dispatcher;
import io.nanogrid.gateway.dispatch.Invocation;
import io.nanogrid.gateway.dispatch.Outcome;
import io.nanogrid.gateway.dispatch.ResultBus;
import io.nanogrid.gateway.pool.FunctionVersion;
import io.nanogrid.gateway.wire.Bytes;
import io.nanogrid.gateway.worker.Machines.Machine;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/// What becomes of calls while machines die, stop, and lose their ways to each other.
@Execution(ExecutionMode.CONCURRENT)
class RemoteFaultsTest {

    private static final String ECHO = "def handler(event, context):\n    return event\n";
    private static final String SLOW = "import time\ndef handler(event, context):\n    time.sleep(event)\n    return 'slept'\n";
    private static final Outcome SLEPT = new Outcome.Value(Bytes.utf8("\"slept\""));
    private static final Duration LONG = Duration.ofSeconds(40);

    private Machines machines;
    private Machine gateway;
    private ExecutorService threads;

    @BeforeEach
    void start() throws Exception {
        machines = new Machines();
        gateway = machines.machine();
        threads = Executors.newVirtualThreadPerTaskExecutor();
    }

    @AfterEach
    void stop() throws Exception {
        threads.shutdownNow();
        machines.close();
    }

    private static Call call(FunctionVersion version, String event) {
        Bytes bytes = Bytes.utf8(event);
        return new Call("r-1", version, true, null, bytes, () -> bytes,
                deadline -> Bytes.utf8("{\"requestId\":\"r-1\",\"deadlineMs\":" + deadline + "}"));
    }

    private Future<Invocation> calling(Dispatcher dispatcher, FunctionVersion version, String event) {
        return threads.submit((Callable<Invocation>) () -> dispatcher.dispatch(call(version, event)));
    }

    private static void awaitTrue(Callable<Boolean> condition) {
        Awaitility.await().atMost(LONG).pollInterval(Duration.ofMillis(20)).until(condition);
    }

    private boolean isEmpty(String queue) {
        Map<QueueAttributeName, String> counts = machines.clients.sqs()
                .getQueueAttributes(get -> get.queueUrl(queue).attributeNames(QueueAttributeName.ALL)).attributes();
        return "0".equals(counts.get(QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES))
                && "0".equals(counts.get(QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE));
    }

    @Test
    void aCallWhoseWorkerIsLostIsAnsweredOnceByAnother() throws Exception {
        FunctionVersion slow = machines.function(SLOW, LONG);
        Machine first = machines.machine();
        first.work(Duration.ofSeconds(5));
        Future<Invocation> call = calling(gateway.queue(), slow, "4");
        awaitTrue(() -> first.pool.status().busy() == 1);

        first.cutOff();
        Machine second = machines.machine();
        second.work();

        assertThat(call.get().outcome()).isEqualTo(SLEPT);
        assertThat(second.ran).hasValue(1);
        first.heal();
        awaitTrue(() -> isEmpty(machines.calls.queue()));
        assertThat(first.ran).hasValue(1);
        assertThat(second.ran).hasValue(1);
    }

    @Test
    void aCallThatWasCancelledBeforeItBeganIsNotRun() throws Exception {
        FunctionVersion echo = machines.function(ECHO, LONG);
        Future<Invocation> call = calling(gateway.queue(), echo, "1");
        awaitTrue(() -> !isEmpty(machines.calls.queue()));

        call.cancel(true);
        Machine worker = machines.machine();
        worker.work();

        awaitTrue(() -> isEmpty(machines.calls.queue()));
        assertThat(worker.ran).hasValue(0);
    }

    @Test
    void aCallThatIsCancelledWhileItWaitsForAnInstanceIsNotStarted() throws Exception {
        FunctionVersion slow = machines.function(SLOW, LONG, 1);
        Machine worker = machines.machine();
        CallRunner runner = worker.work();
        Future<Invocation> first = calling(gateway.queue(), slow, "8");
        awaitTrue(() -> worker.pool.status().busy() == 1);
        Future<Invocation> second = calling(gateway.queue(), slow, "30");
        awaitTrue(() -> worker.pool.status().waiting() == 1);

        second.cancel(true);

        assertThat(first.get().outcome()).isEqualTo(SLEPT);
        awaitTrue(() -> runner.running() == 0);
        awaitTrue(() -> isEmpty(machines.calls.queue()));
    }

    @Test
    void aCallWhoseCallerHangsUpBeforeItBeganIsNotRunAndIsRecordedAsSuch() throws Exception {
        FunctionVersion echo = machines.function(ECHO, LONG);
        AtomicBoolean gone = new AtomicBoolean();
        AtomicInteger looks = new AtomicInteger();
        Future<Invocation> call = threads.submit(() -> {
            Caller.begin(() -> {
                looks.incrementAndGet();
                return gone.get();
            });
            return gateway.queue().dispatch(call(echo, "1"));
        });
        awaitTrue(() -> looks.get() == 1);
        gone.set(true);
        awaitTrue(() -> looks.get() == 2);

        Machine worker = machines.machine();
        worker.work();

        assertThat(call.get().outcome()).isEqualTo(new Outcome.Unavailable("cancelled before it began"));
        assertThat(worker.ran).hasValue(0);
    }

    @Test
    void aCallWhoseCallerHangsUpWhileItRunsEndsAsItWould() throws Exception {
        FunctionVersion slow = machines.function(SLOW, LONG);
        Machine worker = machines.machine();
        worker.work();
        Future<Invocation> call = threads.submit(() -> {
            Caller.begin(() -> worker.pool.status().busy() == 1);
            return gateway.queue().dispatch(call(slow, "4"));
        });

        assertThat(call.get().outcome()).isEqualTo(SLEPT);
        assertThat(worker.ran).hasValue(1);
    }

    @Test
    void theResultsOfJobsArePublishedToo() throws Exception {
        FunctionVersion echo = machines.function(ECHO, LONG);
        Machine worker = machines.machine();
        AnnouncingQueue queue = new AnnouncingQueue(worker.database.queue(), worker.bus);
        queue.put(new JobDraft("j1", echo.key().functionId(), null, "r1", new byte[]{'1'}, false, null, null), 10);
        awaitTrue(() -> !queue.claim(1, Set.of(), Duration.ofSeconds(1)).isEmpty());

        try (ResultBus.Awaited result = gateway.bus.await("r1")) {
            assertThat(queue.complete("j1", new byte[]{'2'})).isTrue();

            assertThat(result.result(LONG)).hasValue(new byte[]{'2'});
        }
        assertThat(queue.complete("j1", new byte[]{'3'})).isFalse();
    }

    @Test
    void aMessageThatIsNoCallIsPutAsideWithItsReason() throws Exception {
        machines.clients.sqs().sendMessage(
                send -> send.queueUrl(machines.calls.queue()).messageBody("{\"requestId\":\"r\",\"event\":\"\"}"));

        machines.machine().work();

        Message dead = machines.deadLetter();
        assertThat(dead.body()).isEqualTo("{\"requestId\":\"r\",\"event\":\"\"}");
        assertThat(reason(dead)).isEqualTo("functionId is missing");
        awaitTrue(() -> isEmpty(machines.calls.queue()));
    }

    @Test
    void aCallThatKillsWorkersIsPutAsideAfterThreeOfThemAndItsCallerToldSo() throws Exception {
        FunctionVersion echo = machines.function(ECHO, LONG);
        Future<Invocation> call = calling(gateway.queue(), echo, "1");
        for (int i = 0; i < 3; i++) {
            assertThat(machines.receive(machines.calls.queue())).hasSize(1);
        }

        Machine worker = machines.machine();
        worker.work();

        assertThat(call.get().outcome()).isInstanceOfSatisfying(Outcome.Unavailable.class,
                outcome -> assertThat(outcome.message()).contains("died"));
        assertThat(reason(machines.deadLetter())).contains("3 times");
        assertThat(worker.ran).hasValue(0);
    }

    @Test
    void aCallOfAFunctionThatIsGoneIsAnsweredAtOnce() throws Exception {
        FunctionVersion echo = machines.function(ECHO, LONG);
        gateway.deployer.delete(echo.key().functionId());
        machines.machine().work();

        Outcome outcome = calling(gateway.queue(), echo, "1").get().outcome();

        assertThat(outcome).isInstanceOfSatisfying(Outcome.Unavailable.class,
                unavailable -> assertThat(unavailable.message()).contains("no more"));
    }

    @Test
    void withoutTheQueueACallEndsAtOnce() throws Exception {
        FunctionVersion echo = machines.function(ECHO, LONG);
        gateway.toSqs.cut();
        long began = System.nanoTime();

        Outcome outcome = gateway.queue().dispatch(call(echo, "1")).outcome();

        assertThat(outcome).isInstanceOf(Outcome.Unavailable.class);
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(LONG);
    }

    @Test
    void withoutRedisACallTimesOut() throws Exception {
        FunctionVersion echo = machines.function(ECHO, Duration.ofSeconds(1));
        machines.machine().work();
        gateway.toRedis.hang();
        long began = System.nanoTime();

        Outcome outcome = gateway.queue(Duration.ofSeconds(1)).dispatch(call(echo, "1")).outcome();

        assertThat(outcome).isEqualTo(new Outcome.TimedOut(Duration.ofSeconds(1)));
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isBetween(Duration.ofSeconds(2), LONG);
    }

    @Test
    void aResultThatCameWhileTheGatewayHadNoRedisIsFoundWhenItIsBack() throws Exception {
        FunctionVersion echo = machines.function(ECHO, LONG);
        Machine worker = machines.machine();
        worker.work();
        gateway.toRedis.cut();
        Future<Invocation> call = calling(gateway.queue(), echo, "1");
        awaitTrue(() -> worker.ran.get() == 1 && isEmpty(machines.calls.queue()));
        assertThat(call.isDone()).isFalse();

        gateway.toRedis.heal();

        assertThat(call.get().outcome()).isEqualTo(new Outcome.Value(Bytes.utf8("1")));
    }

    @Test
    void aWorkerThatLosesRedisHandsItsResultOverWhenItIsBack() throws Exception {
        FunctionVersion slow = machines.function(SLOW, LONG);
        Machine worker = machines.machine();
        CallRunner runner = worker.work();
        Future<Invocation> call = calling(gateway.queue(), slow, "4");
        awaitTrue(() -> worker.pool.status().busy() == 1);
        worker.toRedis.cut();
        awaitTrue(() -> worker.pool.status().busy() == 0);
        assertThat(runner.running()).isOne();

        worker.toRedis.heal();

        assertThat(call.get().outcome()).isEqualTo(SLEPT);
        awaitTrue(() -> isEmpty(machines.calls.queue()));
    }

    @Test
    void aWorkerThatStopsFinishesWhatRunsAndLeavesTheRestToOthers() throws Exception {
        FunctionVersion slow = machines.function(SLOW, LONG, 1);
        Machine first = machines.machine();
        CallRunner runner = first.work();
        Future<Invocation> running = calling(gateway.queue(), slow, "8");
        awaitTrue(() -> first.pool.status().busy() == 1);
        Future<Invocation> waiting = calling(gateway.queue(), slow, "0");
        awaitTrue(() -> first.pool.status().waiting() == 1);

        runner.drain();
        Machine second = machines.machine();
        second.work();
        assertThat(waiting.get().outcome()).isEqualTo(SLEPT);
        runner.close();

        assertThat(running.get().outcome()).isEqualTo(SLEPT);
        assertThat(second.ran).hasValue(1);
    }

    @Test
    void whatDoesNotEndWithinTheTimeForStoppingRunsElsewhere() throws Exception {
        FunctionVersion slow = machines.function(SLOW, LONG);
        Machine first = machines.machine();
        CallRunner runner = first.work(16, first.local, Duration.ofMillis(200));
        Future<Invocation> call = calling(gateway.queue(), slow, "3");
        awaitTrue(() -> first.pool.status().busy() == 1);

        runner.close();
        Machine second = machines.machine();
        second.work();

        assertThat(call.get().outcome()).isEqualTo(SLEPT);
        assertThat(second.ran).hasValue(1);
    }

    @Test
    void aWorkerTakesNoMoreThanItHasRoomFor() throws Exception {
        FunctionVersion echo = machines.function(ECHO, LONG);
        CountDownLatch go = new CountDownLatch(1);
        Machine worker = machines.machine();
        CallRunner runner = worker.work(2, call -> {
            go.await();
            return worker.local.dispatch(call);
        }, Machines.DRAIN);
        List<Future<Invocation>> calls = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            calls.add(calling(gateway.queue(), echo, "1"));
        }
        awaitTrue(() -> worker.ran.get() == 2);
        Machine other = machines.machine();
        other.work();

        awaitTrue(() -> calls.stream().filter(Future::isDone).count() == 3);

        assertThat(runner.running()).isEqualTo(2);
        go.countDown();
        for (Future<Invocation> call : calls) {
            assertThat(call.get().outcome()).isEqualTo(new Outcome.Value(Bytes.utf8("1")));
        }
    }

    @Test
    void aCallThatNoWorkerHasRoomForIsToldSoAfterThreeTries() throws Exception {
        FunctionVersion echo = machines.function(ECHO, LONG);
        Machine full = machines.machine();
        full.work(1, call -> new Invocation(call.requestId(), new Outcome.Full(false, Duration.ofSeconds(1)),
                Instant.EPOCH, 0, 0, 0, true, OptionalLong.empty(), "", "", false, List.of()),
                Machines.DRAIN);
        Future<Invocation> call = calling(gateway.queue(), echo, "1");

        Outcome outcome = call.get().outcome();

        assertThat(outcome).isEqualTo(new Outcome.Full(false, Duration.ofSeconds(1)));
        assertThat(full.ran).hasValue(3);
    }

    @Test
    void whoIsInterruptedLearnsItAtOnce() throws Exception {
        FunctionVersion echo = machines.function(ECHO, LONG);
        Future<?> call = threads.submit(() -> {
            Thread.currentThread().interrupt();
            return gateway.queue().dispatch(call(echo, "1"));
        });

        assertThatThrownBy(call::get).isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(InterruptedException.class);
    }

    @Test
    void autoRunsCallsHereWhileThereIsRoomAndElsewhereWhenThereIsNone() throws Exception {
        FunctionVersion slow = machines.function(SLOW, LONG);
        Machine small = machines.machine(2);
        Dispatcher auto = small.auto();
        List<Future<Invocation>> here = List.of(calling(auto, slow, "10"), calling(auto, slow, "10"));
        awaitTrue(() -> small.pool.status().busy() == 2);
        Machine worker = machines.machine();
        worker.work();

        Outcome outcome = auto.dispatch(call(slow, "0")).outcome();

        assertThat(outcome).isEqualTo(SLEPT);
        assertThat(worker.ran).hasValue(1);
        for (Future<Invocation> one : here) {
            assertThat(one.get().outcome()).isEqualTo(SLEPT);
        }
        assertThat(auto.dispatch(call(slow, "0")).outcome()).isEqualTo(SLEPT);
        assertThat(worker.ran).hasValue(1);
    }

    private static String reason(Message dead) {
        return Objects.requireNonNull(dead.messageAttributes().get("reason")).stringValue();
    }
}
