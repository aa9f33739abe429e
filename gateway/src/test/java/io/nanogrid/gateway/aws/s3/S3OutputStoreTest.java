package io.nanogrid.gateway.aws.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.gateway.invoke.OutputStore;
import io.nanogrid.gateway.invoke.OutputStore.Kept;
import io.nanogrid.gateway.invoke.OutputStore.StoredFile;
import io.nanogrid.gateway.invoke.OutputStoreContract;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.s3.model.S3Object;

class S3OutputStoreTest extends OutputStoreContract {

    @TempDir
    private Path directory;

    @AutoClose
    private final ProxiedBucket s3 = new ProxiedBucket();
    private S3OutputStore store;
    private S3OutputStore other;

    @BeforeEach
    void open() throws IOException {
        store = at("one");
        other = at("other");
    }

    private S3OutputStore at(String machine) throws IOException {
        return new S3OutputStore(s3.bucket, directory.resolve(machine), ROOM, HOUR,
                () -> now);
    }

    @Override
    protected OutputStore store() {
        return store;
    }

    @Override
    protected Path staging() {
        return directory.resolve("one");
    }

    private List<S3Object> objects() {
        return s3.client().listObjectsV2(list -> list.bucket(s3.name())).contents();
    }

    @Test
    void whatAWorkerKeepsAGatewayFinds() throws IOException {
        stored("r1", file("a/b.txt", "text"));
        StoredFile found = other.find("r1", "a/b.txt").orElseThrow();
        try (InputStream in = found.content().open()) {
            assertThat(in).asString(StandardCharsets.UTF_8).isEqualTo("text");
        }
        assertThat(other.find("r1", "b.txt")).isEmpty();
    }

    @Test
    void whatIsKeptLeavesNothingOnThisMachine() {
        stored("r1", file("a", "text"));
        assertThat(staging()).isEmptyDirectory();
    }

    @Test
    void anyOfTheClusterDeletesWhatIsOldAndItIsNotFoundBeforeThat() throws IOException {
        stored("r1", file("a", "text"), file("b", "text"));
        assertThat(objects()).hasSize(3);
        now = now.plus(HOUR).plusSeconds(60);

        assertThat(other.find("r1", "a")).isEmpty();
        other.sweep();

        assertThat(objects()).isEmpty();
    }

    @Test
    void aFileThatIsDeletedBetweenBeingFoundAndReadIsReportedAsThat() throws IOException {
        stored("r1", file("a", "text"));
        StoredFile found = other.find("r1", "a").orElseThrow();
        now = now.plus(HOUR).plusSeconds(60);
        store.sweep();

        assertThatThrownBy(() -> found.content().open()).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void whileS3IsGoneFilesAreLostWithAReasonAndTheirRoomIsFree() {
        s3.proxy.cut();
        assertThat(keep("r1", file("a", ROOM))).isInstanceOf(Kept.Refused.class);
        assertThat(staging()).isEmptyDirectory();
        s3.proxy.heal();
        assertThat(stored("r2", file("a", ROOM))).isEqualTo("r2");
    }
}
