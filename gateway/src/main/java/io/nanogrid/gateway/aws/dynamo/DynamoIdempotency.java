package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.db.IdempotencyKey;
import io.nanogrid.db.IdempotencyRepository;
import io.nanogrid.gateway.code.CodeBundle;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Stateless: any thread may use it. What has expired is not seen any more, and DynamoDB deletes it when it comes to it.
final class DynamoIdempotency implements IdempotencyRepository {

    private static final String STATE = "state";
    private static final String RESPONSE = "response";
    private static final String EXPIRES = "expires";
    private static final String BODY_HASH = "bodyHash";
    private static final String CALL = "call";
    private static final String OWNER = "owner";
    private static final String SINCE = "since";
    /// Longer than any call that somebody waits for may take: whose gateway hasn't ended it by then has died, and may never start again.
    private static final Duration LONGEST_CALL = Duration.ofHours(2);

    private final Table table;
    private final Clock clock;
    private final Payloads payloads;

    DynamoIdempotency(Table table, Clock clock, Payloads payloads) {
        this.table = table;
        this.clock = clock;
        this.payloads = payloads;
    }

    private enum State {
        RUNNING, UNKNOWN, FINISHED
    }

    @Override
    public Claim claim(IdempotencyKey key, byte[] bodyHash, Instant expires) {
        String name = name(key);
        return table.write(transaction -> {
            Instant now = clock.now();
            Item before = transaction.get(Key.idempotency(name));
            if (before != null && (isRunning(before, now) || before.time(EXPIRES).isAfter(now))) {
                return earlier(before, bodyHash, now);
            }
            Instant lost = now.plus(LONGEST_CALL);
            long forgotten = (expires.isAfter(lost) ? expires : lost).getEpochSecond() + 1;
            Item running = Item.at(Key.idempotency(name)).set(BODY_HASH, bodyHash).set(STATE, State.RUNNING.name())
                    .set(EXPIRES, expires).set(OWNER, clock.gateway()).set(SINCE, now).set(Item.TIME_TO_LIVE, forgotten)
                    .build();
            if (before == null) {
                transaction.create(running);
            } else {
                transaction.replace(before, running);
            }
            transaction.put(Item.at(Key.runningCall(clock.gateway(), name)).set(CALL, name)
                    .set(Item.TIME_TO_LIVE, forgotten).build());
            return new Claim.Fresh();
        });
    }

    private static boolean isRunning(Item item, Instant now) {
        return state(item) == State.RUNNING && item.time(SINCE).plus(LONGEST_CALL).isAfter(now);
    }

    private Claim earlier(Item item, byte[] bodyHash, Instant now) {
        if (!Arrays.equals(item.bytesOrNull(BODY_HASH), bodyHash)) {
            return new Claim.Conflict();
        }
        return switch (state(item)) {
            case RUNNING -> isRunning(item, now) ? new Claim.Running() : new Claim.Unknown();
            case UNKNOWN -> new Claim.Unknown();
            case FINISHED -> {
                byte[] response = payloads.get(item, RESPONSE);
                yield response == null ? new Claim.Unknown() : new Claim.Finished(response);
            }
        };
    }

    @Override
    public void finish(IdempotencyKey key, byte[] response) {
        String name = name(key);
        // Before the transaction, which may be made more than once.
        Item.Builder kept = payloads.set(Item.nested(), RESPONSE, response,
                "answers/" + name + "-" + UUID.randomUUID());
        Item answer = kept.build();
        if (!end(name, State.FINISHED, answer)) {
            payloads.keys(answer, RESPONSE).forEach(payloads::delete);
        }
    }

    @Override
    public void release(IdempotencyKey key) {
        end(name(key), null, Item.nested().build());
    }

    @Override
    public void giveUp(IdempotencyKey key) {
        end(name(key), State.UNKNOWN, Item.nested().build());
    }

    /// @param end null to forget the call
    /// @return whether it was running
    private boolean end(String name, @Nullable State end, Item more) {
        return table.write(transaction -> {
            Item before = transaction.get(Key.idempotency(name));
            if (before == null || state(before) != State.RUNNING || !before.text(OWNER).equals(clock.gateway())) {
                return false;
            }
            if (end == null) {
                transaction.delete(before);
            } else {
                Item.Builder after = Item.at(before.key()).set(BODY_HASH, before.bytesOrNull(BODY_HASH))
                        .set(STATE, end.name()).set(EXPIRES, before.time(EXPIRES))
                        .set(Item.TIME_TO_LIVE, before.time(EXPIRES).getEpochSecond() + 1);
                transaction.replace(before, after.setAll(more).build());
            }
            transaction.delete(Key.runningCall(clock.gateway(), name));
            return true;
        });
    }

    @Override
    public int recover() {
        List<Item> calls = table.all(Key.runningCalls(clock.gateway()));
        int recovered = 0;
        for (Item call : calls) {
            recovered += end(call.text(CALL), State.UNKNOWN, Item.nested().build()) ? 1 : 0;
        }
        table.deleteAll(calls.stream().map(Item::key).toList());
        return recovered;
    }

    /// Nothing to do.
    @Override
    public int deleteExpired(Instant now) {
        return 0;
    }

    private static State state(Item item) {
        return State.valueOf(item.text(STATE));
    }

    /// Of any scope and key, however long.
    private static String name(IdempotencyKey key) {
        MessageDigest digest = CodeBundle.sha256();
        digest.update("%d %d %s%s%s".formatted(key.caller().length(), key.scope().length(), key.caller(), key.scope(),
                key.key()).getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(digest.digest());
    }
}
