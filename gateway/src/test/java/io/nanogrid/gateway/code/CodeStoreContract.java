package io.nanogrid.gateway.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/// What every [CodeStore] promises.
public abstract class CodeStoreContract {

    /// The time that the store goes by.
    protected Instant now = Instant.now();

    protected abstract CodeStore store();

    /// Spoils what is stored under a hash.
    protected abstract void damage(String hash) throws IOException;

    @Test
    void whatIsStoredComesBackAsItWas() throws IOException {
        CodeBundle bundle = stored("a");
        assertThat(store().get(bundle.hash()).files()).isEqualTo(bundle.files());
    }

    @Test
    void storingTwiceIsStoringOnce() throws IOException {
        CodeBundle bundle = stored("a");
        store().put(bundle);
        assertThat(store().get(bundle.hash()).hash()).isEqualTo(bundle.hash());
    }

    @Test
    void whatIsNotThereIsReportedAsThat() throws IOException {
        String hash = CodeBundle.ofText("a", "never stored").hash();
        assertThatThrownBy(() -> store().get(hash)).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void aNameThatIsNoHashIsRefused() {
        assertThatThrownBy(() -> store().get("../../etc/passwd")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void manyMayStoreTheSameAtOnce() throws Exception {
        CodeBundle bundle = CodeBundle.ofText("a", "together");
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<String>> all = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                all.add(threads.submit(() -> {
                    store().put(bundle);
                    return store().get(bundle.hash()).hash();
                }));
            }
            for (Future<String> one : all) {
                assertThat(one.get()).isEqualTo(bundle.hash());
            }
        }
    }

    @Test
    void damageIsFound() throws IOException {
        CodeBundle bundle = stored("a");
        damage(bundle.hash());
        assertThatThrownBy(() -> store().get(bundle.hash())).isInstanceOf(IOException.class)
                .hasMessageContaining("damaged");
    }

    @Test
    void storingAgainRepairsDamage() throws IOException {
        CodeBundle bundle = stored("a");
        damage(bundle.hash());
        store().put(bundle);
        assertThat(store().get(bundle.hash()).hash()).isEqualTo(bundle.hash());
    }

    @Test
    void whatIsOldAndUnusedIsRemoved() throws IOException {
        CodeBundle bundle = stored("a");
        later();
        store().removeAllBut(Set.of());
        assertThatThrownBy(() -> store().get(bundle.hash())).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void whatIsInUseStays() throws IOException {
        CodeBundle bundle = stored("a");
        later();
        store().removeAllBut(Set.of(bundle.hash()));
        assertThat(store().get(bundle.hash()).hash()).isEqualTo(bundle.hash());
    }

    @Test
    void whatHasJustBeenStoredStays() throws IOException {
        CodeBundle bundle = stored("a");
        store().removeAllBut(Set.of());
        assertThat(store().get(bundle.hash()).hash()).isEqualTo(bundle.hash());
    }

    @Test
    void whatIsStoredAgainIsYoungAgain() throws IOException {
        CodeBundle bundle = stored("a");
        later();
        store().put(bundle);
        store().removeAllBut(Set.of());
        assertThat(store().get(bundle.hash()).hash()).isEqualTo(bundle.hash());
    }

    @Test
    void removingWhileOthersStoreTakesNothingFromThem() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<String>> all = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                CodeBundle bundle = CodeBundle.ofText("a", "text " + i % 4);
                all.add(threads.submit(() -> {
                    store().put(bundle);
                    return store().get(bundle.hash()).hash();
                }));
                all.add(threads.submit(() -> {
                    store().removeAllBut(Set.of());
                    return "";
                }));
            }
            for (Future<String> one : all) {
                assertThat(one.get()).isNotNull();
            }
        }
    }

    protected final void later() {
        now = now.plus(Duration.ofHours(1));
    }

    private CodeBundle stored(String text) throws IOException {
        CodeBundle bundle = CodeBundle.ofText("main.py", text);
        store().put(bundle);
        return bundle;
    }
}
