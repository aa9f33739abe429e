package io.nanogrid.gateway.engine.sandbox;

import java.util.List;

/// The seccomp filter of a sandbox: it refuses what Docker's default profile refuses to a container without capabilities.
/// Written as a list of what is refused; system calls that are newer than the list don't exist for the sandbox.
final class SeccompFilter {

    private static final int ALLOW = 0x7fff0000;
    private static final int KILL_PROCESS = 0x80000000;
    private static final int ERRNO = 0x00050000;
    private static final int EPERM = 1;
    private static final int ENOSYS = 38;

    /// setxattrat, getxattrat, listxattrat, removexattrat (Linux 6.13) are the newest that have been judged.
    private static final int NEWEST = 466;
    /// System calls of the x32 ABI have this bit.
    private static final int X32 = 0x40000000;
    /// All CLONE_NEW* flags that clone(2) takes.
    private static final int NEW_NAMESPACES = 0x7e020000;

    private static final int TIOCSTI = 0x5412;
    private static final int TIOCLINUX = 0x541c;
    private static final int PR_SET_PDEATHSIG = 1;
    private static final int SIGKILL = 9;
    /// AF_UNIX, AF_INET, AF_INET6, AF_NETLINK.
    private static final List<Integer> SOCKET_FAMILIES = List.of(1, 2, 10, 16);
    /// Linux, Linux without ASLR's 32-bit limits, and asking for the current one: those that Docker allows.
    private static final List<Integer> PERSONALITIES = List.of(0x0, 0x8, 0x20000, 0x20008, 0xffffffff);

    private SeccompFilter() {
    }

    /// The processors that the filter knows, by AUDIT_ARCH_* value.
    enum Architecture {
        X86_64(0xc000003e), AARCH64(0xc00000b7);

        private final int audit;

        Architecture(int audit) {
            this.audit = audit;
        }

        /// @param osArch the system property `os.arch`
        static Architecture of(String osArch) {
            return switch (osArch) {
                case "amd64", "x86_64" -> X86_64;
                case "aarch64", "arm64" -> AARCH64;
                default -> throw new IllegalArgumentException(
                        "the sandbox engine runs on amd64 and aarch64, not on '" + osArch + "': use the docker engine");
            };
        }

        private int number(Refused call) {
            return this == X86_64 ? call.x86() : call.arm();
        }
    }

    /// A refused system call with its numbers; -1 where an architecture has none.
    private record Refused(String name, int x86, int arm) {

        Refused(String name, int both) {
            this(name, both, both);
        }
    }

    private static final List<Refused> REFUSED = List.of(
            // Mounts and namespaces.
            new Refused("mount", 165, 40), new Refused("umount2", 166, 39), new Refused("pivot_root", 155, 41),
            new Refused("chroot", 161, 51), new Refused("setns", 308, 268), new Refused("unshare", 272, 97),
            new Refused("open_tree", 428), new Refused("move_mount", 429), new Refused("fsopen", 430),
            new Refused("fsconfig", 431), new Refused("fsmount", 432), new Refused("fspick", 433),
            new Refused("mount_setattr", 442), new Refused("statmount", 457), new Refused("listmount", 458),
            new Refused("sethostname", 170, 161), new Refused("setdomainname", 171, 162),
            // Kernel interfaces with a history of holes.
            new Refused("bpf", 321, 280), new Refused("perf_event_open", 298, 241),
            new Refused("userfaultfd", 323, 282),
            new Refused("io_uring_setup", 425), new Refused("io_uring_enter", 426),
            new Refused("io_uring_register", 427),
            new Refused("add_key", 248, 217), new Refused("request_key", 249, 218), new Refused("keyctl", 250, 219),
            new Refused("fanotify_init", 300, 262),
            // Other processes.
            new Refused("ptrace", 101, 117), new Refused("process_vm_readv", 310, 270),
            new Refused("process_vm_writev", 311, 271), new Refused("kcmp", 312, 272), new Refused("pidfd_getfd", 438),
            // The machine.
            new Refused("kexec_load", 246, 104), new Refused("kexec_file_load", 320, 294),
            new Refused("init_module", 175, 105), new Refused("finit_module", 313, 273),
            new Refused("delete_module", 176, 106), new Refused("create_module", 174, -1),
            new Refused("query_module", 178, -1), new Refused("get_kernel_syms", 177, -1),
            new Refused("reboot", 169, 142), new Refused("swapon", 167, 224), new Refused("swapoff", 168, 225),
            new Refused("quotactl", 179, 60), new Refused("quotactl_fd", 443), new Refused("acct", 163, 89),
            new Refused("syslog", 103, 116), new Refused("vhangup", 153, 58), new Refused("iopl", 172, -1),
            new Refused("ioperm", 173, -1),
            // Clocks.
            new Refused("settimeofday", 164, 170), new Refused("clock_settime", 227, 112),
            new Refused("clock_adjtime", 305, 266), new Refused("adjtimex", 159, 171),
            // Files by handle.
            new Refused("open_by_handle_at", 304, 265), new Refused("lookup_dcookie", 212, 18),
            // Memory of other nodes and processes.
            new Refused("mbind", 237, 235), new Refused("set_mempolicy", 238, 237),
            new Refused("get_mempolicy", 239, 236),
            new Refused("migrate_pages", 256, 238), new Refused("move_pages", 279, 239),
            new Refused("set_mempolicy_home_node", 450),
            // Obsolete.
            new Refused("nfsservctl", 180, 42), new Refused("uselib", 134, -1), new Refused("ustat", 136, -1),
            new Refused("sysfs", 139, -1), new Refused("_sysctl", 156, -1));

    static byte[] assemble(Architecture architecture) {
        boolean x86 = architecture == Architecture.X86_64;
        BpfProgram program = new BpfProgram()
                .load(BpfProgram.ARCHITECTURE)
                .unlessEqual(architecture.audit, BpfProgram.returning(KILL_PROCESS))
                .load(BpfProgram.SYSCALL);
        if (x86) {
            program.ifGreater(X32 - 1, BpfProgram.returning(KILL_PROCESS));
        }
        program.ifGreater(NEWEST, errno(ENOSYS)).ifEqual(435 /* clone3: its flags are out of a filter's reach */,
                errno(ENOSYS));
        for (Refused call : REFUSED) {
            if (architecture.number(call) >= 0) {
                program.ifEqual(architecture.number(call), errno(EPERM));
            }
        }
        return program
                .ifEqual(x86 ? 56 : 220, cloning())
                .ifEqual(x86 ? 41 : 198, onlyFirstArgument(SOCKET_FAMILIES))
                .ifEqual(x86 ? 135 : 92, onlyFirstArgument(PERSONALITIES))
                .ifEqual(x86 ? 16 : 29, ioctl())
                .ifEqual(x86 ? 157 : 167, prctl())
                .giveBack(ALLOW)
                .assemble();
    }

    private static BpfProgram cloning() {
        return new BpfProgram().load(BpfProgram.lowHalf(0)).ifAnyBit(NEW_NAMESPACES, errno(EPERM)).giveBack(ALLOW);
    }

    /// For arguments that are `int` in the kernel: the upper half doesn't count there either.
    private static BpfProgram onlyFirstArgument(List<Integer> allowed) {
        BpfProgram program = new BpfProgram().load(BpfProgram.lowHalf(0));
        allowed.forEach(value -> program.ifEqual(value, BpfProgram.returning(ALLOW)));
        return program.giveBack(ERRNO | EPERM);
    }

    private static BpfProgram ioctl() {
        return new BpfProgram().load(BpfProgram.lowHalf(1))
                .ifEqual(TIOCSTI, errno(EPERM))
                .ifEqual(TIOCLINUX, errno(EPERM))
                .giveBack(ALLOW);
    }

    /// Hostile code can make the namespace's init run code of its own; this keeps it from outliving the gateway.
    private static BpfProgram prctl() {
        BpfProgram deathSignal = new BpfProgram()
                .load(BpfProgram.highHalf(1)).unlessEqual(0, errno(EPERM))
                .load(BpfProgram.lowHalf(1)).unlessEqual(SIGKILL, errno(EPERM))
                .giveBack(ALLOW);
        return new BpfProgram().load(BpfProgram.lowHalf(0)).ifEqual(PR_SET_PDEATHSIG, deathSignal).giveBack(ALLOW);
    }

    private static BpfProgram errno(int number) {
        return BpfProgram.returning(ERRNO | number);
    }
}
