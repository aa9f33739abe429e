package io.nanogrid.gateway.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.db.Scope;
import io.nanogrid.db.sqlite.SqliteDatabase;
import io.nanogrid.gateway.auth.KeyRefused.Why;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApiKeysTest {

    private static final Set<Scope> ADMIN = Set.of(Scope.ADMIN);
    /// Who has the first of the configured keys.
    private static final Caller OWNER = new Caller("default", "default", EnumSet.allOf(Scope.class));

    @TempDir
    Path directory;
    private SqliteDatabase database;

    @BeforeEach
    void open() {
        database = SqliteDatabase.open(directory);
    }

    @AfterEach
    void close() {
        database.close();
    }

    /// As the next start of the gateway sees them.
    private ApiKeys keys(String... configured) throws IOException {
        return new ApiKeys(List.of(configured), database.keys(), new KeyVault(directory.resolve("secret"), null),
                InstantSource.system());
    }

    /// Whoever presents a key that is taken.
    private static Caller caller(ApiKeys keys, ApiKeys.NewKey key) {
        Caller caller = keys.identify(key.secret());
        if (caller == null) {
            throw new AssertionError("the key isn't taken");
        }
        return caller;
    }

    private static void assertRefused(Why why, ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOfSatisfying(KeyRefused.class, e -> assertThat(e.why()).isEqualTo(why));
    }

    @Test
    void configuredKeysAreNamedByTheirOrderAndMayDoEverything() throws IOException {
        ApiKeys keys = keys("zebra-key", "apple-key");

        assertThat(keys.identify("zebra-key")).isEqualTo(OWNER);
        assertThat(keys.identify("apple-key")).isEqualTo(new Caller("key2", "key2", EnumSet.allOf(Scope.class)));
        assertThat(keys.identify("zebra-ke")).isNull();
        assertThat(keys.identify(null)).isNull();
    }

    @Test
    void aMadeKeyHasItsScopesAlone() throws Exception {
        ApiKeys keys = keys("configured");

        ApiKeys.NewKey made = keys.make(OWNER, "ci", Set.of(Scope.DEPLOY, Scope.READ), false);

        assertThat(made.secret()).matches("ng_[A-Za-z0-9_-]{43}");
        Caller caller = caller(keys, made);
        assertThat(caller.key()).isEqualTo("ci");
        assertThat(caller.scopes()).containsExactlyInAnyOrder(Scope.DEPLOY, Scope.READ);
    }

    @Test
    void aMadeKeyOutlivesTheGatewayAndADeletedOneDoesNot() throws Exception {
        ApiKeys before = keys("configured");
        String kept = before.make(OWNER, "kept", ADMIN, false).secret();
        String deleted = before.make(OWNER, "deleted", ADMIN, false).secret();
        before.delete(OWNER, "deleted");

        ApiKeys after = keys("configured");

        assertThat(after.identify(kept)).isNotNull().isEqualTo(before.identify(kept));
        assertThat(after.identify(deleted)).isNull();
        assertThat(after.list()).isEqualTo(before.list());
    }

    @Test
    void aDeletedKeyIsTakenNoMore() throws Exception {
        ApiKeys keys = keys("configured");
        String secret = keys.make(OWNER, "gone", Set.of(Scope.INVOKE), true).secret();

        keys.delete(OWNER, "gone");

        assertThat(keys.identify(secret)).isNull();
        assertThat(keys.signingKey("gone")).isEmpty();
    }

    @Test
    void aKeyThatGetsTheNameOfADeletedOneIsAnother() throws Exception {
        ApiKeys keys = keys("configured");
        Caller first = caller(keys, keys.make(OWNER, "ci", ADMIN, false));
        keys.delete(OWNER, "ci");

        Caller second = caller(keys, keys.make(OWNER, "ci", ADMIN, false));

        assertThat(second.key()).isEqualTo(first.key());
        assertThat(second.id()).isNotEqualTo(first.id());
    }

    @Test
    void onlyAKeyThatWasMadeForItCanSign() throws Exception {
        ApiKeys keys = keys("configured");
        String secret = keys.make(OWNER, "signs", Set.of(Scope.INVOKE), true).secret();
        keys.make(OWNER, "not", Set.of(Scope.INVOKE), false);

        assertThat(keys("configured").signingKey("signs")).map(SigningKey::secret).contains(secret);
        assertThat(keys.signingKey("not")).isEmpty();
        assertThat(keys.signingKey("default")).map(SigningKey::secret).contains("configured");
    }

    /// Whoever gets hold of a copy of the database has no key by that.
    @Test
    void noSecretLiesInTheDatabase() throws Exception {
        ApiKeys keys = keys("configured");
        List<String> secrets = List.of(keys.make(OWNER, "signs", ADMIN, true).secret(),
                keys.make(OWNER, "plain", ADMIN, false).secret());
        database.close();

        try (var files = Files.walk(directory.resolve("db"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String content = Files.readString(file, StandardCharsets.ISO_8859_1);
                secrets.forEach(secret -> assertThat(content.contains(secret)).as("%s", file).isFalse());
            }
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("secret"))))
                .isEqualTo("rw-------");
    }

    @Test
    void withoutTheFileThatTheSecretIsSealedWithTheKeyStillWorksButForSigning() throws Exception {
        String secret = keys().make(null, "signs", ADMIN, true).secret();
        Files.delete(directory.resolve("secret"));

        ApiKeys keys = keys();

        assertThat(keys.identify(secret)).isNotNull();
        assertThat(keys.signingKey("signs")).isEmpty();
    }

    @Test
    void aSecretThatIsGivenOpensWhatAnotherGatewayHasSealedWithIt() throws Exception {
        String secret = "0123456789abcdef".repeat(4);
        ApiKeys first = new ApiKeys(List.of("configured"), database.keys(),
                new KeyVault(directory.resolve("first"), secret), InstantSource.system());
        String made = first.make(OWNER, "ci", Set.of(Scope.INVOKE), true).secret();

        ApiKeys second = new ApiKeys(List.of("configured"), database.keys(),
                new KeyVault(directory.resolve("second"), secret.toUpperCase(Locale.ROOT)), InstantSource.system());

        assertThat(second.signingKey("ci").orElseThrow().secret()).isEqualTo(made);
        assertThat(directory.resolve("first")).doesNotExist();
        assertThat(keys("configured").signingKey("ci")).isEmpty();
    }

    @Test
    void whatAnotherGatewayMakesAndDeletesIsKnownAfterALook() throws Exception {
        ApiKeys here = keys("configured");
        ApiKeys there = keys("configured");
        AtomicInteger told = new AtomicInteger();
        there.listen(told::incrementAndGet);
        String made = there.make(OWNER, "ci", Set.of(Scope.READ), false).secret();
        AtomicInteger lost = new AtomicInteger();

        here.reload();
        Caller caller = here.identify(made);
        assertThat(caller).isNotNull();
        there.delete(OWNER, "ci");
        try (ApiKeys.Watch _ = here.watch(caller, lost::incrementAndGet)) {
            here.reload();
        }

        assertThat(here.identify(made)).isNull();
        assertThat(lost).hasPositiveValue();
        assertThat(told).hasValue(2);
    }

    @Test
    void aNameThatAnotherGatewayHasGivenMeanwhileIsTaken() throws Exception {
        ApiKeys here = keys("configured");
        keys("configured").make(OWNER, "ci", Set.of(Scope.READ), false);

        assertRefused(Why.TAKEN, () -> here.make(OWNER, "ci", Set.of(Scope.READ), false));
    }

    @Test
    void aFileThatHoldsNoKeyIsRefused() throws Exception {
        Files.writeString(directory.resolve("secret"), "abc");

        assertThatThrownBy(() -> keys("configured")).isInstanceOf(IOException.class).hasMessageContaining("secret");
    }

    @Test
    void theFirstKeyMustBeAbleToMakeOthers() throws Exception {
        ApiKeys keys = keys();

        assertRefused(Why.FIRST_NEEDS_ADMIN, () -> keys.make(null, "ci", Set.of(Scope.DEPLOY), false));

        assertThat(keys.required()).isFalse();
        keys.make(null, "owner", ADMIN, false);
        assertThat(keys.required()).isTrue();
    }

    @Test
    void whoWasLetThroughWithoutAKeyMakesNoSecondOne() throws Exception {
        ApiKeys keys = keys();
        keys.make(null, "first", ADMIN, false);

        assertRefused(Why.CALLER, () -> keys.make(null, "second", ADMIN, false));
        assertRefused(Why.CALLER, () -> keys.delete(null, "first"));
    }

    @Test
    void theLastKeyThatMayMakeOthersIsDeletedLast() throws Exception {
        ApiKeys keys = keys();
        Caller owner = caller(keys, keys.make(null, "owner", ADMIN, false));
        keys.make(owner, "ci", Set.of(Scope.DEPLOY), false);

        assertRefused(Why.LAST_ADMIN, () -> keys.delete(owner, "owner"));

        keys.delete(owner, "ci");
        keys.delete(owner, "owner");
        assertThat(keys.required()).isFalse();
    }

    @Test
    void namesOfOtherKeysAreTakenAndThoseOfConfiguredOnesAlways() throws Exception {
        ApiKeys keys = keys();
        Caller owner = caller(keys, keys.make(null, "owner", ADMIN, false));

        assertRefused(Why.TAKEN, () -> keys.make(owner, "owner", ADMIN, false));
        assertRefused(Why.TAKEN, () -> keys.make(owner, "default", ADMIN, false));
        assertRefused(Why.TAKEN, () -> keys.make(owner, "key7", ADMIN, false));
    }

    @Test
    void whatIsNotThereOrStandsInTheConfigurationCanNotBeDeleted() throws Exception {
        ApiKeys keys = keys("configured");

        assertRefused(Why.UNKNOWN, () -> keys.delete(OWNER, "nobody"));
        assertRefused(Why.CONFIGURED, () -> keys.delete(OWNER, "default"));
    }

    @Test
    void whoseKeyIsDeletedMeanwhileMakesAndDeletesNone() throws Exception {
        ApiKeys keys = keys("configured");
        Caller gone = caller(keys, keys.make(OWNER, "gone", ADMIN, false));
        keys.delete(OWNER, "gone");

        assertRefused(Why.CALLER, () -> keys.make(gone, "next", ADMIN, false));
        assertRefused(Why.CALLER, () -> keys.delete(gone, "default"));
    }

    @Test
    void whoWatchesHearsOfTheEndOfItsOwnAccessAlone() throws Exception {
        ApiKeys keys = keys();
        List<String> lost = new ArrayList<>();
        keys.watch(null, () -> lost.add("anybody"));
        Caller owner = caller(keys, keys.make(null, "owner", ADMIN, false));
        Caller ci = caller(keys, keys.make(owner, "ci", ADMIN, false));
        assertThat(lost).containsOnly("anybody");
        lost.clear();
        keys.watch(owner, () -> lost.add("owner"));
        ApiKeys.Watch over = keys.watch(ci, () -> lost.add("over"));
        keys.watch(ci, () -> lost.add("ci"));
        over.close();

        keys.delete(owner, "ci");

        assertThat(lost).contains("ci").doesNotContain("owner", "over");
        keys.watch(ci, () -> lost.add("late"));
        assertThat(lost).contains("late");
    }

    @Test
    void whatMayGetIntoALogHoldsNoSecret() throws Exception {
        ApiKeys keys = keys("configured");
        ApiKeys.NewKey made = keys.make(OWNER, "ci", ADMIN, true);

        assertThat(made.toString()).doesNotContain(made.secret());
        assertThat(keys.signingKey("ci").orElseThrow().toString()).doesNotContain(made.secret());
        assertThat(keys.signingKey("default").orElseThrow().toString()).doesNotContain("configured");
    }
}
