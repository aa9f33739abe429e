package io.nanogrid.db;

import static io.nanogrid.db.Drafts.draft;
import static io.nanogrid.db.Drafts.endpoint;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.tuple;

import java.time.Duration;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;

public abstract class CallbackRepositoryContract extends Contract {

    @Test
    void theFirstCallbackIs1001AndPending() {
        CallbackRecord callback = database.callbacks().create(draft("hello"));

        assertThat(callback.id()).isEqualTo(1001);
        assertThat(callback.status()).isEqualTo(CallbackStatus.PENDING);
        assertThat(callback.live()).isNull();
    }

    @Test
    void everyFieldOfADraftComesBackAsItWent() {
        var definition = new Definition("node", "app.main", "c0de", "left-pad\n",
                Map.of("A", "1,2=3", "EMPTY", "", "ÜNÏ", "line\nbreak 🚀"), 512, Duration.ofMillis(1_500), 7, true,
                PayloadFormat.V2, true);
        database.chatRooms().create("room", "A room");
        var wanted = new CallbackDraft("my name", new Endpoint("o/{id}", "POST", "o/{}", Access.KEY, 60), definition,
                "room");

        long id = database.callbacks().create(wanted).id();
        reopen();

        assertThat(database.callbacks().find(id).orElseThrow().draft()).isEqualTo(wanted);
    }

    @Test
    void createAnswersWithWhatFindFinds() {
        CallbackRecord created = database.callbacks().create(draft("hello"));

        assertThat(database.callbacks().find(created.id())).contains(created);
    }

    @Test
    void aSecondCallbackOfTheSameRouteIsRefusedWithTheFirstOnesId() {
        database.callbacks().create(draft("hello"));

        assertThatExceptionOfType(RefusedException.DuplicateRoute.class)
                .isThrownBy(() -> database.callbacks().create(draft("hello")))
                .satisfies(refused -> assertThat(refused.callbackId()).isEqualTo(1001))
                .withMessage("GET hello already belongs to callback 1001");
    }

    @Test
    void theSamePathWithAnotherMethodIsAnotherRoute() {
        database.callbacks().create(draft("hello"));

        CallbackRecord other = database.callbacks().create(Drafts.at(draft("hello"), endpoint("hello", "POST")));

        assertThat(database.callbacks().findByRoute("key:hello", "POST")).contains(other);
    }

    @Test
    void anUnknownChatRoomIsRefusedAndNothingIsStored() {
        assertThatExceptionOfType(RefusedException.UnknownChatRoom.class)
                .isThrownBy(() -> database.callbacks().create(Drafts.inRoom(draft("hello"), "nowhere")));

        assertThat(database.callbacks().list()).isEmpty();
        assertThat(database.callbacks().codeHashesInUse()).isEmpty();
    }

    @Test
    void aChatRoomThatHasACallbackIsRefused() {
        database.chatRooms().create("room", "A room");
        database.callbacks().create(Drafts.inRoom(draft("hello"), "room"));

        assertThatExceptionOfType(RefusedException.ChatRoomTaken.class)
                .isThrownBy(() -> database.callbacks().create(Drafts.inRoom(draft("other"), "room")));
    }

    @Test
    void theListIsOrderedById() {
        for (String path : List.of("c", "a", "b")) {
            database.callbacks().create(draft(path));
        }

        assertThat(database.callbacks().list()).extracting(CallbackRecord::id).containsExactly(1001L, 1002L, 1003L);
    }

    @Test
    void anUpdateReplacesTheDraftAndLeavesWhatIsLive() {
        CallbackRecord before = deployed("hello");
        CallbackDraft changed = Drafts.at(Drafts.running(before.draft(), Drafts.definition("new", Map.of("A", "b"))),
                endpoint("moved", "PUT"));

        CallbackRecord after = database.callbacks().update(before.id(), changed);

        assertThat(after.draft()).isEqualTo(changed);
        assertThat(after.live()).isEqualTo(before.live());
        assertThat(after.status()).isEqualTo(CallbackStatus.DEPLOYED);
    }

    @Test
    void anUpdateMovesTheCallbackToAnotherRoom() {
        database.chatRooms().create("one", "1");
        database.chatRooms().create("two", "2");
        CallbackRecord callback = database.callbacks().create(Drafts.inRoom(draft("hello"), "one"));

        database.callbacks().update(callback.id(), Drafts.inRoom(callback.draft(), "two"));

        assertThat(database.chatRooms().list()).extracting(ChatRoomRecord::callbackId).containsExactly(null, 1001L);
    }

    @Test
    void anUpdateThatKeepsItsOwnRouteIsNoDuplicate() {
        CallbackRecord callback = deployed("hello");

        assertThat(database.callbacks().update(callback.id(), callback.draft()).draft()).isEqualTo(callback.draft());
    }

    @Test
    void anUpdateToAnotherCallbacksRouteIsRefusedAndChangesNothing() {
        database.callbacks().create(draft("hello"));
        CallbackRecord other = database.callbacks().create(draft("other"));

        assertThatExceptionOfType(RefusedException.DuplicateRoute.class)
                .isThrownBy(() -> database.callbacks().update(other.id(), draft("hello")));

        assertThat(database.callbacks().find(other.id())).contains(other);
    }

    @Test
    void aRouteThatIsStillServedIsNotFree() {
        CallbackRecord callback = deployed("hello");
        database.callbacks().update(callback.id(), draft("moved"));

        assertThatExceptionOfType(RefusedException.DuplicateRoute.class)
                .isThrownBy(() -> database.callbacks().create(draft("hello")));
    }

    @Test
    void aRouteThatIsBeingBuiltIsNotFree() {
        long id = database.callbacks().create(draft("hello")).id();
        database.callbacks().beginVersion(id);
        database.callbacks().update(id, draft("moved"));

        assertThatExceptionOfType(RefusedException.DuplicateRoute.class)
                .isThrownBy(() -> database.callbacks().create(draft("hello")));
    }

    @Test
    void aRouteThatIsServedNoMoreIsFree() {
        CallbackRecord callback = deployed("hello");
        database.callbacks().update(callback.id(), draft("moved"));
        deploy(callback.id());

        assertThat(database.callbacks().create(draft("hello")).id()).isEqualTo(1002);
    }

    @Test
    void aDeletedCallbackTakesItsFunctionAlong() {
        long id = database.callbacks().create(draft("hello", "old")).id();
        VersionRecord version = database.callbacks().beginVersion(id);
        database.callbacks().completeDeployment(id, version.number(), "deps");
        CallbackRecord callback = database.callbacks().update(id, draft("hello", "new"));

        CallbackRecord deleted = database.callbacks().delete(id);

        assertThat(deleted).isEqualTo(callback);
        assertThat(database.callbacks().find(id)).isEmpty();
        assertThat(database.functions().find(callback.function().id())).isEmpty();
        assertThat(database.functions().versions(callback.function().id())).isEmpty();
        assertThat(database.callbacks().codeHashesInUse()).isEmpty();
        assertThat(database.callbacks().dependencyKeysInUse()).isEmpty();
    }

    @Test
    void aDeletedCallbackFreesItsRoomAndRoute() {
        database.chatRooms().create("room", "A room");
        long id = database.callbacks().create(Drafts.inRoom(draft("hello"), "room")).id();

        database.callbacks().delete(id);

        assertThat(database.callbacks().create(Drafts.inRoom(draft("hello"), "room")).chatId()).isEqualTo("room");
    }

    @Test
    void anIdIsNeverGivenTwice() {
        database.callbacks().delete(database.callbacks().create(draft("hello")).id());
        reopen();

        assertThat(database.callbacks().create(draft("hello")).id()).isEqualTo(1002);
    }

    @Test
    void aCallbackInBuildCannotBeDeleted() {
        long id = database.callbacks().create(draft("hello")).id();
        database.callbacks().setStatus(id, CallbackStatus.BUILD);

        assertThatExceptionOfType(RefusedException.BuildInProgress.class)
                .isThrownBy(() -> database.callbacks().delete(id));
    }

    @Test
    void aStatusThatClaimsSomethingIsLiveIsRefusedWhereNothingIs() {
        long id = database.callbacks().create(draft("hello")).id();

        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> database.callbacks().setStatus(id, CallbackStatus.DEPLOYED))
                .withMessage("callback 1001 can't be 'deployed' while nothing is live");
    }

    @Test
    void aStatusThatDeniesWhatIsLiveIsRefused() {
        long id = deployed("hello").id();

        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> database.callbacks().setStatus(id, CallbackStatus.FAILED))
                .withMessage("callback 1001 can't be 'failed' while a version is live");
    }

    @Test
    void anUnknownCallbackIsRefusedByName() {
        assertThatExceptionOfType(RefusedException.UnknownCallback.class)
                .isThrownBy(() -> database.callbacks().update(7, draft("hello"))).withMessage("There is no callback 7");
    }

    @Test
    void seedsAreTheFirstCallbacksAndNotDeployed() {
        boolean seeded = database.callbacks().seed(List.of(draft("hello"), draft("world")));

        assertThat(seeded).isTrue();
        assertThat(database.callbacks().list()).extracting(CallbackRecord::id, CallbackRecord::status).containsExactly(
                tuple(1001L, CallbackStatus.NOT_DEPLOYED),
                tuple(1002L, CallbackStatus.NOT_DEPLOYED));
    }

    @Test
    void seedsDontComeBackAfterTheyWereDeleted() {
        database.callbacks().seed(List.of(draft("hello")));
        database.callbacks().delete(1001);
        reopen();

        assertThat(database.callbacks().untouched()).isFalse();
        assertThat(database.callbacks().seed(List.of(draft("hello")))).isFalse();
        assertThat(database.callbacks().list()).isEmpty();
    }

    @Test
    void seedsOfAStartThatWasCutShortComeWithTheNextOne() {
        assertThatExceptionOfType(RefusedException.DuplicateRoute.class)
                .isThrownBy(() -> database.callbacks().seed(List.of(draft("hello"), draft("hello"))));
        reopen();

        assertThat(database.callbacks().untouched()).isTrue();
        assertThat(database.callbacks().seed(List.of(draft("hello")))).isTrue();
        assertThat(database.callbacks().list()).extracting(CallbackRecord::id).containsExactly(1001L);
    }
}
