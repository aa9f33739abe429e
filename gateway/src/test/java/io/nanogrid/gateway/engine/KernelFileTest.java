package io.nanogrid.gateway.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelFileTest {

    @TempDir
    private Path directory;

    @Test
    void aFileThatHasChangedIsReadAnew() throws Exception {
        Path path = Files.writeString(directory.resolve("file"), "1 2\n");
        try (KernelFile file = new KernelFile(path)) {
            assertThat(file.read()).isEqualTo("1 2\n");
            Files.writeString(path, "1 2 3\n");
            assertThat(file.read()).isEqualTo("1 2 3\n");
            Files.writeString(path, "");
            assertThat(file.read()).isEmpty();
        }
    }

    @Test
    void theNumberInAFileIsRead() throws Exception {
        try (KernelFile file = new KernelFile(Files.writeString(directory.resolve("file"), "4096\n"))) {
            assertThat(file.number()).hasValue(4096);
        }
    }

    @Test
    void whatIsToldAboutAnEndedProcessIsNothing() throws Exception {
        Process process = new ProcessBuilder("sleep", "1000").start();
        try (KernelFile file = new KernelFile(Path.of("/proc/" + process.pid() + "/stat"))) {
            assertThat(file.read()).contains("(sleep)");
            process.destroyForcibly().waitFor();
            assertThat(file.read()).isNull();
        }
    }

    @Test
    void anInterruptOfWhoReadsHarmsNobody() throws Exception {
        try (KernelFile file = new KernelFile(Files.writeString(directory.resolve("file"), "1"))) {
            Thread.currentThread().interrupt();
            file.read();
            assertThat(Thread.interrupted()).isTrue();
            assertThat(file.read()).isEqualTo("1");
        }
    }

    @Test
    void aClosedFileReadsAsGone() throws Exception {
        KernelFile file = new KernelFile(Files.writeString(directory.resolve("file"), "1"));
        file.close();
        assertThat(file.read()).isNull();
    }
}
