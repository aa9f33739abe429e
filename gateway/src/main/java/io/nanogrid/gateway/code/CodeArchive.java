package io.nanogrid.gateway.code;

import io.nanogrid.gateway.code.CodeBundle.BadCode;
import io.nanogrid.spi.Content;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/// Zip archives, read as what a stranger sends. Nothing of an archive but names and bytes is taken over: links, modes and owners are
/// lost, so an entry that is a link becomes a small text file and can't lead anywhere.
public final class CodeArchive {

    /// APPNOTE.TXT 4.3.16: the end of the central directory, without its comment.
    private static final int END_RECORD = 22;
    private static final int END_SIGNATURE = 0x06054b50;

    private CodeArchive() {
    }

    /// @throws BadCode if it is no zip archive, has an entry with a bad or repeated path, more than 4,096 entries or more than 64 MiB
    public static CodeBundle unpack(byte[] archive) throws BadCode {
        Map<String, Content> files = new HashMap<>();
        long total = 0;
        int entries = 0;
        try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(archive), StandardCharsets.UTF_8)) {
            for (ZipEntry entry; (entry = zip.getNextEntry()) != null;) {
                if (++entries > CodeBundle.MAX_FILES) {
                    throw new BadCode("the archive has more than " + CodeBundle.MAX_FILES + " entries");
                }
                if (entry.isDirectory()) {
                    String name = CodePaths.check(entry.getName().substring(0, entry.getName().length() - 1));
                    if (zip.read() >= 0) {
                        // Skipping it would unpack all of it, however much that is.
                        throw new BadCode("the directory '" + name + "' has content");
                    }
                    continue;
                }
                // The size that an entry states is the sender's word: only what comes out counts.
                byte[] content = zip
                        .readNBytes((int) Math.min(Integer.MAX_VALUE - 8L, CodeBundle.MAX_BYTES - total + 1));
                total += content.length;
                if (total > CodeBundle.MAX_BYTES) {
                    throw new BadCode("the archive holds more than " + (CodeBundle.MAX_BYTES >> 20) + " MiB unpacked");
                }
                if (files.put(CodePaths.check(entry.getName()), Content.of(content)) != null) {
                    throw new BadCode("the archive holds '" + entry.getName() + "' twice");
                }
            }
        } catch (BadCode e) {
            throw e;
        } catch (ZipException | IllegalArgumentException e) {
            throw new BadCode("the archive can't be read as a zip file: " + e.getMessage());
        } catch (IOException e) {
            throw new BadCode("the archive ends too early");
        }
        if (entries == 0) {
            throw new BadCode("the archive isn't a zip file, or it is empty");
        }
        if (entries != statedEntries(archive)) {
            throw new BadCode("the archive is damaged or cut: its table of contents doesn't fit its entries");
        }
        return CodeBundle.of(files);
    }

    /// How many entries the record at the very end says that there are, or -1 if there is no such record. Reading entry by entry
    /// doesn't notice that some are missing at the end.
    private static int statedEntries(byte[] archive) {
        ByteBuffer bytes = ByteBuffer.wrap(archive).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = archive.length - END_RECORD; at >= Math.max(0, archive.length - END_RECORD - 0xffff); at--) {
            if (bytes.getInt(at) == END_SIGNATURE
                    && Short.toUnsignedInt(bytes.getShort(at + 20)) == archive.length - END_RECORD - at) {
                return Short.toUnsignedInt(bytes.getShort(at + 10));
            }
        }
        return -1;
    }

    /// The same bytes for the same bundle, always.
    public static byte[] pack(CodeBundle bundle) {
        return pack(bundle, "");
    }

    /// @param comment for whoever opens the archive; no part of the bundle
    public static byte[] pack(CodeBundle bundle, String comment) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes, StandardCharsets.UTF_8)) {
            zip.setComment(comment);
            for (Map.Entry<String, Content> file : bundle.files().entrySet()) {
                ZipEntry entry = new ZipEntry(file.getKey());
                entry.setTime(0);
                zip.putNextEntry(entry);
                zip.write(file.getValue().toByteArray());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
