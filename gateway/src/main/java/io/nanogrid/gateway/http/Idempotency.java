package io.nanogrid.gateway.http;

import io.nanogrid.db.IdempotencyKey;
import io.nanogrid.db.IdempotencyRepository.Claim;
import io.nanogrid.db.RefusedException;
import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.invoke.PatientIdempotency;
import io.nanogrid.gateway.wire.Bytes;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;

/// Makes a call that bears an `Idempotency-Key` once, and gives whoever repeats it the first call's answer. Safe for use by many threads.
///
/// Answers are kept that a function made, good or bad. Where the platform couldn't make the call, the key is as good as new.
final class Idempotency {

    static final String HEADER = "Idempotency-Key";
    static final String REPLAYED = "Idempotency-Replayed";

    private static final Pattern KEY = Pattern.compile("[\\x21-\\x7e]{1,255}");
    private static final Duration KEPT = Duration.ofHours(24);
    private static final String ASK_AGAIN_SECONDS = "1";
    /// The longest body that is kept.
    static final int MAX_BYTES = 1 << 20;

    private final PatientIdempotency repository;
    private final InstantSource clock;

    Idempotency(PatientIdempotency repository, InstantSource clock) {
        this.repository = repository;
        this.clock = clock;
    }

    /// What a call that bears a key comes to.
    sealed interface Attempt {

        /// It is the key's first, and is to be made by [Idempotency#make].
        record First(IdempotencyKey key) implements Attempt {
        }

        record Replay(KeptResponse response) implements Attempt {
        }
    }

    /// How what is kept of a key begins.
    private enum Kind {
        RESPONSE, TOO_LONG
    }

    /// Makes a call and answers it.
    @FunctionalInterface
    interface FirstCall {
        void make() throws InterruptedException;
    }

    /// @param caller as [Callers#name] names it
    /// @param path as it was sent
    /// @param key what the caller sent
    static IdempotencyKey key(String caller, String method, String path, String functionId, String key) {
        if (!KEY.matcher(key).matches()) {
            throw Problem.badRequest("invalid_idempotency_key",
                    "an Idempotency-Key has 1 to 255 visible ASCII characters").thrown();
        }
        // The path may be long.
        byte[] scope = CodeBundle.sha256()
                .digest(String.join(" ", method, path, functionId).getBytes(StandardCharsets.UTF_8));
        return new IdempotencyKey(caller, HexFormat.of().formatHex(scope), key);
    }

    /// Tells calls apart that have no business with one key.
    ///
    /// @param way what makes calls with the same body different
    static byte[] hash(String way, Bytes body) {
        MessageDigest digest = CodeBundle.sha256();
        digest.update((way + "\n").getBytes(StandardCharsets.UTF_8));
        return digest.digest(body.array());
    }

    /// @param header takes the name and the value of what an error adds to the answer
    /// @throws Problem.Thrown if the call can neither be made nor answered
    Attempt begin(BiConsumer<String, String> header, IdempotencyKey key, byte[] hash) {
        return switch (repository.claim(key, hash, clock.instant().plus(KEPT))) {
            case Claim.Fresh() -> new Attempt.First(key);
            case Claim.Conflict() -> throw Problem.idempotencyKeyReused().thrown();
            case Claim.Running() -> {
                header.accept("Retry-After", ASK_AGAIN_SECONDS);
                throw Problem.idempotencyRunning().thrown();
            }
            case Claim.Unknown() -> throw Problem.idempotencyUnknown().thrown();
            case Claim.Dropped() -> throw Problem.idempotencyDropped().thrown();
            case Claim.Finished(byte[] kept) -> new Attempt.Replay(read(kept));
        };
    }

    /// Makes the first call of a key, which keeps its own answer by [#keep] before it gives it.
    ///
    /// @throws InterruptedException if the gateway is stopping; what became of the call is unknown then, and the next start says so
    void make(Attempt.First first, FirstCall call) throws InterruptedException {
        try {
            call.make();
        } catch (Problem.Thrown | RefusedException e) {
            repository.release(first.key());
            throw e;
        } catch (RuntimeException | Error e) {
            repository.giveUp(first.key());
            throw e;
        }
    }

    /// Keeps an answer, if it isn't too long: of one that is, the status alone.
    void keep(Attempt.First first, KeptResponse response) {
        if (response.body().size() > MAX_BYTES) {
            finish(first, Kind.TOO_LONG, out -> out.writeShort(response.status()));
        } else {
            finish(first, Kind.RESPONSE, response::write);
        }
    }

    private interface Content {
        void write(DataOutputStream out) throws IOException;
    }

    private void finish(Attempt.First first, Kind kind, Content content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(kind.ordinal());
            content.write(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        repository.finish(first.key(), bytes.toByteArray());
    }

    private static KeptResponse read(byte[] kept) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(kept))) {
            return switch (Kind.values()[in.readByte()]) {
                case RESPONSE -> KeptResponse.read(in);
                case TOO_LONG -> throw Problem.idempotencyNotKept(in.readUnsignedShort(), MAX_BYTES).thrown();
            };
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
