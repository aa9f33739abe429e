package io.nanogrid.gateway.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.spi.Content;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CodeCacheTest extends CodeStoreContract {

    private static final int MOST = 10;
    private static final int MOST_BYTES = 100_000;

    @TempDir
    private Path directory;

    private CodeCache cache;

    @BeforeEach
    void open() throws IOException {
        cache = new CodeCache(new DirectoryCodeStore(directory, () -> now), MOST, MOST_BYTES);
    }

    @Override
    protected CodeStore store() {
        return cache;
    }

    @Override
    protected void damage(String hash) throws IOException {
        Path file = directory.resolve(hash + ".zip");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 3] ^= 0x55;
        Files.write(file, bytes);
    }

    /// A second after the one before.
    private String stored(CodeBundle bundle) throws IOException {
        now = now.plus(Duration.ofSeconds(1));
        cache.put(bundle);
        return bundle.hash();
    }

    /// An archive of about that many bytes, which can't be packed any smaller.
    private static CodeBundle random(int seed, int bytes) throws CodeBundle.BadCode {
        byte[] content = new byte[bytes];
        new Random(seed).nextBytes(content);
        return CodeBundle.of(Map.of("main.py", Content.of(content)));
    }

    private long bytes() throws IOException {
        long bytes = 0;
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                bytes += Files.size(file);
            }
        }
        return bytes;
    }

    private void assertGone(String hash) {
        assertThatThrownBy(() -> cache.get(hash)).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void ofTooManyThoseGoThatWereReadLongestAgo() throws IOException {
        List<String> hashes = new ArrayList<>();
        for (int i = 0; i < MOST; i++) {
            hashes.add(stored(CodeBundle.ofText("main.py", "text " + i)));
        }
        now = now.plus(Duration.ofSeconds(1));
        cache.get(hashes.getFirst());

        String last = stored(CodeBundle.ofText("main.py", "one too many"));

        assertGone(hashes.get(1));
        assertThat(cache.get(hashes.getFirst()).hash()).isEqualTo(hashes.getFirst());
        assertThat(cache.get(hashes.getLast()).hash()).isEqualTo(hashes.getLast());
        assertThat(cache.get(last).hash()).isEqualTo(last);
    }

    @Test
    void largeCodeNeverTakesMoreRoomThanThereIs() throws IOException {
        for (int i = 0; i < 20; i++) {
            stored(random(i, MOST_BYTES / 4));

            assertThat(bytes()).isLessThanOrEqualTo(MOST_BYTES);
        }
    }

    @Test
    void whatIsLargerThanAllTheRoomStaysUntilTheNextComes() throws IOException {
        String small = stored(CodeBundle.ofText("main.py", "small"));

        String large = stored(random(1, 2 * MOST_BYTES));
        assertThat(cache.get(large).hash()).isEqualTo(large);
        assertGone(small);

        stored(CodeBundle.ofText("main.py", "next"));
        assertGone(large);
    }
}
