package io.nanogrid.gateway.engine.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.gateway.engine.EngineException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The real launcher with programs of the test's own in bubblewrap's place, which do what bubblewrap does seldom.
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class LauncherTest {

    @TempDir
    private Path directory;
    private HostFiles files;

    @BeforeEach
    void makeFiles() {
        files = new HostFiles(directory.resolve("run"), List.of(), Path.of("/"));
    }

    /// @param script what to do once the arguments have been read
    private Launcher launcher(String script) throws Exception {
        Path program = Files.writeString(directory.resolve("bubblewrap"), "#!/bin/sh\ncat > /dev/null\n" + script);
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        return new Launcher(files.script(), files.filter(), program);
    }

    private static ProcessTree launch(Launcher launcher) throws Exception {
        return launcher.launch(OptionalInt.empty(), List.of(), null, List.of("--unshare-all"), List.of("true"));
    }

    @Test
    void aRefusalCarriesBubblewrapsWordsAndStatusButNoPathOfTheHost() throws Exception {
        try (Launcher launcher = launcher("echo \"bwrap: Can't bind /srv/data: too busy\" >&2\nexit 3\n")) {
            assertThatThrownBy(() -> launch(launcher)).isInstanceOf(EngineException.class)
                    .hasMessageContaining("status 3").hasMessageContaining("too busy")
                    .hasMessageNotContaining("/srv");
        }
    }

    @Test
    void aKernelThatRefusesNamespacesIsToldFromOtherFailures() throws Exception {
        try (Launcher launcher = launcher("echo 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")) {
            assertThatThrownBy(() -> launch(launcher)).isInstanceOf(EngineException.class)
                    .hasMessageContaining("the kernel refuses user namespaces");
        }
    }

    @Test
    void aSandboxThatIsKilledBeforeItIsThereSaysThatItWas() throws Exception {
        try (Launcher launcher = launcher("kill -9 $$\n")) {
            assertThatThrownBy(() -> launch(launcher)).isInstanceOf(EngineException.class)
                    .hasMessageContaining("status 137").hasMessageContaining("said nothing");
        }
    }

    @Test
    void aCommandThatHasEndedBeforeAnybodyLooksHasRun() throws Exception {
        String brief = "true &\nwait $!\necho \"{ \\\"child-pid\\\": $! }\" >&3\nexec 3>&-\necho done >&2\nexit 7\n";
        try (Launcher launcher = launcher(brief)) {
            ProcessTree tree = launch(launcher);

            assertThat(tree.onEnd().get(20, TimeUnit.SECONDS)).isEqualTo(7);
            assertThat(tree.output()).isEqualTo("done");
            assertThat(tree.pids()).isEmpty();
            assertThat(tree.hasOrphans()).isTrue();
        }
    }
}
