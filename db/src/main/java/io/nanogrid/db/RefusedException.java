package io.nanogrid.db;

/// The storage works, and what was asked contradicts what is stored. Nothing was changed.
public abstract sealed class RefusedException extends RuntimeException {
    private RefusedException(String message) {
        super(message);
    }

    public static final class DuplicateRoute extends RefusedException {
        private final long callbackId;

        public DuplicateRoute(Endpoint endpoint, long callbackId) {
            super("%s %s already belongs to callback %d".formatted(endpoint.method(), endpoint.path(), callbackId));
            this.callbackId = callbackId;
        }

        /// The callback that has the route, as its draft, as what it is building, or as what it serves.
        public long callbackId() {
            return callbackId;
        }
    }

    public static final class UnknownCallback extends RefusedException {
        public UnknownCallback(long id) {
            super("There is no callback " + id);
        }
    }

    public static final class BuildInProgress extends RefusedException {
        public BuildInProgress(long id) {
            super("Callback %d is being built; wait until the build has ended".formatted(id));
        }
    }

    public static final class NothingToRollBackTo extends RefusedException {
        public NothingToRollBackTo(long id) {
            super("Callback %d serves no version that has an older one to go back to".formatted(id));
        }
    }

    public static final class UnknownChatRoom extends RefusedException {
        public UnknownChatRoom(String chatId) {
            super("There is no chat room '%s'".formatted(chatId));
        }
    }

    public static final class DuplicateChatRoom extends RefusedException {
        public DuplicateChatRoom(String chatId) {
            super("There already is a chat room '%s'".formatted(chatId));
        }
    }

    public static final class UnknownFunction extends RefusedException {
        public UnknownFunction(String id) {
            super("There is no function '%s'".formatted(id));
        }
    }

    public static final class OwnedByCallback extends RefusedException {
        private final long callbackId;

        public OwnedByCallback(String id, long callbackId) {
            super("Function '%s' belongs to callback %d; change or delete the callback".formatted(id, callbackId));
            this.callbackId = callbackId;
        }

        public long callbackId() {
            return callbackId;
        }
    }

    public static final class FunctionBuildInProgress extends RefusedException {
        public FunctionBuildInProgress(String id) {
            super("Function '%s' is being built; wait until the build has ended".formatted(id));
        }
    }

    public static final class DefinitionTooLong extends RefusedException {
        public DefinitionTooLong(int bytes, int most) {
            super("library and env have %d bytes together, of which a gateway with AWS keeps no more than %d; put them into the code"
                    .formatted(bytes, most));
        }
    }

    public static final class QueueFull extends RefusedException {
        public QueueFull(int maxPending) {
            super("%d jobs are waiting already; try again when some of them have run".formatted(maxPending));
        }
    }

    public static final class DuplicateKey extends RefusedException {
        public DuplicateKey(String name) {
            super("There already is a key '%s'".formatted(name));
        }
    }

    public static final class ChatRoomTaken extends RefusedException {
        public ChatRoomTaken(String chatId, long callbackId) {
            super("Chat room '%s' already belongs to callback %d".formatted(chatId, callbackId));
        }
    }
}
