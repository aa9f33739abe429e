package io.nanogrid.gateway.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryCodeStoreTest extends CodeStoreContract {

    @TempDir
    private Path directory;

    private DirectoryCodeStore store;

    @BeforeEach
    void open() throws IOException {
        store = new DirectoryCodeStore(directory, () -> now);
    }

    @Override
    protected CodeStore store() {
        return store;
    }

    @Override
    protected void damage(String hash) throws IOException {
        Path file = directory.resolve(hash + ".zip");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 3] ^= 0x55;
        Files.write(file, bytes);
    }

    @Test
    void otherCodeUnderTheWrongNameIsDamageToo() throws IOException {
        CodeBundle one = CodeBundle.ofText("a", "1");
        Files.write(directory.resolve(one.hash() + ".zip"), CodeArchive.pack(CodeBundle.ofText("a", "2")));
        assertThatThrownBy(() -> store.get(one.hash())).isInstanceOf(IOException.class);
    }

    @Test
    void whatACrashLeftHalfWrittenGoes() throws IOException {
        Path partial = Files.createFile(directory.resolve("partial-123.zip"));
        store.removeAllBut(Set.of());
        assertThat(partial).exists();
        later();
        store.removeAllBut(Set.of());
        assertThat(partial).doesNotExist();
    }

    @Test
    void aStoreThatIsOpenedAgainHasWhatWasStored() throws IOException {
        CodeBundle bundle = CodeBundle.ofText("a", "1");
        store.put(bundle);
        assertThat(new DirectoryCodeStore(directory, () -> now).get(bundle.hash()).hash()).isEqualTo(bundle.hash());
        assertThat(directory).isDirectoryNotContaining("glob:**partial-*");
    }
}
