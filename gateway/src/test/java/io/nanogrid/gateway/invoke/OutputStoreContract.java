package io.nanogrid.gateway.invoke;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.invoke.OutputStore.Kept;
import io.nanogrid.gateway.invoke.OutputStore.StoredFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What every [OutputStore] promises.
public abstract class OutputStoreContract {

    protected static final Duration HOUR = Duration.ofHours(1);
    protected static final int ROOM = 100_000;

    /// The time that the store goes by.
    protected Instant now = Instant.now();

    /// It has `ROOM` for files, which it keeps for an hour.
    protected abstract OutputStore store();

    /// Where files lie while they come.
    protected abstract Path staging();

    protected record Written(String path, String text) {
    }

    protected static Written file(String path, String text) {
        return new Written(path, text);
    }

    protected static Written file(String path, int size) {
        return new Written(path, "x".repeat(size));
    }

    protected final Kept keep(String requestId, Written... files) {
        try (OutputDraft draft = store().draft()) {
            for (Written file : files) {
                write(draft, file);
            }
            return draft.keep(requestId);
        }
    }

    private static void write(OutputDraft draft, Written file) {
        byte[] content = file.text().getBytes(StandardCharsets.UTF_8);
        draft.begin(file.path(), content.length);
        draft.write(ByteBuffer.wrap(content));
    }

    protected final String stored(String requestId, Written... files) {
        return keep(requestId, files) instanceof Kept.Stored(String name) ? name : "refused";
    }

    protected final String read(String name, String path) throws IOException {
        StoredFile found = store().find(name, path).orElseThrow();
        try (InputStream in = found.content().open()) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            assertThat(found.size()).isEqualTo(text.length());
            return text;
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

        assertThat(store().find("r1", path)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"..", ".", "../kept/r1", "r1/", "r2", "", "r1\0", "../../etc"})
    void aNameThatTheStoreDidNotGiveFindsNothing(String name) throws IOException {
        stored("r1", file("a", "one"));

        assertThat(store().find(name, "a")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"..", ".", "...", "-"})
    void oddRequestIdsAreNamesToo(String requestId) throws IOException {
        String name = stored(requestId, file("a", "one"));

        assertThat(read(name, "a")).isEqualTo("one");
        assertThat(name).matches(
                requestId.equals("-") || requestId.equals("...") ? "\\Q" + requestId + "\\E" : "\\.+[0-9a-f-]{36}");
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
        stored("old", file("a", ROOM - 10_000));
        now = now.plus(HOUR).plusSeconds(60);

        assertThat(keep("new", file("a", 20_000))).isInstanceOf(Kept.Refused.class);
        store().sweep();

        assertThat(store().find("old", "a")).isEmpty();
        assertThat(stored("new", file("a", ROOM))).isEqualTo("new");
    }

    @Test
    void filesThatAreNotOldStay() throws IOException {
        stored("r1", file("a", "one"));
        now = now.plus(HOUR).minusSeconds(60);

        store().sweep();

        assertThat(read("r1", "a")).isEqualTo("one");
    }

    @Test
    void whatDoesNotFitIsRefusedAsAWholeAndSaysWhichSettingHelps() throws IOException {
        Kept kept = keep("r1", file("a", "x"), file("b", ROOM));

        assertThat(kept).isInstanceOfSatisfying(Kept.Refused.class,
                refused -> assertThat(refused.why()).contains("OUTPUTS_MAX_BYTES"));
        assertThat(staging()).isEmptyDirectory();
        assertThat(stored("r2", file("a", ROOM))).isEqualTo("r2");
    }

    @Test
    void manyEmptyFilesUseUpTheRoomToo() {
        Written[] empty = IntStream.range(0, 24).mapToObj(n -> file("f" + n, 0)).toArray(Written[]::new);

        assertThat(stored("r1", empty)).isEqualTo("r1");
        assertThat(keep("r2", file("f", 0))).isInstanceOf(Kept.Refused.class);
    }

    @Test
    void aSizeThatIsOnlyAnnouncedTakesNoRoomFromOthers() throws IOException {
        try (OutputDraft announced = store().draft()) {
            announced.begin("a", ROOM);
            announced.write(ByteBuffer.wrap(new byte[5_000]));

            assertThat(stored("r1", file("b", ROOM - 5_000))).isEqualTo("r1");
        }
        assertThat(staging()).isEmptyDirectory();
    }

    @Test
    void aDraftForWhichThereIsNoMoreRoomGivesItsOwnBackWhileItsCallRuns() throws IOException {
        try (OutputDraft first = store().draft(); OutputDraft second = store().draft()) {
            write(first, file("a", 60_000));
            second.begin("a", 40_000);
            second.write(ByteBuffer.wrap(new byte[30_000]));
            first.begin("b", 10_000);
            first.write(ByteBuffer.wrap(new byte[10_000]));
            second.write(ByteBuffer.wrap(new byte[10_000]));

            assertThat(first.keep("first")).isEqualTo(new Kept.Stored("first"));
            assertThat(second.keep("second")).isInstanceOf(Kept.Refused.class);
            assertThat(staging()).isEmptyDirectory();
            assertThat(stored("third", file("a", 30_000))).isEqualTo("third");
        }
    }

    @Test
    void whatIsNotKeptIsGoneAndMakesRoom() throws IOException {
        try (OutputDraft draft = store().draft()) {
            write(draft, file("a", ROOM));
        }

        assertThat(staging()).isEmptyDirectory();
        assertThat(stored("r1", file("a", ROOM))).isEqualTo("r1");
    }
}
