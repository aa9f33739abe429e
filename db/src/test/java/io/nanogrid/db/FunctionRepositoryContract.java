package io.nanogrid.db;

import static io.nanogrid.db.Drafts.definition;
import static io.nanogrid.db.Drafts.draft;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

public abstract class FunctionRepositoryContract extends Contract {

    @Test
    void aFunctionIsStoredWithoutAVersion() {
        FunctionDraft wanted = functionDraft("resize", "code");

        FunctionRecord function = database.functions().create(wanted);
        reopen();

        assertThat(database.functions().find(function.id())).contains(function);
        assertThat(draftOf(function)).isEqualTo(wanted);
        assertThat(function.currentVersion()).isNull();
        assertThat(function.callbackId()).isNull();
        assertThat(database.functions().versions(function.id())).isEmpty();
    }

    @Test
    void theFunctionOfACallbackIsFound() {
        CallbackRecord callback = database.callbacks().create(draft("hello"));

        assertThat(database.functions().find(callback.function().id())).contains(callback.function());
    }

    @Test
    void theFunctionOfACallbackRunsWhatTheCallbackServes() {
        CallbackRecord callback = deployed("hello");
        String functionId = callback.function().id();
        assertThat(function(functionId).currentVersion()).isOne();
        assertThat(function(functionId).callbackId()).isEqualTo(callback.id());

        database.callbacks().undeploy(callback.id());

        assertThat(function(functionId).currentVersion()).isNull();
    }

    @Test
    void aListSaysWhatRunsThoughACallbackHasAnotherDraft() {
        CallbackRecord callback = deployed("hello");
        database.callbacks().update(callback.id(), draft("hello", "changed"));
        String id = ready("resize", "old");
        database.functions().beginVersion(id, definition("new", Map.of()));
        database.functions().create(functionDraft("unborn", "first"));

        List<FunctionRecord> listed = database.functions().list(10, null).items();

        assertThat(listed).extracting(function -> function.running().codeHash()).containsExactly("first", "old",
                "hash-of-hello");
        assertThat(listed).extracting(function -> function.draft().codeHash()).containsExactly("first", "old",
                "changed");
    }

    @Test
    void aNamesakeThatCannotRunYetHidesNoFunctionThatDoes() {
        FunctionRecord runs = database.functions().create(functionDraft("resize", "old"));
        FunctionRecord current = complete(runs.id(), functionDraft("resize", "old"));

        database.functions().create(functionDraft("resize", "new"));

        assertThat(database.functions().findByName("resize")).contains(current);
    }

    @Test
    void theNewestFunctionOfANameIsFoundByIt() {
        database.functions().create(functionDraft("resize", "old"));
        FunctionRecord newest = database.functions().create(functionDraft("resize", "new"));
        database.functions().create(functionDraft("other", "new"));

        assertThat(database.functions().findByName("resize")).contains(newest);
        assertThat(database.functions().findByName("nobody")).isEmpty();
    }

    @Test
    void functionsOfBothFamiliesAreListedNewestFirst() {
        database.functions().create(functionDraft("first", "code"));
        database.callbacks().create(draft("second"));
        database.functions().create(functionDraft("third", "code"));

        Page<FunctionRecord> page = database.functions().list(10, null);

        assertThat(page.items()).extracting(FunctionRecord::name).containsExactly("third", "function second", "first");
        assertThat(page.nextCursor()).isNull();
    }

    @Test
    void aListIsCompleteThoughFunctionsComeAndGoBetweenItsPages() {
        List<FunctionRecord> made = IntStream.range(0, 10)
                .mapToObj(i -> database.functions().create(functionDraft("f" + i, "code"))).toList();

        var listed = new ArrayList<String>();
        String cursor = null;
        do {
            Page<FunctionRecord> page = database.functions().list(3, cursor);
            page.items().forEach(function -> listed.add(function.name()));
            cursor = page.nextCursor();
            database.functions().create(functionDraft("late", "code"));
            database.functions().delete(page.items().getLast().id());
        } while (cursor != null);

        assertThat(listed).containsExactlyElementsOf(made.reversed().stream().map(FunctionRecord::name).toList());
    }

    @Test
    void theLastPageHasNoCursorThoughItIsFull() {
        IntStream.range(0, 4).forEach(i -> database.functions().create(functionDraft("f" + i, "code")));

        String cursor = database.functions().list(2, null).nextCursor();

        assertThat(cursor).isNotNull().matches("[A-Za-z0-9_-]+");
        assertThat(database.functions().list(2, cursor).nextCursor()).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "5", "-1", "%%%", "Zg", "ZnVuY3Rpb25z", "ZnVuY3Rpb25zLg", "ZnVuY3Rpb25zLjFlOQ",
            "am9icy41",
            "ZnVuY3Rpb25zLjAwNQ", "ZnVuY3Rpb25zLjU=", "' OR 1=1 --"})
    void aCursorThatIsNoneIsRefused(String cursor) {
        assertThatIllegalArgumentException().isThrownBy(() -> database.functions().list(10, cursor))
                .withMessage("the cursor is not one of this list: begin again without one");
    }

    @Test
    void aCompletedVersionIsWhatRunsAndBringsItsNameAlong() {
        String id = ready("resize", "old");
        FunctionDraft next = new FunctionDraft("renamed", "new text", definition("new", Map.of("A", "1")));
        VersionRecord begun = database.functions().beginVersion(id, next.definition());

        FunctionRecord function = database.functions().completeVersion(id, begun.number(), next.name(),
                next.description(), "new deps");

        assertThat(function.currentVersion()).isEqualTo(2);
        assertThat(draftOf(function)).isEqualTo(next);
        VersionRecord version = database.functions().version(id, 2).orElseThrow();
        assertThat(version.state()).isEqualTo(VersionState.READY);
        assertThat(version.dependencyKey()).isEqualTo("new deps");
        assertThat(version.definition()).isEqualTo(next.definition());
        assertThat(database.functions().version(id, 1).orElseThrow().definition().codeHash()).isEqualTo("old");
    }

    @Test
    void aVersionThatIsBeingBuiltLeavesTheFunctionAsItIs() {
        String id = ready("resize", "good");
        FunctionRecord before = function(id);

        database.functions().beginVersion(id, definition("next", Map.of()));
        reopen();

        assertThat(function(id)).isEqualTo(before);
    }

    @Test
    void aFailedVersionLeavesTheFunctionAsItIs() {
        String id = ready("resize", "good");
        FunctionRecord before = function(id);
        int number = database.functions().beginVersion(id, definition("bad", Map.of())).number();

        assertThat(database.functions().failVersion(id, number)).isEqualTo(before);

        assertThat(database.functions().version(id, number)).map(VersionRecord::state).contains(VersionState.FAILED);
    }

    @Test
    void aVersionEndsOnce() {
        String id = ready("resize", "code");

        assertThatIllegalStateException()
                .isThrownBy(() -> database.functions().completeVersion(id, 1, "n", null, null));
        assertThatIllegalStateException().isThrownBy(() -> database.functions().failVersion(id, 1));
        assertThatIllegalStateException().isThrownBy(() -> database.functions().failVersion(id, 2));
    }

    @Test
    void aFunctionIsBuiltOnceAtATimeAndStaysMeanwhile() {
        String id = ready("resize", "code");
        database.functions().beginVersion(id, definition("next", Map.of()));

        assertThatExceptionOfType(RefusedException.FunctionBuildInProgress.class)
                .isThrownBy(() -> database.functions().beginVersion(id, definition("other", Map.of())));
        assertThatExceptionOfType(RefusedException.FunctionBuildInProgress.class)
                .isThrownBy(() -> database.functions().delete(id));
    }

    @Test
    void aDeletedFunctionTakesItsVersionsAlong() {
        String id = ready("resize", "code");

        assertThat(database.functions().delete(id).id()).isEqualTo(id);

        assertThat(database.functions().find(id)).isEmpty();
        assertThat(database.functions().versions(id)).isEmpty();
        assertThat(database.callbacks().codeHashesInUse()).isEmpty();
    }

    @Test
    void whatFunctionsUseIsInUse() {
        String id = ready("resize", "old");
        int number = database.functions().beginVersion(id, definition("new", Map.of())).number();
        database.functions().completeVersion(id, number, "resize", null, "new deps");
        deployed("hello");

        assertThat(database.callbacks().codeHashesInUse()).containsExactlyInAnyOrder("old", "new", "hash-of-hello");
        assertThat(database.callbacks().dependencyKeysInUse()).containsExactlyInAnyOrder("deps", "new deps");
    }

    @Test
    void pruningKeepsTheNewestTheCurrentAndTheOneThatIsBeingBuilt() {
        String id = ready("resize", "v1");
        fail(id, "v2");
        fail(id, "v3");
        database.functions().beginVersion(id, definition("v4", Map.of()));

        assertThat(database.functions().pruneVersions(id, 0)).extracting(version -> version.definition().codeHash())
                .containsExactlyInAnyOrder("v2", "v3");

        assertThat(database.functions().versions(id)).extracting(VersionRecord::number).containsExactly(4, 1);
        assertThat(database.callbacks().codeHashesInUse()).containsExactlyInAnyOrder("v1", "v4");
    }

    @Test
    void versionsAreNeverNumberedTwice() {
        String id = ready("resize", "v1");
        fail(id, "v2");
        database.functions().pruneVersions(id, 0);

        assertThat(database.functions().beginVersion(id, definition("v3", Map.of())).number()).isEqualTo(3);
    }

    @Test
    void aStartEndsWhatWasBeingBuiltAndDeletesWhatNeverRan() {
        String old = ready("old", "good");
        database.functions().beginVersion(old, definition("bad", Map.of()));
        String unborn = database.functions().create(functionDraft("unborn", "code")).id();
        database.functions().beginVersion(unborn, definition("code", Map.of()));
        String unbegun = database.functions().create(functionDraft("unbegun", "code")).id();
        String untouched = ready("untouched", "code");
        CallbackRecord callback = database.callbacks().create(draft("hello"));
        database.callbacks().beginVersion(callback.id());
        reopen();

        assertThat(database.functions().recoverInterrupted()).isEqualTo(3);

        assertThat(function(old).draft().codeHash()).isEqualTo("good");
        assertThat(database.functions().versions(old)).extracting(VersionRecord::state)
                .containsExactly(VersionState.FAILED, VersionState.READY);
        assertThat(database.functions().find(unborn)).isEmpty();
        assertThat(database.functions().find(unbegun)).isEmpty();
        assertThat(function(untouched).currentVersion()).isOne();
        assertThat(database.functions().version(callback.function().id(), 1)).map(VersionRecord::state)
                .contains(VersionState.BUILDING);
        assertThat(database.functions().recoverInterrupted()).isZero();
    }

    @Test
    void theRecoveryOfOneFunctionFailsItsBuildAndKeepsIt() {
        String id = ready("resize", "good");
        database.functions().beginVersion(id, definition("bad", Map.of()));
        String unborn = database.functions().create(new FunctionDraft("unborn", null, definition("code", Map.of())))
                .id();
        database.functions().beginVersion(unborn, definition("code", Map.of()));

        assertThat(database.functions().failInterrupted(id)).isTrue();
        assertThat(database.functions().failInterrupted(unborn)).isTrue();

        assertThat(database.functions().versions(id)).extracting(VersionRecord::state)
                .containsExactly(VersionState.FAILED, VersionState.READY);
        assertThat(database.functions().beginVersion(id, definition("next", Map.of())).number()).isEqualTo(3);
        assertThat(function(unborn).currentVersion()).isNull();
        assertThat(database.functions().delete(unborn).id()).isEqualTo(unborn);
        assertThat(database.functions().failInterrupted("nobody")).isFalse();
    }

    @Test
    void theRecoveryOfOneFunctionLeavesThatOfACallbackAlone() {
        CallbackRecord callback = deployed("hello");
        database.callbacks().beginVersion(callback.id());

        assertThat(database.functions().failInterrupted(callback.function().id())).isFalse();

        assertThat(database.functions().version(callback.function().id(), 2)).map(VersionRecord::state)
                .contains(VersionState.BUILDING);
    }

    @Test
    void theRecoveryOfCallbacksLeavesOtherFunctionsAlone() {
        String id = ready("resize", "code");
        database.functions().beginVersion(id, definition("next", Map.of()));

        database.callbacks().recoverInterrupted();

        assertThat(database.functions().version(id, 2)).map(VersionRecord::state).contains(VersionState.BUILDING);
    }

    @Test
    void aFunctionOfACallbackIsChangedByItsCallbackAlone() {
        CallbackRecord callback = deployed("hello");
        String id = callback.function().id();

        for (ThrowingCallable change : changes(id)) {
            assertThatExceptionOfType(RefusedException.OwnedByCallback.class).isThrownBy(change)
                    .satisfies(refusal -> assertThat(refusal.callbackId()).isEqualTo(callback.id()));
        }

        assertThat(function(id)).isEqualTo(callback.function());
    }

    @Test
    void aFunctionThatDoesNotExistIsNotChanged() {
        for (ThrowingCallable change : changes("nobody")) {
            assertThatExceptionOfType(RefusedException.UnknownFunction.class).isThrownBy(change)
                    .withMessage("There is no function 'nobody'");
        }
    }

    @Test
    void aDeletedCallbackTakesItsFunctionAlong() {
        CallbackRecord callback = deployed("hello");

        database.callbacks().delete(callback.id());

        assertThat(database.functions().find(callback.function().id())).isEmpty();
        assertThat(database.functions().list(10, null).items()).isEmpty();
    }

    @Test
    void versionsComeNewestFirst() {
        CallbackRecord callback = deployed("hello");
        deploy(callback.id());

        assertThat(database.functions().versions(callback.function().id())).extracting(VersionRecord::number)
                .containsExactly(2, 1);
    }

    @Test
    void functionsCountTheirVersionsApart() {
        deployed("hello");

        assertThat(deployed("world").live()).extracting(Deployment::version).isEqualTo(1);
    }

    @Test
    void aVersionThatDoesNotExistIsNotFound() {
        CallbackRecord callback = deployed("hello");

        assertThat(database.functions().version(callback.function().id(), 2)).isEmpty();
        assertThat(database.functions().find("nobody")).isEmpty();
    }

    private List<ThrowingCallable> changes(String id) {
        return List.of(() -> database.functions().beginVersion(id, definition("code", Map.of())),
                () -> database.functions().completeVersion(id, 1, "n", null, null),
                () -> database.functions().failVersion(id, 1), () -> database.functions().pruneVersions(id, 0),
                () -> database.functions().delete(id));
    }

    private FunctionRecord function(String id) {
        return database.functions().find(id).orElseThrow();
    }

    /// @return a function whose version 1 runs
    private String ready(String name, String codeHash) {
        FunctionDraft draft = functionDraft(name, codeHash);
        return complete(database.functions().create(draft).id(), draft).id();
    }

    private FunctionRecord complete(String id, FunctionDraft draft) {
        int number = database.functions().beginVersion(id, draft.definition()).number();
        return database.functions().completeVersion(id, number, draft.name(), draft.description(), "deps");
    }

    private void fail(String id, String codeHash) {
        int number = database.functions().beginVersion(id, definition(codeHash, Map.of())).number();
        database.functions().failVersion(id, number);
    }

    private static FunctionDraft draftOf(FunctionRecord function) {
        return new FunctionDraft(function.name(), function.description(), function.draft());
    }

    private static FunctionDraft functionDraft(String name, String codeHash) {
        return new FunctionDraft(name, "what " + name + " does", definition(codeHash, Map.of()));
    }
}
