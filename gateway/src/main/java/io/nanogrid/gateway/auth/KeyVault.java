package io.nanogrid.gateway.auth;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// Encrypts secrets that have to be read again (AES-256-GCM), with a key that is given, or one in a file that only the gateway's user can read. The
/// file is made when it is first needed. Safe for use by many threads.
public final class KeyVault {

    private static final int KEY_BYTES = 32;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");

    private final Path file;
    private final SecureRandom random = new SecureRandom();
    private @Nullable SecretKey key;

    /// @param file where the key is, or will be
    /// @param given the key in hexadecimal, instead of that of the file; null for none
    /// @throws IOException if the file is there and can't be used
    public KeyVault(Path file, @Nullable String given) throws IOException {
        this.file = file;
        if (given != null) {
            this.key = new SecretKeySpec(HexFormat.of().parseHex(given), "AES");
        } else if (Files.exists(file)) {
            Files.setPosixFilePermissions(file, OWNER_ONLY);
            this.key = read(file);
        }
    }

    private static SecretKey read(Path file) throws IOException {
        try {
            byte[] bytes = HexFormat.of().parseHex(Files.readString(file).strip());
            if (bytes.length == KEY_BYTES) {
                return new SecretKeySpec(bytes, "AES");
            }
        } catch (IllegalArgumentException _) {
            // Said below.
        }
        throw new IOException(file + " doesn't hold " + KEY_BYTES + " bytes in hexadecimal: restore it, or delete it "
                + "and make the keys with sigv4 anew");
    }

    /// @param name what the secret belongs to; it can be opened under no other name
    byte[] seal(String name, String secret) throws IOException {
        byte[] nonce = new byte[NONCE_BYTES];
        random.nextBytes(nonce);
        try {
            byte[] sealed = cipher(Cipher.ENCRYPT_MODE, made(), nonce, name)
                    .doFinal(secret.getBytes(StandardCharsets.UTF_8));
            return ByteBuffer.allocate(nonce.length + sealed.length).put(nonce).put(sealed).array();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM is part of every JDK", e);
        }
    }

    /// Empty where it was sealed with another key, or under another name.
    Optional<String> open(String name, byte[] sealed) {
        SecretKey present = present();
        if (present == null || sealed.length < NONCE_BYTES) {
            return Optional.empty();
        }
        byte[] nonce = new byte[NONCE_BYTES];
        System.arraycopy(sealed, 0, nonce, 0, NONCE_BYTES);
        try {
            byte[] secret = cipher(Cipher.DECRYPT_MODE, present, nonce, name).doFinal(sealed, NONCE_BYTES,
                    sealed.length - NONCE_BYTES);
            return Optional.of(new String(secret, StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            return Optional.empty();
        }
    }

    private static Cipher cipher(int mode, SecretKey key, byte[] nonce, String name) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
        cipher.updateAAD(name.getBytes(StandardCharsets.UTF_8));
        return cipher;
    }

    private synchronized @Nullable SecretKey present() {
        return key;
    }

    private synchronized SecretKey made() throws IOException {
        SecretKey present = key;
        if (present == null) {
            byte[] bytes = new byte[KEY_BYTES];
            random.nextBytes(bytes);
            Path draft = Files.createTempFile(file.toAbsolutePath().getParent(), "secret", ".new",
                    PosixFilePermissions.asFileAttribute(OWNER_ONLY));
            try {
                // On disk before it gets its name: an empty file would keep the gateway from starting.
                Files.writeString(draft, HexFormat.of().formatHex(bytes) + "\n", StandardOpenOption.SYNC);
                Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(draft);
            }
            present = new SecretKeySpec(bytes, "AES");
            key = present;
        }
        return present;
    }
}
