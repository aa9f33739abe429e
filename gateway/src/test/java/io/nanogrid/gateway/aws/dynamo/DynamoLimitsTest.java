package io.nanogrid.gateway.aws.dynamo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.db.Definition;
import io.nanogrid.db.Drafts;
import io.nanogrid.db.ExecutionFilter;
import io.nanogrid.db.ExecutionRecord;
import io.nanogrid.db.ExecutionStatus;
import io.nanogrid.db.FunctionDraft;
import io.nanogrid.db.FunctionRecord;
import io.nanogrid.db.JobDraft;
import io.nanogrid.db.JobRecord;
import io.nanogrid.db.JobState;
import io.nanogrid.db.RefusedException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What DynamoDB takes of an item, a key and a transaction.
@Timeout(120)
class DynamoLimitsTest {

    private static LocalTables tables;
    private static DynamoDatabase database;

    @BeforeAll
    static void start() {
        tables = new LocalTables();
        database = tables.open("t" + UUID.randomUUID(), Duration.ofDays(1), "gateway-1", InstantSource.system());
    }

    @AfterAll
    static void stop() {
        database.close();
        tables.close();
    }

    private static Definition definition(@Nullable String library, Map<String, String> env) {
        return new Definition("python", null, "hash", library, env, 128, Duration.ofSeconds(30), null, false,
                Drafts.definition("hash", Map.of()).payload(), false);
    }

    @Test
    void aLibraryThatFindsNoRoomIsRefused() {
        FunctionDraft draft = new FunctionDraft("f", null, definition("é".repeat(64 << 10), Map.of("A", "b")));

        assertThatThrownBy(() -> database.functions().create(draft))
                .isInstanceOf(RefusedException.DefinitionTooLong.class).hasMessageContaining("131074 bytes");
    }

    @Test
    void aCallbackMayHaveTheLongestDefinitionAsItsDraftAndAsWhatRuns() {
        long id = database.callbacks().create(Drafts.running(Drafts.draft("/long"),
                definition("x".repeat(64 << 10), Map.of("A", "y".repeat((64 << 10) - 1))))).id();

        int version = database.callbacks().beginVersion(id).number();
        database.callbacks().completeDeployment(id, version, null);

        assertThat(database.callbacks().liveRoutes()).anyMatch(route -> route.deployment().callbackId() == id);
    }

    @Test
    void aCallbackWithManyVersionsThatFailedCanBeDeleted() {
        long id = database.callbacks().create(Drafts.draft("/failing")).id();
        for (int i = 0; i < 60; i++) {
            database.callbacks().failDeployment(id, database.callbacks().beginVersion(id).number());
        }

        database.callbacks().delete(id);

        assertThat(database.callbacks().find(id)).isEmpty();
        assertThat(database.callbacks().codeHashesInUse(Set.of("hash-of-/failing"))).isEmpty();
    }

    @Test
    void aFunctionWithManyVersionsThatFailedKeepsWhatRunsUntilItIsDeleted() {
        FunctionRecord function = database.functions().create(new FunctionDraft("g", null, definition(null, Map.of())));
        int first = database.functions().beginVersion(function.id(), function.draft()).number();
        database.functions().completeVersion(function.id(), first, "g", null, "libraries-of-g");
        for (int i = 0; i < 60; i++) {
            database.functions().failVersion(function.id(),
                    database.functions().beginVersion(function.id(), function.draft()).number());
        }
        assertThat(database.callbacks().dependencyKeysInUse()).contains("libraries-of-g");

        database.functions().delete(function.id());

        assertThat(database.functions().versions(function.id())).isEmpty();
        assertThat(database.callbacks().dependencyKeysInUse()).doesNotContain("libraries-of-g");
    }

    @Test
    void underNamesThatNoKeyCanHaveThereIsNothing() {
        for (String name : List.of("", "x".repeat(3_000), "\ud800")) {
            assertThat(database.functions().find(name)).isEmpty();
            assertThat(database.functions().findByName(name)).isEmpty();
            assertThat(database.functions().versions(name)).isEmpty();
            assertThat(database.chatRooms().find(name)).isEmpty();
            assertThat(database.jobs().find(name)).isEmpty();
            assertThat(database.keys().delete(name)).isFalse();
            assertThat(database.callbacks().findByRoute(name, "GET")).isEmpty();
            assertThat(database.executions().list(name, new ExecutionFilter(null, null, null), 10, null).items())
                    .isEmpty();
            assertThat(database.executions().peaks(name, 1, 10)).isEmpty();
        }
    }

    @Test
    void halvesOfCharactersInARecordDoNotKeepOthersFromBeingStored() {
        database.executions().insert(List.of(call("strange", "\ud83d", "half \ude00"),
                call("plain", "Error", "what happened")));

        assertThat(database.executions().list("limits", new ExecutionFilter(null, null, null), 10, null).items())
                .extracting(ExecutionRecord::errorMessage).containsExactlyInAnyOrder("half ?", "what happened");
    }

    @Test
    void aRecordWithTheLongestOfEverythingIsStored() {
        String random = new Random(1).ints(2 << 20, ' ', '~')
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
        database.executions().insert(List.of(new ExecutionRecord("r", "longest", 1, ExecutionStatus.values()[0],
                Instant.now(), Duration.ZERO, Duration.ZERO, Duration.ZERO, false, 1L, "€".repeat(100_000),
                "€".repeat(100_000), random, random, false)));

        assertThat(database.executions().list("longest", new ExecutionFilter(null, null, null), 10, null).items())
                .singleElement().satisfies(call -> {
                    assertThat(random).startsWith(call.stdout());
                    assertThat(call.outputTruncated()).isTrue();
                });
    }

    private static ExecutionRecord call(String id, String errorType, String errorMessage) {
        return new ExecutionRecord(id, "limits", 1, ExecutionStatus.values()[0], Instant.now(), Duration.ZERO,
                Duration.ZERO, Duration.ZERO, false, null, errorType, errorMessage, "", "", false);
    }

    @Test
    void aJobMayHaveBothALongInputAndALongResult() throws InterruptedException {
        String id = UUID.randomUUID().toString();
        byte[] long1 = "1".repeat(250 << 10).getBytes();
        byte[] long2 = "2".repeat(250 << 10).getBytes();
        database.queue().put(new JobDraft(id, "f", null, "r", long1, false, null, null), 1_000);

        List<JobRecord> claimed = database.queue().claim(1, Set.of(), Duration.ofSeconds(20));
        database.queue().complete(id, long2);

        assertThat(claimed).singleElement().satisfies(job -> assertThat(job.draft().input()).isEqualTo(long1));
        JobRecord done = database.jobs().find(id).orElseThrow();
        assertThat(done.state()).isEqualTo(JobState.DONE);
        assertThat(done.result()).isEqualTo(long2);
    }
}
