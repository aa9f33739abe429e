package io.nanogrid.db;

import static io.nanogrid.db.Drafts.draft;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;

public abstract class ChatRoomRepositoryContract extends Contract {

    @Test
    void aRoomStartsWithoutACallback() {
        ChatRoomRecord room = database.chatRooms().create("room", "A room");

        assertThat(room.callbackId()).isNull();
        assertThat(database.chatRooms().find("room")).contains(room);
    }

    @Test
    void aSecondRoomOfTheSameIdIsRefused() {
        database.chatRooms().create("room", "A room");

        assertThatExceptionOfType(RefusedException.DuplicateChatRoom.class)
                .isThrownBy(() -> database.chatRooms().create("room", "Another"));
    }

    @Test
    void roomsComeOldestFirst() {
        database.chatRooms().create("z", "first");
        database.chatRooms().create("a", "second");

        assertThat(database.chatRooms().list()).extracting(ChatRoomRecord::chatId).containsExactly("z", "a");
    }

    @Test
    void aRoomAndItsCallbackKnowEachOther() {
        database.chatRooms().create("room", "A room");

        CallbackRecord callback = database.callbacks().create(Drafts.inRoom(draft("hello"), "room"));

        assertThat(callback.chatId()).isEqualTo("room");
        assertThat(database.chatRooms().find("room").orElseThrow().callbackId()).isEqualTo(callback.id());
    }

    @Test
    void aRenamedRoomKeepsItsCallback() {
        database.chatRooms().create("room", "A room");
        database.callbacks().create(Drafts.inRoom(draft("hello"), "room"));

        ChatRoomRecord renamed = database.chatRooms().rename("room", "Better");

        assertThat(renamed.title()).isEqualTo("Better");
        assertThat(renamed.callbackId()).isEqualTo(1001);
    }

    @Test
    void anUnknownRoomCannotBeRenamed() {
        assertThatExceptionOfType(RefusedException.UnknownChatRoom.class)
                .isThrownBy(() -> database.chatRooms().rename("nowhere", "Better"));
    }

    @Test
    void aDeletedRoomTakesItsCallbackAlong() {
        database.chatRooms().create("room", "A room");
        CallbackRecord callback = database.callbacks().create(Drafts.inRoom(draft("hello"), "room"));

        assertThat(database.chatRooms().delete("room")).contains(callback);
        assertThat(database.chatRooms().find("room")).isEmpty();
        assertThat(database.callbacks().list()).isEmpty();
    }

    @Test
    void aRoomStaysWhileItsCallbackIsInBuild() {
        database.chatRooms().create("room", "A room");
        database.callbacks().beginVersion(database.callbacks().create(Drafts.inRoom(draft("hello"), "room")).id());

        assertThatExceptionOfType(RefusedException.BuildInProgress.class)
                .isThrownBy(() -> database.chatRooms().delete("room"));
        assertThat(database.chatRooms().find("room")).isPresent();
    }

    @Test
    void aRoomWithoutACallbackIsDeletedAlone() {
        database.chatRooms().create("room", "A room");

        assertThat(database.chatRooms().delete("room")).isEmpty();
        assertThat(database.chatRooms().list()).isEmpty();
    }
}
