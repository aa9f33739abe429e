package io.nanogrid.gateway.engine.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Each call is made twice under the same bubblewrap: without the filter it works or fails for another reason.
@EnabledIf(value = "bubblewrapOnX86", disabledReason = "needs bubblewrap and python3 on x86_64")
class SeccompFilterTest {

    private static final int EPERM = 1;
    private static final int ENOSYS = 38;

    @TempDir
    Path directory;
    private Path filter;

    static boolean bubblewrapOnX86() {
        return Files.isExecutable(Path.of("/usr/bin/bwrap")) && Files.isExecutable(Path.of("/usr/bin/python3"))
                && "amd64".equals(System.getProperty("os.arch"));
    }

    @BeforeEach
    void writeFilter() throws IOException {
        filter = Files.write(directory.resolve("filter"), SeccompFilter.assemble(SeccompFilter.Architecture.X86_64));
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            unshare(CLONE_NEWUSER)        | 272, 0x10000000
            clone(CLONE_NEWUSER)          | 56, 0x10000011, 0, 0, 0, 0
            open_tree                     | 428, -100, b'/', 0
            keyctl(GET_KEYRING_ID)        | 250, 0, -3, 1
            add_key                       | 248, b'user', b'name', b'value', 5, -3
            ptrace(TRACEME)               | 101, 0, 0, 0, 0
            process_vm_readv              | 310, PID, 0, 0, 0, 0, 0
            userfaultfd(USER_MODE_ONLY)   | 323, 1
            io_uring_setup                | 425, 1, 0
            personality(NO_RANDOMIZE)     | 135, 0x40000
            socket(AF_ALG)                | 41, 38, 5, 0
            socket(AF_VSOCK)              | 41, 40, 1, 0
            ioctl(TIOCSTI)                | 16, 1, 0x5412, 0
            ioctl(TIOCLINUX)              | 16, 1, 0x541c, 0
            prctl(SET_PDEATHSIG, 0)       | 157, 1, 0
            kcmp                          | 312, PID, PID, 2, 0, 0
            get_mempolicy                 | 239, 0, 0, 0, 0, 0
            migrate_pages                 | 256, PID, 0, 0, 0
            kexec_load                    | 246, 0, 0, 0, -1
            quotactl                      | 179, -1, 0, 0, 0
            """)
    void isRefused(String name, String call) throws Exception {
        assertThat(errno(false, call)).as("%s without the filter", name).isNotEqualTo(EPERM);
        assertThat(errno(true, call)).as("%s with the filter", name).isEqualTo(EPERM);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            clone3 without arguments            | 435, 0, 0
            open_tree_attr, newer than the list | 467, -100, 0, 0, 0, 0
            """)
    void doesNotExist(String name, String call) throws Exception {
        assertThat(errno(true, call)).as("%s with the filter", name).isEqualTo(ENOSYS);
    }

    @Test
    void clone3ExistsWithoutTheFilter() throws Exception {
        assertThat(errno(false, "435, 0, 0")).isNotEqualTo(ENOSYS);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            socket(AF_UNIX)          | 41, 1, 1, 0
            socket(AF_INET)          | 41, 2, 1, 0
            socket(AF_INET6)         | 41, 10, 1, 0
            socket(AF_NETLINK)       | 41, 16, 3, 0
            personality(ask)         | 135, 0xffffffff
            prctl(SET_PDEATHSIG, 9)  | 157, 1, 9
            """)
    void isAllowed(String name, String call) throws Exception {
        assertThat(errno(true, call)).as(name).isZero();
    }

    @Test
    void threadsAndProcessesCanBeMade() throws Exception {
        assertThat(run(true, "import threading, subprocess; t = threading.Thread(target=print); t.start(); t.join();"
                + "raise SystemExit(subprocess.call(['true']))")).isZero();
    }

    @Test
    void aCallOfTheX32AbiKillsTheProcess() throws Exception {
        String call = "import ctypes; ctypes.CDLL(None).syscall(0x40000000 + 39)";
        assertThat(run(false, call)).isZero();
        assertThat(run(true, call)).as("killed by SIGSYS").isEqualTo(128 + 31);
    }

    @Test
    void aCallOfThe32BitAbiKillsTheProcess() throws Exception {
        String call = """
                import ctypes, mmap
                code = bytes.fromhex('b814000000cd80c3')  # mov eax, getpid; int 0x80; ret
                page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
                page.write(code)
                ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()""";
        assertThat(run(true, call)).as("killed by SIGSYS").isEqualTo(128 + 31);
    }

    @Test
    void theFilterForAarch64ChecksTheArchitectureFirst() {
        byte[] program = SeccompFilter.assemble(SeccompFilter.Architecture.AARCH64);
        assertThat(program).startsWith(0x20, 0, 0, 0, 4, 0, 0, 0, 0x15, 0, 1, 0, 0xb7, 0, 0, 0xc0);
    }

    private int errno(boolean filtered, String call) throws Exception {
        return run(filtered, "import ctypes, os; libc = ctypes.CDLL(None, use_errno=True); PID = os.getpid();"
                + "ctypes.set_errno(0); libc.syscall(" + call + "); error = ctypes.get_errno(); os._exit(error)");
    }

    private int run(boolean filtered, String python) throws Exception {
        List<String> words = new ArrayList<>(List.of("/bin/sh", "-c", "exec \"$@\" 9<" + filter, "sh"));
        if ("root".equals(System.getProperty("user.name"))) {
            words.addAll(List.of("setpriv", "--reuid", "765000", "--regid", "765000", "--clear-groups"));
        }
        words.addAll(List.of("bwrap", "--unshare-user", "--unshare-pid", "--uid", "65534", "--gid", "65534",
                "--cap-drop", "ALL",
                "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"));
        if (filtered) {
            words.addAll(List.of("--seccomp", "9"));
        }
        words.addAll(List.of("/usr/bin/python3", "-I", "-c", python));
        return new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }
}
