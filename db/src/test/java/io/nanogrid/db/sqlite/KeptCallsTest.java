package io.nanogrid.db.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Random;
import java.util.stream.IntStream;

import io.nanogrid.db.IdempotencyKey;
import io.nanogrid.db.IdempotencyRepository.Claim;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// At most 10 calls, and 100 bytes of answers.
class KeptCallsTest {
    private static final byte[] BODY = {1};
    private static final Instant TOMORROW = Instant.now().plusSeconds(86_400);

    private SqliteDatabase database;
    private SqliteIdempotency calls;
    private int made;

    @BeforeEach
    void open(@TempDir Path directory) {
        database = SqliteDatabase.open(directory);
        calls = new SqliteIdempotency(database.lanes(), InstantSource.system(), new KeptCalls(10, 100));
    }

    @AfterEach
    void close() {
        database.close();
    }

    private static IdempotencyKey key(String caller, int number) {
        return new IdempotencyKey(caller, "s", "k" + number);
    }

    /// Each expires a second after the one before.
    private Claim claim(IdempotencyKey key) {
        return calls.claim(key, BODY, TOMORROW.plusSeconds(made++));
    }

    private void make(IdempotencyKey key, int bytes) {
        assertThat(claim(key)).isInstanceOf(Claim.Fresh.class);
        calls.finish(key, new byte[bytes]);
    }

    @Test
    void theOldestAnswersGoAndTheirCallsAreNotMadeAgain() {
        IntStream.range(0, 7).forEach(i -> make(key("a", i), 20));

        assertThat(claim(key("a", 0))).isInstanceOf(Claim.Dropped.class);
        assertThat(claim(key("a", 1))).isInstanceOf(Claim.Dropped.class);
        IntStream.range(2, 7).forEach(i -> assertThat(claim(key("a", i))).isInstanceOf(Claim.Finished.class));
        assertThat(calls.claim(key("a", 0), new byte[]{9}, TOMORROW)).isInstanceOf(Claim.Conflict.class);
    }

    @Test
    void theAnswersOfWhoKeepsTheMostGo() {
        make(key("small", 0), 20);
        IntStream.range(0, 8).forEach(i -> make(key("large", i), 20));

        assertThat(claim(key("small", 0))).isInstanceOf(Claim.Finished.class);
        assertThat(claim(key("large", 3))).isInstanceOf(Claim.Dropped.class);
        assertThat(claim(key("large", 4))).isInstanceOf(Claim.Finished.class);
    }

    @Test
    void theOldestCallsOfWhoKeepsTheMostAreForgotten() {
        make(key("small", 0), 1);
        IntStream.range(0, 20).forEach(i -> make(key("large", i), 20));

        assertThat(claim(key("small", 0))).isInstanceOf(Claim.Finished.class);
        assertThat(claim(key("large", 11))).isInstanceOf(Claim.Dropped.class);
        assertThat(claim(key("large", 10))).isInstanceOf(Claim.Fresh.class);
    }

    @Test
    void callsThatRunAreNeverForgotten() {
        IntStream.range(0, 30).forEach(i -> assertThat(claim(key("a", i))).isInstanceOf(Claim.Fresh.class));

        IntStream.range(0, 30).forEach(i -> assertThat(claim(key("a", i))).isInstanceOf(Claim.Running.class));
    }

    @Test
    void whatIsCountedIsWhatIsThere() {
        Random random = new Random(7);
        for (int i = 0; i < 1_000; i++) {
            IdempotencyKey key = key("c" + random.nextInt(4), random.nextInt(8));
            Instant expires = Instant.now().plusSeconds(random.nextInt(-1, 2) * 60);
            if (calls.claim(key, BODY, expires) instanceof Claim.Fresh) {
                switch (random.nextInt(4)) {
                    case 0 -> calls.release(key);
                    case 1 -> calls.giveUp(key);
                    case 2 -> calls.finish(key, new byte[random.nextInt(60)]);
                    default -> {
                        // It goes on.
                    }
                }
            }
            if (i % 50 == 0) {
                calls.deleteExpired(Instant.now());
            }
            if (i % 100 == 0) {
                calls.recover();
            }
        }

        assertThat(usage("SELECT caller, calls, answer_bytes FROM idempotency_usage ORDER BY caller"))
                .isNotEmpty()
                .isEqualTo(usage("""
                        SELECT caller, count(*), sum(coalesce(length(response), 0)) FROM idempotency
                        GROUP BY caller ORDER BY caller"""));
    }

    private String usage(String sql) {
        return database.lanes().read(connection -> Sql.list(connection, sql,
                row -> row.getString(1) + " " + row.getLong(2) + " " + row.getLong(3) + "\n")).toString();
    }
}
