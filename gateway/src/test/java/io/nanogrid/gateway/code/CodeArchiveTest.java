package io.nanogrid.gateway.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.nanogrid.gateway.code.CodeBundle.BadCode;
import io.nanogrid.spi.Content;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CodeArchiveTest {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @FunctionalInterface
    private interface Writing {
        void to(ZipOutputStream zip) throws IOException;
    }

    @Test
    void whatIsPackedIsUnpackedAsItWas() throws Exception {
        CodeBundle bundle = CodeBundle.ofText("pkg/grüße.py", "print('hello')");
        assertThat(CodeArchive.unpack(CodeArchive.pack(bundle)).hash()).isEqualTo(bundle.hash());
    }

    @Test
    void directoriesOfAnArchiveAreNoFiles() throws Exception {
        assertThat(CodeArchive.unpack(zip("a/", "", "a/b.py", "1")).files()).containsOnlyKeys("a/b.py");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../main.py", "a/../../main.py", "/etc/passwd", "..\\main.py", "C:/main.py", "C:main.py",
            "a//b", "./a", "..",
            "a\u0000.py", "a\n.py", "../", "/", "a/../", "..\\/"})
    void anEntryThatLeavesItsDirectoryIsRefused(String name) {
        assertRefused(zip("main.py", "1", name, ""));
    }

    @Test
    void aLinkIsNothingButASmallFile() throws Exception {
        byte[] archive = zip("link", "../../etc/passwd");
        int central = centralDirectory(archive);
        // Made by unix, with the mode of a symbolic link.
        archive[central + 5] = 3;
        archive[central + 40] = 0;
        archive[central + 41] = (byte) 0xa1;
        assertThat(CodeArchive.unpack(archive).files()).containsEntry("link",
                Content.of("../../etc/passwd".getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void aFileThatIsThereTwiceIsRefused() {
        byte[] archive = zip("a.py", "1", "b.py", "2");
        replace(archive, "b.py", "a.py");
        assertThatThrownBy(() -> CodeArchive.unpack(archive)).isInstanceOf(BadCode.class).hasMessageContaining("twice");
    }

    @Test
    void namesThatDifferInCaseAreTwoFiles() throws Exception {
        assertThat(CodeArchive.unpack(zip("a.py", "1", "A.py", "2")).files()).hasSize(2);
    }

    @Test
    void aFileThatIsADirectoryTooIsRefused() {
        assertRefused(zip("a", "1", "a/b", "2"));
    }

    @Test
    void aDirectoryWithContentIsRefusedBeforeItIsUnpacked() {
        byte[] bomb = zipped(zip -> {
            zip.putNextEntry(new ZipEntry("dirXtory"));
            zeros(zip, 256);
        });
        replace(bomb, "dirXtory", "directo/");
        long before = THREADS.getCurrentThreadCpuTime();
        assertRefused(bomb);
        assertThat(Duration.ofNanos(THREADS.getCurrentThreadCpuTime() - before)).isLessThan(Duration.ofMillis(200));
    }

    @Test
    void moreThanTheEntriesThatAreAllowedAreRefused() {
        byte[] archive = zipped(zip -> {
            for (int i = 0; i <= CodeBundle.MAX_FILES; i++) {
                zip.putNextEntry(new ZipEntry("d" + i + "/"));
            }
        });
        assertThatThrownBy(() -> CodeArchive.unpack(archive)).isInstanceOf(BadCode.class)
                .hasMessageContaining("entries");
    }

    @Test
    void aBombIsRefusedAndTakesLittleMoreMemoryThanTheLimit() {
        byte[] bomb = zipped(zip -> {
            zip.putNextEntry(new ZipEntry("zeros"));
            zeros(zip, 512);
        });
        assertThat(bomb).hasSizeLessThan(1 << 20);
        long before = THREADS.getCurrentThreadAllocatedBytes();
        assertThatThrownBy(() -> CodeArchive.unpack(bomb)).isInstanceOf(BadCode.class).hasMessageContaining("64 MiB");
        assertThat(THREADS.getCurrentThreadAllocatedBytes() - before).isLessThan(3L * CodeBundle.MAX_BYTES);
    }

    @Test
    void aBombOfManyFilesIsRefused() {
        byte[] bomb = zipped(zip -> {
            for (int i = 0; i < 10; i++) {
                zip.putNextEntry(new ZipEntry("zeros" + i));
                zeros(zip, 7);
            }
        });
        assertThatThrownBy(() -> CodeArchive.unpack(bomb)).isInstanceOf(BadCode.class).hasMessageContaining("64 MiB");
    }

    @Test
    void anArchiveThatIsCutAnywhereIsRefused() {
        byte[] archive = zip("a.py", "print(1)", "b.py", "print(2)");
        for (int length = 0; length < archive.length; length++) {
            assertRefused(Arrays.copyOf(archive, length));
        }
    }

    @Test
    void aDamagedEntryIsRefused() {
        byte[] archive = zip("a.py", "a text of some length that can be damaged");
        archive[50] ^= 0x55;
        assertRefused(archive);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "garbage", "PK", "PK\u0003\u0004", "Rar!",
            "PK\u0005\u0006\u0000\u0000\u0000\u0000\u0000\u0000"})
    void whatIsNoArchiveIsRefused(String garbage) {
        assertRefused(garbage.getBytes(StandardCharsets.ISO_8859_1));
    }

    @Test
    void anEmptyArchiveIsRefused() {
        assertRefused(zip());
    }

    private static void assertRefused(byte[] archive) {
        assertThatThrownBy(() -> CodeArchive.unpack(archive)).isInstanceOf(BadCode.class)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContainPattern("\\p{Cntrl}"));
    }

    private static byte[] zip(String... namesAndTexts) {
        return zipped(zip -> {
            for (int i = 0; i < namesAndTexts.length; i += 2) {
                zip.putNextEntry(new ZipEntry(namesAndTexts[i]));
                zip.write(namesAndTexts[i + 1].getBytes(StandardCharsets.UTF_8));
            }
        });
    }

    private static byte[] zipped(Writing writing) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            writing.to(zip);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return bytes.toByteArray();
    }

    private static void zeros(ZipOutputStream zip, int megabytes) throws IOException {
        byte[] chunk = new byte[1 << 20];
        for (int i = 0; i < megabytes; i++) {
            zip.write(chunk);
        }
    }

    /// In the local headers and in the central directory.
    private static void replace(byte[] archive, String name, String other) {
        byte[] from = name.getBytes(StandardCharsets.UTF_8);
        byte[] to = other.getBytes(StandardCharsets.UTF_8);
        for (int at = 0; at + from.length <= archive.length; at++) {
            if (Arrays.equals(archive, at, at + from.length, from, 0, from.length)) {
                System.arraycopy(to, 0, archive, at, to.length);
            }
        }
    }

    private static int centralDirectory(byte[] archive) {
        for (int at = 0; at < archive.length; at++) {
            if (archive[at] == 'P' && archive[at + 1] == 'K' && archive[at + 2] == 1 && archive[at + 3] == 2) {
                return at;
            }
        }
        throw new AssertionError("no central directory");
    }
}
