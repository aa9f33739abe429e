package io.nanogrid.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Instant;
import java.util.List;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

public abstract class KeyRepositoryContract extends Contract {
    private static final Instant NOON = Instant.parse("2026-02-03T12:00:00.000001Z");

    @Test
    void everyFieldOfAKeyComesBackAsItWent() {
        List<KeyRecord> keys = List.of(key("ci", Set.of(Scope.DEPLOY, Scope.READ), null, NOON),
                key("none", Set.of(), new byte[]{0, -1}, NOON.plusSeconds(1)),
                key("all", Set.of(Scope.values()), null, NOON.plusSeconds(2)));

        keys.forEach(database.keys()::create);
        reopen();

        assertThat(database.keys().list()).usingRecursiveComparison().isEqualTo(keys);
    }

    @Test
    void aNameIsGivenOnce() {
        database.keys().create(key("ci", Set.of(Scope.READ), null, NOON));

        assertThatExceptionOfType(RefusedException.DuplicateKey.class)
                .isThrownBy(() -> database.keys().create(key("ci", Set.of(Scope.ADMIN), null, NOON)))
                .withMessage("There already is a key 'ci'");

        assertThat(database.keys().list()).extracting(KeyRecord::scopes).containsExactly(Set.of(Scope.READ));
    }

    @Test
    void aDeletedKeyIsGoneAndItsNameFree() {
        database.keys().create(key("ci", Set.of(Scope.READ), null, NOON));

        assertThat(database.keys().delete("ci")).isTrue();
        assertThat(database.keys().delete("ci")).isFalse();

        assertThat(database.keys().list()).isEmpty();
        database.keys().create(key("ci", Set.of(Scope.ADMIN), null, NOON));
    }

    private static KeyRecord key(String name, Set<Scope> scopes, byte @Nullable [] sealed, Instant createdAt) {
        return new KeyRecord(name, scopes, new byte[]{1, 2, 3}, sealed, createdAt);
    }
}
