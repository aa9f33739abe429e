package io.nanogrid.gateway.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.db.FunctionDraft;
import io.nanogrid.db.FunctionRecord;
import io.nanogrid.db.RefusedException;
import io.nanogrid.db.StorageException;
import io.nanogrid.db.VersionState;
import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.deploy.FunctionCatalog.Found;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// How functions without a callback are made, changed and deleted.
final class FunctionDeployerTest extends FunctionsOnBenchTest {

    @Test
    void noCallFailsOrGoesBackToAnOlderVersionWhileTheFunctionChanges() throws Exception {
        String id = create("one", returning(0));
        AtomicBoolean ended = new AtomicBoolean();
        List<FutureTask<List<String>>> callers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            callers.add(later(() -> {
                List<String> seen = new ArrayList<>();
                while (!ended.get()) {
                    seen.add(bench.run(id));
                }
                return seen;
            }));
        }

        for (int i = 1; i <= 5; i++) {
            current(update(id, returning(i)));
            assertThat(bench.run(id)).isEqualTo(String.valueOf(i));
        }
        ended.set(true);

        for (FutureTask<List<String>> caller : callers) {
            assertThat(caller.get()).isSorted().isSubsetOf("0", "1", "2", "3", "4", "5");
        }
    }

    @Test
    void aCallInFlightEndsAlthoughItsFunctionIsDeleted() throws Exception {
        String id = create("slow",
                "exports.handler = () => new Promise(done => setTimeout(() => done('ended'), 1500))");
        FutureTask<String> call = later(() -> bench.run(id));
        Awaitility.await().atMost(PATIENCE).until(() -> bench.pool.status().busy() == 1);

        deployer.delete(id);

        assertThat(catalog.find(id, null)).isEqualTo(new Found.Unknown());
        assertThat(call.get()).isEqualTo("\"ended\"");
        Awaitility.await().atMost(PATIENCE)
                .until(() -> bench.pool.status().idle() == 0 && bench.pool.status().busy() == 0);
    }

    @Test
    void aDeletedFunctionLeavesNoInstanceCodeOrLibrary() throws Exception {
        String id = current(deployer.create(draft("one", returning(1), "{\"name\": \"l\", \"dependencies\": {}}")))
                .id();
        assertThat(bench.run(id)).isEqualTo("1");
        assertThat(bench.engine.layers()).hasSize(1);

        deployer.delete(id);

        Awaitility.await().atMost(PATIENCE)
                .until(() -> bench.engine.layers().isEmpty() && bench.pool.status().idle() == 0);
        assertThat(bench.codeFiles()).isEmpty();
    }

    @Test
    void librariesThatTwoFunctionsShareGoWithTheLastOfThem() throws Exception {
        String library = "{\"name\": \"shared\", \"dependencies\": {}}";
        String first = current(deployer.create(draft("one", returning(1), library))).id();
        String second = current(deployer.create(draft("two", returning(2), library))).id();

        deployer.delete(first);
        assertThat(bench.engine.layers()).hasSize(1);
        assertThat(bench.run(second)).isEqualTo("2");
        deployer.delete(second);

        Awaitility.await().atMost(PATIENCE).until(() -> bench.engine.layers().isEmpty());
    }

    @Test
    void aFunctionThatCannotBeStoredAsBuiltLeavesNothing() throws Exception {
        bench.failing.add("completeVersion");

        assertThatThrownBy(() -> create("one", returning(1))).isInstanceOf(StorageException.class);

        assertThat(bench.database.functions().findByName("one")).isEmpty();
        Awaitility.await().atMost(PATIENCE).until(() -> bench.pool.status().idle() == 0);
        assertThat(bench.codeFiles()).isEmpty();
    }

    @Test
    void aChangeThatCannotBeStoredAsBuiltChangesNothing() throws Exception {
        String id = create("one", returning(1));
        FunctionRecord before = bench.database.functions().find(id).orElseThrow();
        bench.failing.add("completeVersion");
        assertThatThrownBy(() -> update(id, returning(2))).isInstanceOf(StorageException.class);
        bench.failing.clear();

        FunctionRecord after = bench.database.functions().find(id).orElseThrow();
        assertThat(after).isEqualTo(before);
        assertThat(bench.run(id)).isEqualTo("1");
    }

    @Test
    void aNewNameComesWithTheVersionThatItWasGivenWith() throws Exception {
        String id = create("old", returning(1));

        deployer.update(id, _ -> draft("bad", BAD, null));
        assertThat(catalog.findByName("bad", null)).isEqualTo(new Found.Unknown());
        assertThat(bench.found("old").version().name()).isEqualTo("old");

        deployer.update(id, _ -> draft("new", returning(2), null));
        assertThat(catalog.findByName("old", null)).isEqualTo(new Found.Unknown());
        assertThat(bench.found("new").version().name()).isEqualTo("new");
    }

    @Test
    void aChangeThatAGatewayDiedOfLeavesTheOldNameAndCode() throws Exception {
        String id = create("old", returning(1));
        bench.failing.addAll(Set.of("completeVersion", "failVersion"));
        assertThatThrownBy(() -> deployer.update(id, _ -> draft("new", returning(2), null)))
                .isInstanceOf(StorageException.class);
        bench.failing.clear();
        Workbench.Process next = bench.restarted();

        next.functionDeployer().restore();

        assertThat(next.catalog().findByName("new", null)).isEqualTo(new Found.Unknown());
        assertThat(next.catalog().findByName("old", null)).isInstanceOfSatisfying(Found.Ready.class,
                found -> assertThat(found.version().key().version()).isOne());
    }

    @Test
    void aBuildWhoseEndWasNeverStoredDoesNotStandInTheWayOfTheNext() throws Exception {
        String id = create("one", returning(1));
        bench.failing.addAll(Set.of("completeVersion", "failVersion"));
        assertThatThrownBy(() -> update(id, returning(2))).isInstanceOf(StorageException.class);
        bench.failing.clear();
        assertThat(bench.database.functions().version(id, 2).orElseThrow().state()).isEqualTo(VersionState.BUILDING);

        current(update(id, returning(3)));

        assertThat(bench.run(id)).isEqualTo("3");
        assertThat(bench.database.functions().version(id, 2).orElseThrow().state()).isEqualTo(VersionState.FAILED);
    }

    @Test
    void aFunctionThatIsBeingBuiltCannotBeDeleted() throws Exception {
        String id = create("one", returning(1));
        AtomicReference<@Nullable Exception> refusal = new AtomicReference<>();
        bench.after.put("completeVersion", () -> {
            try {
                deployer.delete(id);
            } catch (InterruptedException | RuntimeException e) {
                refusal.set(e);
            }
        });

        update(id, returning(2));

        assertThat(refusal.get()).isInstanceOf(RefusedException.FunctionBuildInProgress.class);
        assertThat(bench.run(id)).isEqualTo("2");
    }

    @Test
    void onlyTheNewestVersionsAndTheirCodeAreKept() throws Exception {
        String id = create("one", returning(1));
        for (int i = 2; i <= Deployer.KEPT_VERSIONS; i++) {
            update(id, returning(i));
        }
        assertThat(bench.run(id, 1)).isEqualTo("1");
        // So that the next version has the code of one that goes.
        update(id, returning(2));
        update(id, returning(3));

        assertThat(bench.database.functions().versions(id)).hasSize(Deployer.KEPT_VERSIONS);
        assertThat(catalog.find(id, 1)).isEqualTo(new Found.UnknownVersion(1));
        assertThat(bench.run(id)).isEqualTo("3");
        assertThat(bench.codeFiles()).hasSize(Deployer.KEPT_VERSIONS - 1)
                .doesNotContain(CodeBundle.ofText("index.js", returning(1)).hash() + ".zip");
    }

    @Test
    void aStartEndsWhatWasBeingBuiltAndRemovesCodeThatNothingUses() throws Exception {
        String whole = create("whole", returning(1));
        bench.database.functions().beginVersion(whole, draft("whole", returning(1), null).definition());
        FunctionDraft unborn = draft("half", returning(2), null);
        String half = bench.database.functions().create(unborn).id();
        bench.database.functions().beginVersion(half, unborn.definition());
        try (Stream<Path> code = Files.list(bench.work.resolve("code"))) {
            for (Path file : code.toList()) {
                Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(Duration.ofHours(1))));
            }
        }

        bench.restarted().functionDeployer().restore();

        assertThat(bench.database.functions().find(half)).isEmpty();
        assertThat(bench.database.functions().version(whole, 2).orElseThrow().state()).isEqualTo(VersionState.FAILED);
        assertThat(bench.codeFiles()).containsExactly(bench.stored(returning(1)) + ".zip");
    }

    @Test
    void theFunctionOfACallbackIsNotChangedHere() throws Exception {
        String id = bench.database.callbacks().find(bench.callback("a", returning(1))).orElseThrow().function().id();

        assertThatThrownBy(() -> update(id, returning(2))).isInstanceOf(RefusedException.OwnedByCallback.class);
        assertThatThrownBy(() -> deployer.delete(id)).isInstanceOf(RefusedException.OwnedByCallback.class);
    }
}
