package io.nanogrid.gateway.aws.dynamo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.db.CallbackDraft;
import io.nanogrid.db.CallbackRecord;
import io.nanogrid.db.CallbackStatus;
import io.nanogrid.db.Drafts;
import io.nanogrid.db.FunctionDraft;
import io.nanogrid.db.FunctionRecord;
import io.nanogrid.db.KeyRecord;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.Scope;
import io.nanogrid.db.VersionRecord;
import io.nanogrid.db.VersionState;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Two gateways over the same tables.
@Timeout(120)
class DynamoSharedTest {

    private static LocalTables tables;

    private String name;
    private DynamoDatabase one;
    private DynamoDatabase other;

    @BeforeAll
    static void start() {
        tables = new LocalTables();
    }

    @AfterAll
    static void stop() {
        tables.close();
    }

    @BeforeEach
    void open() {
        name = "t" + UUID.randomUUID();
        one = database("one", InstantSource.system());
        other = database("other", InstantSource.system());
    }

    @AfterEach
    void close() {
        one.close();
        other.close();
    }

    private DynamoDatabase database(String gateway, InstantSource clock) {
        return tables.open(name, Duration.ofDays(1), gateway, clock);
    }

    private DynamoDatabase otherLater(Duration later) {
        return database("other", () -> Instant.now().plus(later));
    }

    @Test
    void theStartOfOneGatewayLeavesTheOthersBuildAlone() {
        long id = one.callbacks().create(Drafts.draft("/a")).id();
        VersionRecord version = one.callbacks().beginVersion(id);

        assertThat(other.callbacks().recoverInterrupted()).isZero();

        assertThat(one.callbacks().completeDeployment(id, version.number(), null).status())
                .isEqualTo(CallbackStatus.DEPLOYED);
    }

    @Test
    void aGatewayEndsAtItsStartWhatItLeftInTheMaking() {
        long id = one.callbacks().create(Drafts.draft("/a")).id();
        one.callbacks().beginVersion(id);

        assertThat(one.callbacks().recoverInterrupted()).isOne();

        assertThat(one.callbacks().find(id).orElseThrow().status()).isEqualTo(CallbackStatus.FAILED);
    }

    @Test
    void aDeployOfAnotherGatewayDoesNotEndTheBuildThatIsUnderWay() {
        long id = one.callbacks().create(Drafts.draft("/a")).id();
        one.callbacks().setStatus(id, CallbackStatus.BUILD);
        VersionRecord version = one.callbacks().beginVersion(id);

        other.callbacks().setStatus(id, CallbackStatus.BUILD);
        assertThatThrownBy(() -> other.callbacks().beginVersion(id))
                .isInstanceOf(RefusedException.BuildInProgress.class);
        other.callbacks().recoverInterrupted(id);
        other.callbacks().recoverInterrupted();

        assertThat(one.callbacks().completeDeployment(id, version.number(), null).status())
                .isEqualTo(CallbackStatus.DEPLOYED);
    }

    @Test
    void aBuildThatADeadGatewayLeftIsTakenOverAfterAnHour() {
        long id = one.callbacks().create(Drafts.draft("/a")).id();
        VersionRecord left = one.callbacks().beginVersion(id);
        DynamoDatabase later = otherLater(Duration.ofMinutes(61));

        VersionRecord next = later.callbacks().beginVersion(id);

        assertThat(later.functions().version(left.functionId(), left.number()).orElseThrow().state())
                .isEqualTo(VersionState.FAILED);
        assertThatThrownBy(() -> one.callbacks().completeDeployment(id, left.number(), null))
                .isInstanceOf(IllegalStateException.class);
        assertThat(later.callbacks().completeDeployment(id, next.number(), null).live()).isNotNull();
        later.close();
    }

    @Test
    void whatADeadGatewayLeftForOverAnHourIsEndedAtTheStartOfAnother() {
        long id = one.callbacks().create(Drafts.draft("/a")).id();
        one.callbacks().setStatus(id, CallbackStatus.BUILD);
        FunctionRecord function = one.functions().create(function("f"));
        DynamoDatabase later = otherLater(Duration.ofMinutes(61));

        assertThat(later.callbacks().recoverInterrupted()).isOne();
        assertThat(later.functions().recoverInterrupted()).isOne();

        assertThat(one.callbacks().find(id).orElseThrow().status()).isEqualTo(CallbackStatus.FAILED);
        assertThat(one.functions().find(function.id())).isEmpty();
        later.close();
    }

    @Test
    void aFunctionThatOneGatewayBuildsIsNeitherBuiltNorFailedNorDeletedByAnother() {
        FunctionRecord function = one.functions().create(function("f"));
        VersionRecord version = one.functions().beginVersion(function.id(), function.draft());

        assertThatThrownBy(() -> other.functions().failVersion(function.id(), version.number()))
                .isInstanceOf(RefusedException.FunctionBuildInProgress.class);
        assertThatThrownBy(() -> other.functions().beginVersion(function.id(), function.draft()))
                .isInstanceOf(RefusedException.FunctionBuildInProgress.class);
        assertThatThrownBy(() -> other.functions().delete(function.id()))
                .isInstanceOf(RefusedException.FunctionBuildInProgress.class);
        assertThat(other.functions().recoverInterrupted()).isZero();

        assertThat(one.functions().completeVersion(function.id(), version.number(), "f", null, null).currentVersion())
                .isEqualTo(version.number());
    }

    @Test
    void aRouteIsGivenToOneOfTwentyThatWantItAtOnce() throws Exception {
        List<Object> results = atOnce(20, i -> gateway(i).callbacks().create(Drafts.draft("/same")));

        assertThat(results).filteredOn(CallbackRecord.class::isInstance).hasSize(1);
        assertThat(results).filteredOn(RefusedException.DuplicateRoute.class::isInstance).hasSize(19);
    }

    @Test
    void fiftyCallbacksThatAreMadeAtOnceHaveIdsOfTheirOwn() throws Exception {
        List<Object> results = atOnce(50, i -> gateway(i).callbacks().create(Drafts.draft("/" + i)).id());

        assertThat(results).hasOnlyElementsOfType(Long.class).doesNotHaveDuplicates().hasSize(50);
        assertThat(one.callbacks().list()).hasSize(50);
    }

    @Test
    void oneOfManyDeploysOfACallbackBeginsAndTheOthersAreRefused() throws Exception {
        long id = one.callbacks().create(Drafts.draft("/a")).id();

        List<Object> results = atOnce(10, i -> gateway(i).callbacks().beginVersion(id));

        assertThat(results).filteredOn(VersionRecord.class::isInstance).hasSize(1);
        assertThat(results).filteredOn(RefusedException.BuildInProgress.class::isInstance).hasSize(9);
    }

    @Test
    void aCallbackThatIsChangedByManyAtOnceLosesNoChange() throws Exception {
        long id = one.callbacks().create(Drafts.draft("/a")).id();
        one.callbacks().completeDeployment(id, one.callbacks().beginVersion(id).number(), null);

        List<Object> results = atOnce(20, i -> {
            if (i % 2 == 0) {
                return gateway(i / 2).callbacks().update(id, Drafts.draft("/a" + i)).id();
            }
            VersionRecord version = gateway(i / 2).callbacks().beginVersion(id);
            return gateway(i / 2).callbacks().completeDeployment(id, version.number(), null).id();
        });

        assertThat(results).filteredOn(StorageFailure::is).isEmpty();
        CallbackRecord after = one.callbacks().find(id).orElseThrow();
        assertThat(after.status()).isEqualTo(CallbackStatus.DEPLOYED);
        assertThat(other.callbacks().findByRoute(after.endpoint().routeKey(), after.endpoint().method())).isPresent();
        assertThat(other.callbacks().liveRoutes()).hasSize(1);
    }

    /// Whatever isn't a refusal.
    private static final class StorageFailure {
        static boolean is(Object result) {
            return result instanceof Throwable && !(result instanceof RefusedException);
        }
    }

    @Test
    void whatOneGatewayDeploysTheOtherFinds() {
        long id = one.callbacks().create(Drafts.draft("/a")).id();
        one.callbacks().completeDeployment(id, one.callbacks().beginVersion(id).number(), null);

        assertThat(other.callbacks().liveRoutes())
                .singleElement().satisfies(route -> assertThat(route.deployment().callbackId()).isEqualTo(id));
    }

    @Test
    void theCounterOfChangesMovesWithWhatGatewaysHoldInMemory() {
        long id = one.callbacks().create(Drafts.draft("/a")).id();
        FunctionRecord function = one.functions().create(function("f"));
        int first = one.callbacks().beginVersion(id).number();

        assertMoves(() -> one.callbacks().completeDeployment(id, first, null));
        assertMoves(() -> one.callbacks().update(id, renamed(Drafts.draft("/a"))));
        int second = one.callbacks().beginVersion(id).number();
        assertMoves(() -> one.callbacks().completeDeployment(id, second, null));
        assertMoves(() -> one.callbacks().rollback(id));
        assertMoves(() -> one.callbacks().undeploy(id));
        assertMoves(() -> one.callbacks().delete(id));
        int version = one.functions().beginVersion(function.id(), function.draft()).number();
        assertMoves(() -> one.functions().completeVersion(function.id(), version, "f", null, null));
        assertMoves(() -> one.functions().delete(function.id()));
        assertMoves(() -> one.keys().create(
                new KeyRecord("k", Set.of(Scope.values()[0]), new byte[]{1}, null, Instant.now())));
        assertMoves(() -> one.keys().delete("k"));
    }

    private void assertMoves(Runnable change) {
        long before = other.changes();
        change.run();
        assertThat(other.changes()).isGreaterThan(before);
    }

    private static CallbackDraft renamed(CallbackDraft draft) {
        return new CallbackDraft("renamed", draft.endpoint(), draft.definition(), draft.chatId());
    }

    private static FunctionDraft function(String name) {
        return new FunctionDraft(name, null, Drafts.definition("hash", Map.of()));
    }

    private DynamoDatabase gateway(int i) {
        return i % 2 == 0 ? one : other;
    }

    private interface Task {
        Object run(int number) throws Exception;
    }

    /// @return what each returned or threw
    private static List<Object> atOnce(int threads, Task task) throws InterruptedException {
        try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Object> results = new ArrayList<>();
            for (Future<Object> call : callers.invokeAll(IntStream.range(0, threads)
                    .<Callable<Object>>mapToObj(number -> () -> task.run(number)).toList())) {
                try {
                    results.add(call.get());
                } catch (ExecutionException e) {
                    results.add(e.getCause());
                }
            }
            return results;
        }
    }
}
