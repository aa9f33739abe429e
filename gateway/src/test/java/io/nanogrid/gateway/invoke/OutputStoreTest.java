package io.nanogrid.gateway.invoke;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.invoke.OutputStore.Kept;
import io.nanogrid.gateway.invoke.OutputStore.StoredFile;
import io.nanogrid.gateway.wire.Bytes;
import io.nanogrid.gateway.wire.OutputFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OutputStoreTest {

    private static final Duration HOUR = Duration.ofHours(1);

    @TempDir
    private Path directory;
    private Instant now;
    private OutputStore store;

    @BeforeEach
    void open() throws IOException {
        now = Instant.now();
        store = new OutputStore(directory, 1_000, HOUR, () -> now);
    }

    private static OutputFile file(String path, String text) {
        return new OutputFile(path, Bytes.utf8(text));
    }

    private String stored(String requestId, OutputFile... files) {
        return store.keep(requestId, List.of(files)) instanceof Kept.Stored(String name) ? name : "refused";
    }

    private String read(String name, String path) throws IOException {
        StoredFile found = store.find(name, path).orElseThrow();
        String text = Files.readString(found.file());
        assertThat(found.size()).isEqualTo(text.length());
        return text;
    }

    private long filesOnDisk() throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            return all.filter(Files::isRegularFile).count();
        }
    }

    @Test
    void filesAreFoundByWhatTheFunctionCalledThem() throws IOException {
        String name = stored("r1", file("a", "one"), file("a/b ü.txt", "two"), file("index", "three"),
                file("0", "four"));

        assertThat(name).isEqualTo("r1");
        assertThat(read("r1", "a")).isEqualTo("one");
        assertThat(read("r1", "a/b ü.txt")).isEqualTo("two");
        assertThat(read("r1", "index")).isEqualTo("three");
        assertThat(read("r1", "0")).isEqualTo("four");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "../kept/r1/a", "/etc/passwd", "", "."})
    void whatWasNotStoredIsNotFound(String path) throws IOException {
        stored("r1", file("a", "one"));

        assertThat(store.find("r1", path)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"..", ".", "../kept/r1", "r1/", "r2", "", "r1\0", "../../etc"})
    void aNameThatTheStoreDidNotGiveFindsNothing(String name) throws IOException {
        stored("r1", file("a", "one"));

        assertThat(store.find(name, "a")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"..", ".", "...", "-"})
    void oddRequestIdsAreNamesToo(String requestId) throws IOException {
        String name = stored(requestId, file("a", "one"));

        assertThat(read(name, "a")).isEqualTo("one");
        assertThat(directory.resolve("kept").resolve(name).toRealPath().getParent())
                .isEqualTo(directory.resolve("kept").toRealPath());
    }

    @Test
    void callsThatShareARequestIdKeepTheirFilesApart() throws Exception {
        Set<String> names = new HashSet<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<String> name : threads.invokeAll(IntStream.range(0, 20)
                    .<Callable<String>>mapToObj(n -> () -> stored("same", file("a", "text " + n))).toList())) {
                names.add(name.get());
            }
        }

        assertThat(names).hasSize(20).contains("same");
        Set<String> texts = new HashSet<>();
        for (String name : names) {
            texts.add(read(name, "a"));
        }
        assertThat(texts).hasSize(20);
    }

    @Test
    void filesGoWhenTheyHaveBeenKeptLongEnoughAndMakeRoom() throws IOException {
        stored("old", file("a", "x".repeat(900)));
        now = now.plus(HOUR).plusSeconds(60);

        assertThat(store.keep("new", List.of(file("a", "x".repeat(200))))).isInstanceOf(Kept.Refused.class);
        store.sweep();

        assertThat(store.find("old", "a")).isEmpty();
        assertThat(stored("new", file("a", "x".repeat(1_000)))).isEqualTo("new");
    }

    @Test
    void filesThatAreNotOldStay() throws IOException {
        stored("r1", file("a", "one"));
        now = now.plus(HOUR).minusSeconds(60);

        store.sweep();

        assertThat(read("r1", "a")).isEqualTo("one");
    }

    @Test
    void whatDoesNotFitIsRefusedAsAWholeAndSaysWhichSettingHelps() throws IOException {
        Kept kept = store.keep("r1", List.of(file("a", "x"), file("b", "x".repeat(1_000))));

        assertThat(kept).isInstanceOfSatisfying(Kept.Refused.class,
                refused -> assertThat(refused.why()).contains("OUTPUTS_MAX_BYTES"));
        assertThat(filesOnDisk()).isZero();
        assertThat(stored("r2", file("a", "x".repeat(1_000)))).isEqualTo("r2");
    }

    @Test
    void aDiskThatTakesNothingIsAReasonAndLeavesTheRoomFree() throws IOException {
        Files.delete(directory.resolve("new"));
        Files.writeString(directory.resolve("new"), "in the way");

        Kept kept = store.keep("r1", List.of(file("a", "x".repeat(1_000))));

        assertThat(kept).isInstanceOfSatisfying(Kept.Refused.class,
                refused -> assertThat(refused.why()).doesNotContain(directory.toString()));
        Files.delete(directory.resolve("new"));
        Files.createDirectory(directory.resolve("new"));
        assertThat(stored("r1", file("a", "x".repeat(1_000)))).isEqualTo("r1");
    }

    @Test
    void anotherStartFindsTheFilesCountsThemAndDropsWhatIsHalfWritten() throws IOException {
        stored("r1", file("a", "x".repeat(900)));
        Files.createDirectories(directory.resolve("new/half"));
        Files.writeString(directory.resolve("new/half/0"), "half");

        store = new OutputStore(directory, 1_000, HOUR, () -> now);

        assertThat(read("r1", "a")).hasSize(900);
        assertThat(store.keep("r2", List.of(file("a", "x".repeat(200))))).isInstanceOf(Kept.Refused.class);
        assertThat(directory.resolve("new")).isEmptyDirectory();
    }
}
