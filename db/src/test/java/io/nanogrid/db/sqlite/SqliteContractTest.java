package io.nanogrid.db.sqlite;

import java.nio.file.Path;

import io.nanogrid.db.CallbackRepositoryContract;
import io.nanogrid.db.ChatRoomRepositoryContract;
import io.nanogrid.db.Database;
import io.nanogrid.db.DeployContract;
import io.nanogrid.db.ExecutionRepositoryContract;
import io.nanogrid.db.FunctionRepositoryContract;
import io.nanogrid.db.IdempotencyRepositoryContract;
import io.nanogrid.db.InvocationQueueContract;
import io.nanogrid.db.JobRepositoryContract;
import io.nanogrid.db.KeyRepositoryContract;
import org.junit.jupiter.api.Nested;

class SqliteContractTest {

    @Nested
    class Callbacks extends CallbackRepositoryContract {
        @Override
        protected Database open(Path directory) {
            return SqliteDatabase.open(directory);
        }
    }

    @Nested
    class Deploying extends DeployContract {
        @Override
        protected Database open(Path directory) {
            return SqliteDatabase.open(directory);
        }
    }

    @Nested
    class Functions extends FunctionRepositoryContract {
        @Override
        protected Database open(Path directory) {
            return SqliteDatabase.open(directory);
        }
    }

    @Nested
    class ChatRooms extends ChatRoomRepositoryContract {
        @Override
        protected Database open(Path directory) {
            return SqliteDatabase.open(directory);
        }
    }

    @Nested
    class Executions extends ExecutionRepositoryContract {
        @Override
        protected Database open(Path directory) {
            return SqliteDatabase.open(directory);
        }
    }

    @Nested
    class Queue extends InvocationQueueContract {
        @Override
        protected Database open(Path directory) {
            return SqliteDatabase.open(directory);
        }
    }

    @Nested
    class Jobs extends JobRepositoryContract {
        @Override
        protected Database open(Path directory) {
            return SqliteDatabase.open(directory);
        }
    }

    @Nested
    class Keys extends KeyRepositoryContract {
        @Override
        protected Database open(Path directory) {
            return SqliteDatabase.open(directory);
        }
    }

    @Nested
    class Idempotency extends IdempotencyRepositoryContract {
        @Override
        protected Database open(Path directory) {
            return SqliteDatabase.open(directory);
        }
    }
}
