package io.nanogrid.db;

import java.util.List;
import java.util.Optional;

/// Safe for any number of threads.
public interface ChatRoomRepository {

    /// @throws RefusedException.DuplicateChatRoom where there is one of that id
    ChatRoomRecord create(String chatId, String title);

    Optional<ChatRoomRecord> find(String chatId);

    /// All rooms, oldest first.
    List<ChatRoomRecord> list();

    /// @throws RefusedException.UnknownChatRoom where there is none of that id
    ChatRoomRecord rename(String chatId, String title);

    /// Deletes the room and, in the same transaction, its callback.
    ///
    /// @return the callback that went with it, if it had one
    /// @throws RefusedException.UnknownChatRoom where there is none of that id
    /// @throws RefusedException.BuildInProgress while its callback is in `BUILD`
    Optional<CallbackRecord> delete(String chatId);
}
