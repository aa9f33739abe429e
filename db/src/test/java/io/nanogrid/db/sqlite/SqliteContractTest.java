package io.nanogrid.db.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;

import io.nanogrid.db.CallbackRepositoryContract;
import io.nanogrid.db.ChatRoomRepositoryContract;
import io.nanogrid.db.Contract;
import io.nanogrid.db.DeployContract;
import io.nanogrid.db.ExecutionRecord;
import io.nanogrid.db.ExecutionRepositoryContract;
import io.nanogrid.db.FunctionRepositoryContract;
import io.nanogrid.db.IdempotencyKey;
import io.nanogrid.db.IdempotencyRepository.Claim;
import io.nanogrid.db.IdempotencyRepositoryContract;
import io.nanogrid.db.JobRepositoryContract;
import io.nanogrid.db.KeyRepositoryContract;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.RegisterExtension;

class SqliteContractTest {

    @RegisterExtension
    static final ParameterResolver STORAGE = Contract.of(SqliteDatabase::open, Duration.ZERO);

    @Nested
    class Callbacks extends CallbackRepositoryContract {
    }

    @Nested
    class Deploying extends DeployContract {
    }

    @Nested
    class Functions extends FunctionRepositoryContract {
    }

    @Nested
    class ChatRooms extends ChatRoomRepositoryContract {
    }

    @Nested
    class Executions extends ExecutionRepositoryContract {
        @Test
        void whatIsOlderThanTheCutoffIsDeletedHoweverMuchItIs() {
            database.executions().insert(IntStream.range(0, 2_500)
                    .mapToObj(i -> execution("r" + i, "f", START.plusMillis(i))).toList());

            int deleted = database.executions().deleteOlderThan(START.plusMillis(2_498));

            assertThat(deleted).isEqualTo(2_498);
            assertThat(list("f", 10)).extracting(ExecutionRecord::requestId)
                    .containsExactly("r2499", "r2498");
        }

        @Test
        void aLongCallThatWasStoredLateIsDeletedWhenItIsOld() {
            database.executions()
                    .insert(List.of(execution("short", "f", START.plusSeconds(9)), execution("long", "f", START),
                            execution("new", "f", START.plusSeconds(11))));

            assertThat(database.executions().deleteOlderThan(START.plusSeconds(10))).isEqualTo(2);
            assertThat(list("f", 10)).extracting(ExecutionRecord::requestId)
                    .containsExactly("new");
        }

        @Test
        void recordsOfATimeWhenTheClockWasAheadDoNotKeepOldOnes() {
            database.executions().insert(IntStream.range(0, 2_001)
                    .mapToObj(i -> execution("ahead" + i, "f", START.plusSeconds(3600))).toList());
            database.executions().insert(List.of(execution("old", "g", START)));

            assertThat(database.executions().deleteOlderThan(START.plusSeconds(1))).isOne();
            assertThat(list("g", 10)).isEmpty();
        }
    }

    @Nested
    class Jobs extends JobRepositoryContract {
    }

    @Nested
    class Keys extends KeyRepositoryContract {
    }

    @Nested
    class Idempotency extends IdempotencyRepositoryContract {
        @Test
        void expiredKeysAreDeletedHoweverManyTheyAre() {
            IntStream.range(0, 250).forEach(i -> {
                var key = new IdempotencyKey("ci", "s", "k" + i);
                database.idempotency().claim(key, BODY, PAST);
                database.idempotency().finish(key, BODY);
            });
            database.idempotency().claim(new IdempotencyKey("ci", "s", "running"), BODY, PAST);
            claim(KEY);
            database.idempotency().finish(KEY, BODY);

            assertThat(database.idempotency().deleteExpired(Instant.now())).isEqualTo(250);

            assertThat(claim(KEY)).isInstanceOf(Claim.Finished.class);
            assertThat(claim(new IdempotencyKey("ci", "s", "running"))).isInstanceOf(Claim.Running.class);
        }
    }
}
