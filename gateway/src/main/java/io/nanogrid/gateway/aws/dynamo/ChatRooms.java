package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.db.CallbackRecord;
import io.nanogrid.db.ChatRoomRecord;
import io.nanogrid.db.ChatRoomRepository;
import io.nanogrid.db.RefusedException;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Stateless: any thread may use it.
final class ChatRooms implements ChatRoomRepository {

    static final String PARTITION = "CH";
    private static final String PLACE = "place";
    private static final String TITLE = "title";

    private final Table table;
    private final Clock clock;

    ChatRooms(Table table, Clock clock) {
        this.table = table;
        this.clock = clock;
    }

    @Override
    public ChatRoomRecord create(String chatId, String title) {
        return table.write(transaction -> {
            if (transaction.get(Key.chatRoom(chatId)) != null) {
                throw new RefusedException.DuplicateChatRoom(chatId);
            }
            Instant now = clock.now();
            Item room = item(new ChatRoomRecord(chatId, title, null, now), Clock.nextPlace(now));
            transaction.create(room);
            return record(room);
        });
    }

    @Override
    public Optional<ChatRoomRecord> find(String chatId) {
        return Optional.ofNullable(table.get(Key.chatRoom(chatId))).map(ChatRooms::record);
    }

    @Override
    public List<ChatRoomRecord> list() {
        return table.all(PARTITION).stream().sorted(Comparator.comparing(item -> item.number(PLACE)))
                .map(ChatRooms::record).toList();
    }

    @Override
    public ChatRoomRecord rename(String chatId, String title) {
        return table.write(transaction -> {
            Item before = require(transaction, chatId);
            ChatRoomRecord room = record(before);
            Item after = item(new ChatRoomRecord(chatId, title, room.callbackId(), room.createdAt()),
                    before.number(PLACE));
            transaction.replace(before, after);
            return record(after);
        });
    }

    @Override
    public Optional<CallbackRecord> delete(String chatId) {
        find(chatId).map(ChatRoomRecord::callbackId).ifPresent(callback -> Callbacks.pruneAll(table, callback));
        return table.write(transaction -> {
            Item before = require(transaction, chatId);
            transaction.delete(before);
            Long callback = record(before).callbackId();
            return callback == null
                    ? Optional.empty()
                    : Optional.of(Callbacks.delete(transaction, callback, new Makers(table, clock)));
        });
    }

    /// Moves a callback from one room to another; either may be null.
    static void link(Transaction transaction, long callbackId, @Nullable String from, @Nullable String to) {
        if (to != null && to.equals(from)) {
            return;
        }
        if (to != null) {
            Item room = require(transaction, to);
            Long taken = record(room).callbackId();
            if (taken != null) {
                throw new RefusedException.ChatRoomTaken(to, taken);
            }
            setCallback(transaction, room, callbackId);
        }
        Item left = from == null ? null : transaction.get(Key.chatRoom(from));
        if (left != null) {
            setCallback(transaction, left, null);
        }
    }

    private static void setCallback(Transaction transaction, Item room, @Nullable Long callbackId) {
        ChatRoomRecord before = record(room);
        transaction.replace(room, item(new ChatRoomRecord(before.chatId(), before.title(), callbackId,
                before.createdAt()), room.number(PLACE)));
    }

    private static Item require(Transaction transaction, String chatId) {
        Item item = transaction.get(Key.chatRoom(chatId));
        if (item == null) {
            throw new RefusedException.UnknownChatRoom(chatId);
        }
        return item;
    }

    private static Item item(ChatRoomRecord room, long place) {
        return Item.at(Key.chatRoom(room.chatId())).set("chatId", room.chatId()).set(TITLE, room.title())
                .set(FunctionIndex.OWNER, room.callbackId()).set("createdAt", room.createdAt()).set(PLACE, place)
                .build();
    }

    private static ChatRoomRecord record(Item item) {
        return new ChatRoomRecord(item.text("chatId"), item.text(TITLE), item.numberOrNull(FunctionIndex.OWNER),
                item.time("createdAt"));
    }
}
