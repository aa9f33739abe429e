package io.nanogrid.gateway.invoke;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.db.IdempotencyKey;
import io.nanogrid.db.IdempotencyRepository.Claim;
import io.nanogrid.db.sqlite.SqliteDatabase;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Calls whose end the database refuses to store for a while.
class PatientIdempotencyTest {

    private static final IdempotencyKey KEY = new IdempotencyKey("ci", "POST /run f", "k");
    private static final byte[] BODY = {1, 2};
    private static final byte[] ANSWER = {'4', '2'};
    private static final Instant TOMORROW = Instant.now().plusSeconds(86_400);

    @TempDir
    Path directory;
    private SqliteDatabase database;
    private PatientIdempotency patient;

    @BeforeEach
    void open() {
        database = SqliteDatabase.open(directory);
        patient = new PatientIdempotency(database.idempotency());
    }

    @AfterEach
    void close() {
        database.close();
    }

    private void sql(String... statements) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("db/nanogrid.db"));
                Statement statement = connection.createStatement()) {
            for (String each : statements) {
                statement.execute(each);
            }
        }
    }

    private void refuseEnds() throws SQLException {
        for (String change : List.of("UPDATE", "DELETE")) {
            sql("CREATE TRIGGER no_" + change + " BEFORE " + change
                    + " ON idempotency BEGIN SELECT RAISE(ABORT, 'no ends'); END");
        }
    }

    private void takeEnds() throws SQLException {
        sql("DROP TRIGGER no_UPDATE", "DROP TRIGGER no_DELETE");
    }

    private Claim claim(IdempotencyKey key) {
        return patient.claim(key, BODY, TOMORROW);
    }

    /// As the next start of the gateway sees it.
    private Claim stored(IdempotencyKey key) {
        return database.idempotency().claim(key, BODY, TOMORROW);
    }

    private static void assertAnswered(Claim claim) {
        assertThat(claim).isInstanceOfSatisfying(Claim.Finished.class,
                finished -> assertThat(finished.response()).isEqualTo(ANSWER));
    }

    @Test
    void anAnswerThatCanNotBeStoredIsGivenToWhoeverRepeatsTheCall() throws Exception {
        claim(KEY);
        refuseEnds();

        patient.finish(KEY, ANSWER);

        assertAnswered(claim(KEY));
        assertThat(patient.claim(KEY, new byte[]{9}, TOMORROW)).isInstanceOf(Claim.Conflict.class);
        assertThat(stored(KEY)).isInstanceOf(Claim.Running.class);
    }

    @Test
    void theNextCallOfTheKeyHasItStored() throws Exception {
        claim(KEY);
        refuseEnds();
        patient.finish(KEY, ANSWER);
        takeEnds();

        assertAnswered(claim(KEY));

        assertAnswered(stored(KEY));
    }

    @Test
    void theNextCleaningHasAllOfThemStored() throws Exception {
        IdempotencyKey released = new IdempotencyKey("ci", "s", "released");
        IdempotencyKey givenUp = new IdempotencyKey("ci", "s", "given up");
        List.of(KEY, released, givenUp).forEach(this::claim);
        refuseEnds();
        patient.finish(KEY, ANSWER);
        patient.release(released);
        patient.giveUp(givenUp);
        patient.deleteExpired(Instant.now());
        assertThat(stored(KEY)).isInstanceOf(Claim.Running.class);
        takeEnds();

        patient.deleteExpired(Instant.now());

        assertAnswered(stored(KEY));
        assertThat(stored(released)).isInstanceOf(Claim.Fresh.class);
        assertThat(stored(givenUp)).isInstanceOf(Claim.Unknown.class);
    }

    @Test
    void theLastChanceIsWhenTheGatewayStops() throws Exception {
        claim(KEY);
        refuseEnds();
        patient.finish(KEY, ANSWER);
        takeEnds();

        patient.close();

        assertAnswered(stored(KEY));
    }

    @Test
    void aCallThatWasNotMadeIsMadeByOneOfThoseWhoRepeatIt() throws Exception {
        claim(KEY);
        refuseEnds();
        patient.release(KEY);

        List<Claim> claims = new ArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Callable<Claim> call = () -> claim(KEY);
            for (Future<Claim> each : threads.invokeAll(IntStream.range(0, 20).mapToObj(_ -> call).toList())) {
                claims.add(each.get());
            }
        }

        assertThat(claims).filteredOn(Claim.Fresh.class::isInstance).hasSize(1);
        assertThat(claims).filteredOn(Claim.Running.class::isInstance).hasSize(19);
        takeEnds();
        patient.finish(KEY, ANSWER);
        assertAnswered(stored(KEY));
    }

    @Test
    void theFirstEndOfACallCounts() throws Exception {
        claim(KEY);
        refuseEnds();
        patient.finish(KEY, ANSWER);

        patient.giveUp(KEY);
        assertAnswered(claim(KEY));
        takeEnds();
        patient.giveUp(KEY);

        assertAnswered(claim(KEY));
        assertAnswered(stored(KEY));
    }

    @Test
    void ofAnswersThatAreTooMuchToHoldNobodyKnowsWhatTheCallDid() throws Exception {
        patient = new PatientIdempotency(database.idempotency(), 2, 3);
        List<IdempotencyKey> keys = IntStream.range(0, 3).mapToObj(i -> new IdempotencyKey("ci", "s", "k" + i))
                .toList();
        keys.forEach(this::claim);
        refuseEnds();

        keys.forEach(key -> patient.finish(key, ANSWER));

        assertAnswered(claim(keys.get(0)));
        assertThat(claim(keys.get(1))).isInstanceOf(Claim.Unknown.class);
        assertThat(claim(keys.get(2))).isInstanceOf(Claim.Running.class);
    }
}
