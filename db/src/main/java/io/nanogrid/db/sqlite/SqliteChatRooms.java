package io.nanogrid.db.sqlite;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

import io.nanogrid.db.CallbackRecord;
import io.nanogrid.db.ChatRoomRecord;
import io.nanogrid.db.ChatRoomRepository;
import io.nanogrid.db.RefusedException;

/// Stateless: any thread may use it.
final class SqliteChatRooms implements ChatRoomRepository {
    private final Lanes lanes;
    private final InstantSource clock;

    SqliteChatRooms(Lanes lanes, InstantSource clock) {
        this.lanes = lanes;
        this.clock = clock;
    }

    @Override
    public ChatRoomRecord create(String chatId, String title) {
        return lanes.write(connection -> {
            int inserted = Sql.update(connection, """
                    INSERT INTO chat_room (chat_id, title, created_at) VALUES (?, ?, ?)
                    ON CONFLICT DO NOTHING""", chatId, title, clock.instant());
            if (inserted == 0) {
                throw new RefusedException.DuplicateChatRoom(chatId);
            }
            return require(connection, chatId);
        });
    }

    @Override
    public Optional<ChatRoomRecord> find(String chatId) {
        return lanes.read(connection -> find(connection, chatId));
    }

    @Override
    public List<ChatRoomRecord> list() {
        return lanes.read(connection -> Sql.list(connection, "SELECT * FROM chat_room ORDER BY created_at, rowid",
                SqliteChatRooms::map));
    }

    @Override
    public ChatRoomRecord rename(String chatId, String title) {
        return lanes.write(connection -> {
            Sql.update(connection, "UPDATE chat_room SET title = ? WHERE chat_id = ?", title, chatId);
            return require(connection, chatId);
        });
    }

    @Override
    public Optional<CallbackRecord> delete(String chatId) {
        return lanes.write(connection -> {
            Long callbackId = require(connection, chatId).callbackId();
            Optional<CallbackRecord> deleted = callbackId == null
                    ? Optional.empty()
                    : Optional.of(CallbackRows.delete(connection, callbackId));
            Sql.update(connection, "DELETE FROM chat_room WHERE chat_id = ?", chatId);
            return deleted;
        });
    }

    private static Optional<ChatRoomRecord> find(Connection connection, String chatId) throws SQLException {
        return Sql.first(connection, "SELECT * FROM chat_room WHERE chat_id = ?", SqliteChatRooms::map, chatId);
    }

    private static ChatRoomRecord require(Connection connection, String chatId) throws SQLException {
        return find(connection, chatId).orElseThrow(() -> new RefusedException.UnknownChatRoom(chatId));
    }

    private static ChatRoomRecord map(ResultSet row) throws SQLException {
        return new ChatRoomRecord(row.getString("chat_id"), row.getString("title"),
                Sql.longOrNull(row, "callback_id"), Sql.instant(row, "created_at"));
    }
}
