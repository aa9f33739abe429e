package io.nanogrid.gateway;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The directories of one gateway: `DATA_DIR`, locked as long as this is open, and a short-lived one for sockets.
///
/// Instances have host users of their own when the gateway runs as root, so what they are shown lies where others may pass through.
final class DataDirectory implements AutoCloseable {

    private static final int LONGEST_RUN_PATH = 70;
    private static final String ID = "gateway-id";
    private static final String LOCK = "lock";
    private static final String CODE = "code";
    private static final String UPLOADS = "uploads";
    private static final String OUTPUTS = "outputs";
    /// The file keys of the directories that this process has locked. They are looked up before the lock's file is opened: the kernel drops a
    /// process's locks of a file when the process closes any of its descriptors of it.
    private static final Set<String> HELD = ConcurrentHashMap.newKeySet();

    private final Path directory;
    private final boolean usedBefore;
    private final String gatewayId;
    private final Path run;
    private final Held lock;

    private DataDirectory(Path directory, boolean usedBefore, String gatewayId, Path run, Held lock) {
        this.directory = directory;
        this.usedBefore = usedBefore;
        this.gatewayId = gatewayId;
        this.run = run;
        this.lock = lock;
    }

    /// The right to work on the directory whose file key is `key`.
    private record Held(String key, FileChannel file) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            try {
                file.close();
            } finally {
                HELD.remove(key);
            }
        }
    }

    /// Another gateway works on the directory.
    static final class InUse extends Exception {
        private static final long serialVersionUID = 1L;

        InUse(Path directory) {
            super("another gateway is working on " + directory + ": stop it, or give this one a DATA_DIR of its own");
        }
    }

    /// Deletes what is kept in a gateway's directory, but for the gateway's id: by that the next start finds what this one has left
    /// elsewhere. Nothing is deleted where a gateway works on it.
    ///
    /// @return whether it is a gateway's directory or none is there; if not, nothing was deleted
    static boolean reset(Path directory) throws IOException, InUse {
        if (!Files.exists(directory)) {
            return true;
        }
        if (!Files.exists(directory.resolve(ID))) {
            return false;
        }
        try (Held _ = lock(directory); Stream<Path> content = Files.list(directory)) {
            for (Path path : content.filter(path -> !path.endsWith(ID) && !path.endsWith(LOCK)).toList()) {
                delete(path);
            }
            delete(elsewhere(gatewayId(directory)));
        }
        return true;
    }

    /// @param runDirectory where sockets go, or null for a place that suits
    static DataDirectory open(Path directory, @Nullable Path runDirectory) throws IOException, InUse {
        Files.createDirectories(directory);
        Held lock = lock(directory);
        boolean open = false;
        try {
            boolean usedBefore = Files.exists(directory.resolve(ID));
            String id = gatewayId(directory);
            // A directory of its own in RUN_DIR, as it is emptied and removed.
            Path run = runDirectory == null ? defaultRun(id) : runDirectory.resolve(id);
            if (run.toString().length() > LONGEST_RUN_PATH) {
                throw new IOException("RUN_DIR: " + run + " is too long for the sockets in it; take a path of up to "
                        + LONGEST_RUN_PATH + " characters");
            }
            delete(run.resolve("i"));
            createPassable(run);
            createPassable(run.resolve("i"));
            // What an upload that was cut short has left goes with it.
            delete(directory.resolve(UPLOADS));
            for (String name : List.of(CODE, UPLOADS, OUTPUTS)) {
                createPrivate(directory.resolve(name));
            }
            open = true;
            return new DataDirectory(directory, usedBefore, id, run, lock);
        } finally {
            if (!open) {
                lock.close();
            }
        }
    }

    /// What users' functions are and leave behind is for the gateway's own user.
    private static void createPrivate(Path directory) throws IOException {
        Files.createDirectories(directory);
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
    }

    private static Held lock(Path directory) throws IOException, InUse {
        String key = String.valueOf(Files.readAttributes(directory, BasicFileAttributes.class).fileKey());
        if (!HELD.add(key)) {
            throw new InUse(directory);
        }
        FileChannel file = null;
        FileLock lock = null;
        try {
            file = FileChannel.open(directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            lock = file.tryLock();
            if (lock == null) {
                throw new InUse(directory);
            }
            return new Held(key, file);
        } finally {
            if (lock == null) {
                HELD.remove(key);
                if (file != null) {
                    file.close();
                }
            }
        }
    }

    private static String gatewayId(Path directory) throws IOException {
        Path file = directory.resolve(ID);
        if (Files.exists(file)) {
            String id = Files.readString(file).strip();
            if (id.matches("[0-9a-f]{12}")) {
                return id;
            }
        }
        byte[] random = new byte[6];
        new SecureRandom().nextBytes(random);
        String id = HexFormat.of().formatHex(random);
        Files.writeString(file, id + "\n");
        return id;
    }

    private static Path defaultRun(String id) {
        boolean root = "root".equals(System.getProperty("user.name"));
        String user = System.getenv("XDG_RUNTIME_DIR");
        if (root) {
            return Path.of("/run/nanogrid", id);
        }
        return user == null ? Path.of("/tmp/nanogrid-" + id) : Path.of(user, "nanogrid-" + id);
    }

    /// Others may go through, and not look around.
    private static void createPassable(Path directory) throws IOException {
        Files.createDirectories(directory);
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
    }

    private static void delete(Path tree) throws IOException {
        if (!Files.exists(tree, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        List<Path> all;
        try (Stream<Path> files = Files.walk(tree)) {
            all = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : all) {
            Files.deleteIfExists(path);
        }
    }

    Path root() {
        return directory;
    }

    /// Whether there has been a gateway here before, which may have left something elsewhere.
    boolean usedBefore() {
        return usedBefore;
    }

    /// Kept for the life of the directory; marks what belongs to this gateway.
    String gatewayId() {
        return gatewayId;
    }

    Path code() {
        return directory.resolve(CODE);
    }

    /// For files on their way into the code's directory; empty at the start.
    Path uploads() {
        return directory.resolve(UPLOADS);
    }

    /// The file with which secrets in the database are encrypted.
    Path secret() {
        return directory.resolve("secret");
    }

    /// For files that functions write for their callers.
    Path outputs() {
        return directory.resolve(OUTPUTS);
    }

    /// Where instances get their directories; empty at the start.
    Path instances() {
        return run.resolve("i");
    }

    /// For files that instances are shown.
    Path staging() {
        return run.resolve("sandbox");
    }

    /// For installed libraries: below `DATA_DIR`, if instances can get there.
    Path dependencies() throws IOException {
        Path own = directory.resolve("deps");
        if (!"root".equals(System.getProperty("user.name")) || passable(directory)) {
            return own;
        }
        return elsewhere(gatewayId).resolve("deps");
    }

    private static Path elsewhere(String gatewayId) {
        return Path.of("/var/lib/nanogrid", gatewayId);
    }

    private static boolean passable(Path directory) throws IOException {
        for (Path at = directory.toRealPath(); at != null; at = at.getParent()) {
            if (!Files.getPosixFilePermissions(at).contains(PosixFilePermission.OTHERS_EXECUTE)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() throws IOException {
        try {
            delete(run);
        } finally {
            lock.close();
        }
    }
}
