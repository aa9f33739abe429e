package io.nanogrid.gateway.invoke;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.invoke.OutputStore.Kept;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryOutputStoreTest extends OutputStoreContract {

    @TempDir
    private Path directory;
    private DirectoryOutputStore store;

    @BeforeEach
    void open() throws IOException {
        store = new DirectoryOutputStore(directory, ROOM, HOUR, () -> now);
    }

    @Override
    protected OutputStore store() {
        return store;
    }

    @Override
    protected Path staging() {
        return directory.resolve("new");
    }

    @Test
    void aCallOfWhichNotAllCanBeDeletedGivesBackWhatWentAndKeepsNoOtherFromGoing() throws IOException {
        stored("odd", file("a", 40_000), file("b", 40_000));
        stored("old", file("a", 10_000));
        Files.delete(directory.resolve("kept/odd/1"));
        Path undeletable = Files.createDirectories(directory.resolve("kept/odd/1/with/content"));
        now = now.plus(HOUR).plusSeconds(60);

        store.sweep();

        assertThat(undeletable).isDirectory();
        assertThat(store.find("odd", "a")).isEmpty();
        assertThat(store.find("old", "a")).isEmpty();
        assertThat(directory.resolve("kept/old")).doesNotExist();
        assertThat(stored("new", file("a", 50_000))).isEqualTo("new");
        assertThat(keep("more", file("a", 20_000))).isInstanceOf(Kept.Refused.class);
    }

    @Test
    void aDiskThatTakesNothingIsAReasonAndLeavesTheRoomFree() throws IOException {
        Files.delete(directory.resolve("new"));
        Files.writeString(directory.resolve("new"), "in the way");

        Kept kept = keep("r1", file("a", ROOM));

        assertThat(kept).isInstanceOfSatisfying(Kept.Refused.class,
                refused -> assertThat(refused.why()).doesNotContain(directory.toString()));
        Files.delete(directory.resolve("new"));
        Files.createDirectory(directory.resolve("new"));
        assertThat(stored("r1", file("a", ROOM))).isEqualTo("r1");
    }

    @Test
    void anotherStartFindsTheFilesCountsThemAndDropsWhatIsHalfWritten() throws IOException {
        stored("r1", file("a", ROOM - 10_000));
        Files.createDirectories(directory.resolve("new/half"));
        Files.writeString(directory.resolve("new/half/0"), "half");

        store = new DirectoryOutputStore(directory, ROOM, HOUR, () -> now);

        assertThat(read("r1", "a")).hasSize(ROOM - 10_000);
        assertThat(keep("r2", file("a", 20_000))).isInstanceOf(Kept.Refused.class);
        assertThat(directory.resolve("new")).isEmptyDirectory();
    }
}
