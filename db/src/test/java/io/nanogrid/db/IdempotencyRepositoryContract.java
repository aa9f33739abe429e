package io.nanogrid.db;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

import io.nanogrid.db.IdempotencyRepository.Claim;
import org.junit.jupiter.api.Test;

public abstract class IdempotencyRepositoryContract extends Contract {
    protected static final IdempotencyKey KEY = new IdempotencyKey("ci", "POST /run f", "k");
    protected static final byte[] BODY = {1, 2};
    protected static final Instant TOMORROW = Instant.now().plusSeconds(86_400);
    protected static final Instant PAST = Instant.now().minusSeconds(1);

    @Test
    void aRetryGetsTheFirstCallsAnswer() {
        byte[] answer = {0, -1, '{'};
        assertThat(claim(KEY)).isInstanceOf(Claim.Fresh.class);
        assertThat(claim(KEY)).isInstanceOf(Claim.Running.class);

        database.idempotency().finish(KEY, answer);
        reopen();

        assertThat(claim(KEY)).isInstanceOfSatisfying(Claim.Finished.class,
                finished -> assertThat(finished.response()).isEqualTo(answer));
    }

    @Test
    void anEmptyAnswerIsAnAnswer() {
        claim(KEY);

        database.idempotency().finish(KEY, new byte[0]);

        assertThat(claim(KEY)).isInstanceOfSatisfying(Claim.Finished.class,
                finished -> assertThat(finished.response()).isEmpty());
    }

    @Test
    void anotherBodyIsAConflictWhetherTheFirstCallHasEndedOrNot() {
        claim(KEY);
        assertThat(database.idempotency().claim(KEY, new byte[]{9}, TOMORROW)).isInstanceOf(Claim.Conflict.class);

        database.idempotency().finish(KEY, BODY);

        assertThat(database.idempotency().claim(KEY, new byte[]{9}, TOMORROW)).isInstanceOf(Claim.Conflict.class);
    }

    @Test
    void aKeyOfAnotherCallerOrScopeIsAnotherKey() {
        claim(KEY);

        assertThat(claim(new IdempotencyKey("-", "POST /run f", "k"))).isInstanceOf(Claim.Fresh.class);
        assertThat(claim(new IdempotencyKey("ci", "POST /run g", "k"))).isInstanceOf(Claim.Fresh.class);
        assertThat(claim(new IdempotencyKey("ci", "POST /run f", "l"))).isInstanceOf(Claim.Fresh.class);
    }

    @Test
    void aReleasedKeyIsAsIfNeverUsed() {
        claim(KEY);

        database.idempotency().release(KEY);

        assertThat(database.idempotency().claim(KEY, new byte[]{9}, TOMORROW)).isInstanceOf(Claim.Fresh.class);
    }

    @Test
    void ofACallThatWasGivenUpNobodyKnowsWhatItDid() {
        claim(KEY);

        database.idempotency().giveUp(KEY);

        assertThat(claim(KEY)).isInstanceOf(Claim.Unknown.class);
        database.idempotency().finish(KEY, BODY);
        assertThat(claim(KEY)).isInstanceOf(Claim.Unknown.class);
    }

    @Test
    void anAnswerIsNeitherReleasedReplacedNorGivenUp() {
        claim(KEY);
        database.idempotency().finish(KEY, BODY);

        database.idempotency().release(KEY);
        database.idempotency().giveUp(KEY);
        database.idempotency().finish(KEY, new byte[]{9});

        assertThat(claim(KEY)).isInstanceOfSatisfying(Claim.Finished.class,
                finished -> assertThat(finished.response()).isEqualTo(BODY));
    }

    @Test
    void whatRanWhenTheGatewayDiedIsUnknown() {
        claim(KEY);
        IdempotencyKey finished = new IdempotencyKey("ci", "s", "finished");
        claim(finished);
        database.idempotency().finish(finished, BODY);
        reopen();

        assertThat(database.idempotency().recover()).isOne();

        assertThat(claim(KEY)).isInstanceOf(Claim.Unknown.class);
        assertThat(claim(finished)).isInstanceOf(Claim.Finished.class);
        database.idempotency().finish(KEY, BODY);
        assertThat(claim(KEY)).isInstanceOf(Claim.Unknown.class);
    }

    @Test
    void anExpiredKeyIsAsIfNeverUsedButNotWhileItsCallRuns() {
        database.idempotency().claim(KEY, BODY, PAST);
        assertThat(database.idempotency().claim(KEY, BODY, PAST)).isInstanceOf(Claim.Running.class);

        database.idempotency().finish(KEY, BODY);

        assertThat(database.idempotency().claim(KEY, new byte[]{9}, TOMORROW)).isInstanceOf(Claim.Fresh.class);
    }

    @Test
    void oneOfManyClaimsAtOnceIsFresh() throws Exception {
        var claims = new ArrayList<Claim>();
        try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<Claim> call : callers
                    .invokeAll(IntStream.range(0, 50).<Callable<Claim>>mapToObj(_ -> () -> claim(KEY)).toList())) {
                claims.add(call.get());
            }
        }

        assertThat(claims).filteredOn(Claim.Fresh.class::isInstance).hasSize(1);
        assertThat(claims).filteredOn(Claim.Running.class::isInstance).hasSize(49);
    }

    protected Claim claim(IdempotencyKey key) {
        return database.idempotency().claim(key, BODY, TOMORROW);
    }
}
