package io.nanogrid.gateway.engine.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Map;

/// A small `/etc` for sandboxes: what programs need of the system's, as it was when the engine started, and users, groups
/// and names of our own. One directory, since each mount costs a start some 0.2 ms.
final class EtcDirectory {

    private static final List<String> OF_SYSTEM = List.of("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives",
            "localtime", "mime.types", "protocols", "services", "ssl/certs", "ssl/openssl.cnf", "ca-certificates",
            "pki/tls/certs", "pki/tls/cert.pem", "pki/ca-trust/extracted", "crypto-policies");
    private static final Map<String, String> OUR_OWN = Map.of(
            "passwd", "function:x:65534:65534:function:/tmp:/usr/sbin/nologin\n",
            "group", "function:x:65534:\n",
            "resolv.conf", "nameserver " + NetworkHelper.RESOLVER + "\n",
            "hosts", "127.0.0.1 localhost function\n::1 localhost\n",
            "nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");

    private EtcDirectory() {
    }

    /// Makes `directory` anew.
    ///
    /// @param system the operating system's own `/etc`
    static Path make(Path directory, Path system) throws IOException {
        HostFiles.delete(directory);
        HostFiles.makeDirectory(directory);
        for (String name : OF_SYSTEM) {
            if (Files.exists(system.resolve(name))) {
                copy(system.resolve(name).toRealPath(), directory.resolve(name));
            }
        }
        for (var file : OUR_OWN.entrySet()) {
            HostFiles.write(directory.resolve(file.getKey()), file.getValue().getBytes(UTF_8));
        }
        return directory;
    }

    /// Copies what anybody may read; links stay as they are.
    private static void copy(Path from, Path to) throws IOException {
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path visited, BasicFileAttributes attributes) throws IOException {
                if (!isPublic(visited)) {
                    return FileVisitResult.SKIP_SUBTREE;
                }
                HostFiles.makeDirectory(to.resolve(from.relativize(visited)));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Path target = file.equals(from) ? to : to.resolve(from.relativize(file));
                if (attributes.isSymbolicLink()) {
                    Files.copy(file, target, LinkOption.NOFOLLOW_LINKS);
                } else if (attributes.isRegularFile() && isPublic(file)) {
                    HostFiles.write(target, Files.readAllBytes(file));
                }
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static boolean isPublic(Path path) throws IOException {
        return Files.getPosixFilePermissions(path).contains(PosixFilePermission.OTHERS_READ);
    }
}
