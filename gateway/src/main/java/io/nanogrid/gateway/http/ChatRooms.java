package io.nanogrid.gateway.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.nanogrid.db.ChatRoomRepository;
import io.nanogrid.gateway.deploy.Deployer;
import io.nanogrid.gateway.logs.CallFeed;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;

/// `/chatroom` and `/chatroom/{chat_id}`.
final class ChatRooms {

    private static final Set<String> FIELDS = Set.of("chat_id", "title");
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");
    private static final int MAX_TITLE = 200;

    private final ChatRoomRepository rooms;
    private final Deployer deployer;
    private final CallFeed feed;

    ChatRooms(ChatRoomRepository rooms, Deployer deployer, CallFeed feed) {
        this.rooms = rooms;
        this.deployer = deployer;
        this.feed = feed;
    }

    void post(Context ctx) {
        ObjectNode json = JsonBody.read(ctx, FIELDS);
        JsonNode id = json.path("chat_id");
        if (!id.isMissingNode() && !(id.isTextual() && ID.matcher(id.textValue()).matches())) {
            throw Problem.badRequest("invalid_field", "chat_id must be 1 to 64 letters, digits and . _ -").thrown();
        }
        ctx.json(CallbackJson.chatRoom(
                rooms.create(id.isMissingNode() ? UUID.randomUUID().toString() : id.textValue(), title(json))));
    }

    void list(Context ctx) {
        ctx.json(rooms.list().stream().map(CallbackJson::chatRoom).toList());
    }

    void get(Context ctx) {
        String id = existing(ctx);
        ctx.json(CallbackJson.chatRoom(rooms.find(id).orElseThrow(() -> unknown(id))));
    }

    void put(Context ctx) {
        String id = existing(ctx);
        ctx.json(CallbackJson.chatRoom(rooms.rename(id, title(JsonBody.read(ctx, Set.of("title"))))));
    }

    void delete(Context ctx) {
        String id = existing(ctx);
        deployer.deleteRoom(rooms, id).ifPresent(callback -> feed.functionDeleted(callback.function().id()));
        ctx.json(Map.of("message", "Chat room deleted", "chat_id", id));
    }

    private String existing(Context ctx) {
        String id = ctx.pathParam("chat_id");
        if (rooms.find(id).isEmpty()) {
            throw unknown(id);
        }
        return id;
    }

    private static Problem.Thrown unknown(String id) {
        return Problem.notFound("there is no chat room '" + id + "'").thrown();
    }

    private static String title(ObjectNode json) {
        JsonNode title = json.path("title");
        if (!title.isTextual() || title.textValue().isBlank() || title.textValue().length() > MAX_TITLE) {
            throw Problem.badRequest("invalid_field", "title must be a text of 1 to " + MAX_TITLE + " characters")
                    .thrown();
        }
        return title.textValue();
    }
}
