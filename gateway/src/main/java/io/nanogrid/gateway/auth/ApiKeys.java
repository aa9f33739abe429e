package io.nanogrid.gateway.auth;

import io.nanogrid.db.KeyRecord;
import io.nanogrid.db.KeyRepository;
import io.nanogrid.db.Scope;
import io.nanogrid.gateway.auth.KeyRefused.Why;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The keys that callers may present: those of the configuration, named `default`, `key2`, `key3`… in their order, which may do everything, and
/// those that were made, of which only a hash is kept.
///
/// What is presented is hashed and compared with every key, so that the time it takes says nothing about how alike they are. The keys are held in memory:
/// no call asks the database, but changes begin with what is stored. Safe for use by many threads; changes are made one after the other.
public final class ApiKeys {

    private static final Logger LOG = LoggerFactory.getLogger(ApiKeys.class);
    /// Every call with a key is compared with all of them.
    private static final int MOST = 1_000;
    private static final int SECRET_BYTES = 32;
    private static final int ID_BYTES = 8;
    private static final String PREFIX = "ng_";
    private static final Pattern KEPT = Pattern.compile("default|key\\d+");
    private static final Set<Scope> EVERYTHING = EnumSet.allOf(Scope.class);

    private final KeyRepository repository;
    private final KeyVault vault;
    private final InstantSource clock;
    private final SecureRandom random = new SecureRandom();
    private final List<Watch> watches = new CopyOnWriteArrayList<>();
    private final List<Key> configured;
    private volatile List<Key> keys;
    private volatile Runnable changed = () -> {
    };

    private static final class Key {
        final KeyInfo info;
        final byte[] hash;
        final String id;
        /// Of a key of the configuration.
        final @Nullable SigningKey plain;
        /// Of a made one, if requests can be signed with it.
        final byte @Nullable [] sealed;

        private Key(KeyInfo info, byte[] hash, String id, @Nullable SigningKey plain, byte @Nullable [] sealed) {
            this.info = info;
            this.hash = hash;
            this.id = id;
            this.plain = plain;
            this.sealed = sealed;
        }

        /// It is known by its place in the configuration: people choose secrets that could be guessed from a part of their hash.
        static Key configured(String name, String secret) {
            return new Key(new KeyInfo(name, EVERYTHING, true, null), ApiKeys.hash(secret), name,
                    new SigningKey(new Caller(name, name, EVERYTHING), secret), null);
        }

        static Key made(KeyRecord stored) {
            byte[] sealed = stored.sealedSecret();
            return new Key(new KeyInfo(stored.name(), stored.scopes(), sealed != null, stored.createdAt()),
                    stored.hash(), stored.name() + "#" + HexFormat.of().formatHex(stored.hash(), 0, ID_BYTES), null,
                    sealed);
        }

        Caller caller() {
            return new Caller(info.name(), id, info.scopes());
        }

        Optional<SigningKey> signing(KeyVault vault) {
            byte[] secret = sealed;
            return secret == null
                    ? Optional.ofNullable(plain)
                    : vault.open(info.name(), secret).map(open -> new SigningKey(caller(), open));
        }
    }

    /// A key that was just made.
    ///
    /// @param secret what callers present; it can't be had again
    public record NewKey(KeyInfo info, String secret) {

        /// Without the secret, so that it can't get into a log.
        @Override
        public String toString() {
            return info.toString();
        }
    }

    /// @param configured the secrets of the configuration's keys, in its order
    public ApiKeys(List<String> configured, KeyRepository repository, KeyVault vault, InstantSource clock) {
        this.repository = repository;
        this.vault = vault;
        this.clock = clock;
        List<Key> first = new ArrayList<>();
        for (int i = 0; i < configured.size(); i++) {
            first.add(Key.configured(i == 0 ? "default" : "key" + (i + 1), configured.get(i)));
        }
        this.configured = List.copyOf(first);
        this.keys = stored();
        for (Key key : keys) {
            if (key.info.sigv4() && key.plain == null && key.signing(vault).isEmpty()) {
                LOG.warn(
                        "Requests can't be signed with the key {} here: its secret was encrypted with another DATA_DIR/secret "
                                + "or NANOGRID_SECRET. Bring that back, or delete the key and make it anew",
                        key.info.name());
            }
        }
    }

    private List<Key> stored() {
        return Stream.concat(configured.stream(), repository.list().stream().map(Key::made)).toList();
    }

    /// Takes over what others who share the repository have made and deleted.
    public synchronized void reload() {
        change(stored());
    }

    /// @param listener is told of each key that is made or deleted here, once that is stored
    public void listen(Runnable listener) {
        changed = listener;
    }

    /// Whether there is any key; without one, calls need none.
    public boolean required() {
        return !keys.isEmpty();
    }

    /// Whose secret this is; null where it is nobody's.
    public @Nullable Caller identify(@Nullable String presented) {
        List<Key> all = keys;
        if (presented == null || all.isEmpty()) {
            return null;
        }
        byte[] given = hash(presented);
        Key found = null;
        for (Key key : all) {
            if (MessageDigest.isEqual(given, key.hash)) {
                found = key;
            }
        }
        return found == null ? null : found.caller();
    }

    /// The key of a name, if requests can be signed with it.
    public Optional<SigningKey> signingKey(String name) {
        return find(name).flatMap(key -> key.signing(vault));
    }

    public List<KeyInfo> list() {
        return keys.stream().map(key -> key.info).toList();
    }

    /// Whether a call by `caller` is let through: anybody's where there is no key, else by a key that hasn't been deleted.
    ///
    /// @param caller null without a key
    public boolean admits(@Nullable Caller caller) {
        List<Key> all = keys;
        return caller == null ? all.isEmpty() : all.stream().anyMatch(key -> key.id.equals(caller.id()));
    }

    /// Tells of the moment from which on calls by `caller` aren't let through any more; at once if that is past.
    ///
    /// @param lost may be run more than once, in any thread: it must neither block nor throw
    /// @return ends it
    public Watch watch(@Nullable Caller caller, Runnable lost) {
        Watch watch = new Watch(this, caller, lost);
        watches.add(watch);
        watch.check();
        return watch;
    }

    /// Somebody who wants to know when a caller's key is deleted, or when the first key is made.
    public static final class Watch implements AutoCloseable {
        private final ApiKeys keys;
        private final @Nullable Caller caller;
        private final Runnable lost;

        private Watch(ApiKeys keys, @Nullable Caller caller, Runnable lost) {
            this.keys = keys;
            this.caller = caller;
            this.lost = lost;
        }

        private void check() {
            if (!keys.admits(caller)) {
                lost.run();
            }
        }

        @Override
        public void close() {
            keys.watches.remove(this);
        }
    }

    private void change(List<Key> to) {
        keys = List.copyOf(to);
        watches.forEach(Watch::check);
    }

    /// Of calls that were let through together while there was no key, one makes the first.
    private void requireAdmitted(@Nullable Caller by) throws KeyRefused {
        if (!admits(by)) {
            throw new KeyRefused(Why.CALLER, "the caller's key was deleted, or another call has made the first key");
        }
    }

    /// Makes a key; from then on it is accepted, and calls need one.
    ///
    /// @param by who asks for it; null without a key
    /// @param sigv4 whether requests can be signed with it, for which its secret is kept, encrypted
    public synchronized NewKey make(@Nullable Caller by, String name, Set<Scope> scopes, boolean sigv4)
            throws KeyRefused, IOException {
        reload();
        requireAdmitted(by);
        if (KEPT.matcher(name).matches() || find(name).isPresent()) {
            throw new KeyRefused(Why.TAKEN,
                    "there is a key " + name + ", or the name is kept for one of NANOGRID_API_KEY");
        }
        if (keys.isEmpty() && !scopes.contains(Scope.ADMIN)) {
            throw new KeyRefused(Why.FIRST_NEEDS_ADMIN,
                    "from the first key on every call needs one: it must have the scope admin, or nobody could make another");
        }
        if (keys.size() >= MOST) {
            throw new KeyRefused(Why.TOO_MANY, "there are " + MOST + " keys: delete those that aren't used");
        }
        byte[] bytes = new byte[SECRET_BYTES];
        random.nextBytes(bytes);
        String secret = PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
        KeyRecord record = new KeyRecord(name, Set.copyOf(scopes), hash(secret),
                sigv4 ? vault.seal(name, secret) : null, now);
        repository.create(record);
        List<Key> more = new ArrayList<>(keys);
        Key made = Key.made(record);
        more.add(made);
        change(more);
        changed.run();
        return new NewKey(made.info, secret);
    }

    /// Deletes a key: no call that begins after this is taken with it. After the last one, calls need none.
    ///
    /// @param by who asks for it; null without a key
    public synchronized void delete(@Nullable Caller by, String name) throws KeyRefused {
        reload();
        requireAdmitted(by);
        Key key = find(name).orElseThrow(() -> new KeyRefused(Why.UNKNOWN, "there is no key '" + name + "'"));
        if (key.plain != null) {
            throw new KeyRefused(Why.CONFIGURED,
                    "the key " + name + " stands in NANOGRID_API_KEY: take it out there, and start the gateway again");
        }
        List<Key> rest = keys.stream().filter(other -> other != key).toList();
        if (!rest.isEmpty() && rest.stream().noneMatch(other -> other.info.scopes().contains(Scope.ADMIN))) {
            throw new KeyRefused(Why.LAST_ADMIN,
                    "no other key has the scope admin: make one first, or delete the others first");
        }
        repository.delete(name);
        change(rest);
        changed.run();
    }

    private Optional<Key> find(String name) {
        return keys.stream().filter(key -> key.info.name().equals(name)).findFirst();
    }

    private static byte[] hash(String secret) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is part of every JDK", e);
        }
    }
}
