package io.nanogrid.db;

import static io.nanogrid.db.Drafts.draft;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.Map;

import org.junit.jupiter.api.Test;

/// The part of {@link CallbackRepository} that makes versions and puts them live.
public abstract class DeployContract extends Contract {

    @Test
    void aVersionIsASnapshotOfTheDraft() {
        CallbackRecord callback = database.callbacks()
                .create(Drafts.running(draft("hello"), Drafts.definition("code", Map.of("A", "b"))));

        VersionRecord version = database.callbacks().beginVersion(callback.id());
        database.callbacks().update(callback.id(), draft("hello", "later"));

        assertThat(version.definition()).isEqualTo(callback.function().draft());
        assertThat(database.functions().version(callback.function().id(), 1)).contains(version);
        assertThat(version.state()).isEqualTo(VersionState.BUILDING);
    }

    @Test
    void aCallbackWhoseVersionIsBegunIsInBuild() {
        long id = database.callbacks().create(draft("hello")).id();

        database.callbacks().beginVersion(id);

        assertThat(database.callbacks().find(id).orElseThrow().status()).isEqualTo(CallbackStatus.BUILD);
    }

    @Test
    void aCompletedVersionIsReadyAndLive() {
        long id = database.callbacks().create(draft("hello")).id();
        database.callbacks().beginVersion(id);

        CallbackRecord callback = database.callbacks().completeDeployment(id, 1, "deps");

        assertThat(callback.status()).isEqualTo(CallbackStatus.DEPLOYED);
        LiveRoute route = database.callbacks().liveRoutes().getFirst();
        assertThat(route.deployment()).isEqualTo(callback.live());
        assertThat(route.functionName()).isEqualTo("function hello");
        assertThat(route.version().state()).isEqualTo(VersionState.READY);
        assertThat(route.version().dependencyKey()).isEqualTo("deps");
    }

    @Test
    void whatGoesLiveIsTheEndpointOfTheMomentTheVersionWasBegun() {
        CallbackRecord callback = database.callbacks().create(draft("hello"));
        database.callbacks().beginVersion(callback.id());
        database.callbacks().update(callback.id(), draft("moved"));

        CallbackRecord after = database.callbacks().completeDeployment(callback.id(), 1, null);

        assertThat(after.live()).extracting(Deployment::endpoint).isEqualTo(callback.endpoint());
        assertThat(after.endpoint().path()).isEqualTo("moved");
    }

    @Test
    void onlyOneVersionIsBuiltAtATime() {
        long id = database.callbacks().create(draft("hello")).id();
        database.callbacks().beginVersion(id);

        assertThatExceptionOfType(RefusedException.BuildInProgress.class)
                .isThrownBy(() -> database.callbacks().beginVersion(id));
    }

    @Test
    void aBuildThatFailsLeavesTheLiveVersionServing() {
        CallbackRecord before = deployed("hello");
        database.callbacks().beginVersion(before.id());

        CallbackRecord after = database.callbacks().failDeployment(before.id(), 2);

        assertThat(after.status()).isEqualTo(CallbackStatus.DEPLOYED);
        assertThat(after.live()).isEqualTo(before.live());
    }

    @Test
    void aFirstBuildThatFailsLeavesTheCallbackFailed() {
        long id = database.callbacks().create(draft("hello")).id();
        database.callbacks().beginVersion(id);

        CallbackRecord after = database.callbacks().failDeployment(id, 1);

        assertThat(after.status()).isEqualTo(CallbackStatus.FAILED);
        assertThat(database.functions().version(after.function().id(), 1).orElseThrow().state())
                .isEqualTo(VersionState.FAILED);
    }

    @Test
    void aVersionEndsOnce() {
        long id = deployed("hello").id();

        assertThatIllegalStateException().isThrownBy(() -> database.callbacks().failDeployment(id, 1))
                .withMessage("version 1 of callback 1001 is not being built");
        assertThatIllegalStateException().isThrownBy(() -> database.callbacks().completeDeployment(id, 1, "other"));
    }

    @Test
    void theNumberOfAFailedVersionIsNotGivenAgain() {
        long id = database.callbacks().create(draft("hello")).id();
        database.callbacks().beginVersion(id);
        database.callbacks().failDeployment(id, 1);

        assertThat(database.callbacks().beginVersion(id).number()).isEqualTo(2);
    }

    @Test
    void anUndeployedCallbackServesNothing() {
        long id = deployed("hello").id();

        CallbackRecord after = database.callbacks().undeploy(id);

        assertThat(after.status()).isEqualTo(CallbackStatus.UNDEPLOYED);
        assertThat(after.live()).isNull();
        assertThat(database.callbacks().liveRoutes()).isEmpty();
    }

    @Test
    void aCallbackInBuildCannotBeUndeployed() {
        long id = deployed("hello").id();
        database.callbacks().beginVersion(id);

        assertThatExceptionOfType(RefusedException.BuildInProgress.class)
                .isThrownBy(() -> database.callbacks().undeploy(id));
    }

    @Test
    void aRollbackGoesBackToTheDeploymentBefore() {
        CallbackRecord first = deployed("hello");
        database.callbacks().update(first.id(), draft("moved"));
        deploy(first.id());

        Deployment previous = database.callbacks().previousDeployment(first.id()).orElseThrow();
        CallbackRecord after = database.callbacks().rollback(first.id());

        assertThat(previous).isEqualTo(first.live());
        assertThat(after.live()).extracting(Deployment::version, Deployment::endpoint).containsExactly(1,
                first.endpoint());
        assertThat(after.endpoint().path()).isEqualTo("moved");
    }

    @Test
    void eachFurtherRollbackGoesBackOneMore() {
        long id = deployed("hello").id();
        deploy(id);
        deploy(id);

        assertThat(database.callbacks().rollback(id).live()).extracting(Deployment::version).isEqualTo(2);
        assertThat(database.callbacks().rollback(id).live()).extracting(Deployment::version).isEqualTo(1);
        assertThatExceptionOfType(RefusedException.NothingToRollBackTo.class)
                .isThrownBy(() -> database.callbacks().rollback(id));
    }

    @Test
    void aRollbackGoesBackToWhatWasServedBeforeAndNotToWhatARollbackHasLeft() {
        long id = deployed("hello").id();
        deploy(id);
        database.callbacks().rollback(id);
        deploy(id);

        assertThat(database.callbacks().previousDeployment(id)).map(Deployment::version).contains(1);
        assertThat(database.callbacks().rollback(id).live()).extracting(Deployment::version).isEqualTo(1);
    }

    @Test
    void aVersionThatWasServedAgainIsGoneBackToByTheTimeItWasServed() {
        long id = deployed("hello").id();
        deploy(id);
        deploy(id);
        database.callbacks().rollback(id);
        deploy(id);

        assertThat(database.callbacks().rollback(id).live()).extracting(Deployment::version).isEqualTo(2);
    }

    @Test
    void aRollbackPassesOverVersionsThatFailed() {
        long id = deployed("hello").id();
        database.callbacks().beginVersion(id);
        database.callbacks().failDeployment(id, 2);
        deploy(id);

        assertThat(database.callbacks().rollback(id).live()).extracting(Deployment::version).isEqualTo(1);
    }

    @Test
    void aDeployAfterARollbackHasANewNumber() {
        long id = deployed("hello").id();
        deploy(id);
        database.callbacks().rollback(id);

        assertThat(deploy(id).live()).extracting(Deployment::version).isEqualTo(3);
    }

    @Test
    void theFirstDeploymentHasNothingToRollBackTo() {
        long id = deployed("hello").id();

        assertThatExceptionOfType(RefusedException.NothingToRollBackTo.class)
                .isThrownBy(() -> database.callbacks().rollback(id));
    }

    @Test
    void aRollbackToARouteThatAnotherCallbackHasTakenIsRefused() {
        long id = deployed("hello").id();
        database.callbacks().update(id, draft("moved"));
        deploy(id);
        database.callbacks().create(draft("hello"));

        assertThatExceptionOfType(RefusedException.DuplicateRoute.class)
                .isThrownBy(() -> database.callbacks().rollback(id))
                .satisfies(refused -> assertThat(refused.callbackId()).isEqualTo(1002));
    }

    @Test
    void anInterruptedBuildOverALiveVersionIsDeployedAgain() {
        CallbackRecord before = deployed("hello");
        VersionRecord version = database.callbacks().beginVersion(before.id());
        reopen();

        int recovered = database.callbacks().recoverInterrupted();

        CallbackRecord after = database.callbacks().find(before.id()).orElseThrow();
        assertThat(recovered).isEqualTo(1);
        assertThat(after.status()).isEqualTo(CallbackStatus.DEPLOYED);
        assertThat(after.live()).isEqualTo(before.live());
        assertThat(database.functions().version(version.functionId(), 2).orElseThrow().state())
                .isEqualTo(VersionState.FAILED);
    }

    @Test
    void anInterruptedFirstBuildIsFailedAndCanBeBegunAgain() {
        long id = database.callbacks().create(draft("hello")).id();
        database.callbacks().beginVersion(id);
        reopen();

        database.callbacks().recoverInterrupted();

        assertThat(database.callbacks().find(id).orElseThrow().status()).isEqualTo(CallbackStatus.FAILED);
        assertThat(database.callbacks().beginVersion(id).number()).isEqualTo(2);
    }

    @Test
    void aCallbackThatWaitedForItsBuildIsRecoveredToo() {
        long id = database.callbacks().create(draft("hello")).id();
        database.callbacks().setStatus(id, CallbackStatus.BUILD);

        assertThat(database.callbacks().recoverInterrupted()).isEqualTo(1);
        assertThat(database.callbacks().find(id).orElseThrow().status()).isEqualTo(CallbackStatus.FAILED);
    }

    @Test
    void whatOneCallbackHasLeftInTheMakingIsFailedAndThatOfOthersIsNot() {
        CallbackRecord before = deployed("hello");
        VersionRecord left = database.callbacks().beginVersion(before.id());
        long other = database.callbacks().create(draft("other")).id();
        VersionRecord building = database.callbacks().beginVersion(other);

        CallbackRecord after = database.callbacks().recoverInterrupted(before.id());

        assertThat(after.status()).isEqualTo(CallbackStatus.DEPLOYED);
        assertThat(after.live()).isEqualTo(before.live());
        assertThat(database.functions().version(left.functionId(), 2).orElseThrow().state())
                .isEqualTo(VersionState.FAILED);
        assertThat(database.functions().version(building.functionId(), 1).orElseThrow().state())
                .isEqualTo(VersionState.BUILDING);
        assertThat(database.callbacks().find(other).orElseThrow().status()).isEqualTo(CallbackStatus.BUILD);
    }

    @Test
    void aBuildThatNeverGotAVersionIsRecovered() {
        long id = database.callbacks().create(draft("hello")).id();
        database.callbacks().setStatus(id, CallbackStatus.BUILD);

        assertThat(database.callbacks().recoverInterrupted(id).status()).isEqualTo(CallbackStatus.FAILED);
        database.callbacks().delete(id);
        assertThat(database.callbacks().find(id)).isEmpty();
    }

    @Test
    void recoveringWhatIsNotInTheMakingChangesNothing() {
        CallbackRecord callback = database.callbacks().create(draft("hello"));

        assertThat(database.callbacks().recoverInterrupted(callback.id())).isEqualTo(callback);
    }

    @Test
    void theNewestVersionsStayAndOlderOnesGoWithTheirCodeAndDependencies() {
        long id = database.callbacks().create(draft("hello", "code 1")).id();
        String function = database.callbacks().find(id).orElseThrow().function().id();
        for (int i = 1; i <= 5; i++) {
            database.callbacks().update(id, draft("hello", "code " + i));
            database.callbacks().completeDeployment(id, database.callbacks().beginVersion(id).number(), "deps " + i);
        }

        assertThat(database.callbacks().pruneVersions(id, 3)).extracting(version -> version.definition().codeHash())
                .containsExactlyInAnyOrder("code 1", "code 2");

        assertThat(database.functions().versions(function)).extracting(VersionRecord::number).containsExactly(5, 4, 3);
        assertThat(database.callbacks().codeHashesInUse()).containsExactlyInAnyOrder("code 3", "code 4", "code 5");
        assertThat(database.callbacks().dependencyKeysInUse()).containsExactlyInAnyOrder("deps 3", "deps 4", "deps 5");
    }

    @Test
    void theLiveVersionAndTheOneToRollBackToStayHoweverOldTheyAre() {
        long id = deployed("hello").id();
        String function = deploy(id).function().id();
        for (int i = 3; i <= 6; i++) {
            database.callbacks().beginVersion(id);
            database.callbacks().failDeployment(id, i);
        }
        database.callbacks().beginVersion(id);

        database.callbacks().pruneVersions(id, 2);

        assertThat(database.functions().versions(function)).extracting(VersionRecord::number).containsExactly(7, 6, 2,
                1);
        database.callbacks().failDeployment(id, 7);
        assertThat(database.callbacks().rollback(id).live()).extracting(Deployment::version).isEqualTo(1);
    }

    @Test
    void aRouteWhoseBuildFailedIsFree() {
        long id = database.callbacks().create(draft("hello")).id();
        database.callbacks().beginVersion(id);
        database.callbacks().update(id, draft("moved"));
        database.callbacks().failDeployment(id, 1);

        assertThat(database.callbacks().create(draft("hello")).id()).isEqualTo(1002);
    }

    @Test
    void aRouteWhoseBuildWasInterruptedIsFree() {
        long id = database.callbacks().create(draft("hello")).id();
        database.callbacks().beginVersion(id);
        database.callbacks().update(id, draft("moved"));
        database.callbacks().recoverInterrupted();

        assertThat(database.callbacks().create(draft("hello")).id()).isEqualTo(1002);
    }

    @Test
    void codeStaysInUseAsLongAsAVersionHasIt() {
        long id = database.callbacks().create(draft("hello", "first")).id();
        deploy(id);
        database.callbacks().update(id, draft("hello", "never built"));
        database.callbacks().update(id, draft("hello", "second"));

        assertThat(database.callbacks().codeHashesInUse()).containsExactlyInAnyOrder("first", "second");
    }

    @Test
    void dependenciesOfAFailedVersionAreNotInUse() {
        long id = database.callbacks().create(draft("hello")).id();
        database.callbacks().beginVersion(id);
        database.callbacks().completeDeployment(id, 1, "deps");
        database.callbacks().beginVersion(id);
        database.callbacks().failDeployment(id, 2);

        assertThat(database.callbacks().dependencyKeysInUse()).containsExactly("deps");
    }
}
