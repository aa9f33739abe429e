package io.nanogrid.gateway.aws.dynamo;

import io.nanogrid.db.ExecutionRecord;
import io.nanogrid.db.ExecutionStatus;
import io.nanogrid.db.Peak;
import io.nanogrid.gateway.code.CodeBundle;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/// Records of calls as items.
final class ExecutionItems {

    static final String STATUS = "status";
    static final String VERSION = "version";
    static final String PEAK = "peakMemoryBytes";

    /// What is longer is compressed.
    private static final int PLAIN = 4 << 10;
    /// Of each of the two streams, compressed: both fit into an item, which may have 400 KB.
    private static final int LONGEST = 140 << 10;
    private static final String PACKED = "Packed";
    private static final int LONGEST_MESSAGE = 16 << 10;

    private ExecutionItems() {
    }

    /// @param number of the record among those that are stored with it
    static Item of(ExecutionRecord call, int number, Duration retention) {
        Item.Builder item = Item.nested().set(DynamoExecutions.FUNCTION, call.functionId())
                .set(DynamoExecutions.PLACE, place(call, number)).set("requestId", call.requestId())
                .set(VERSION, call.version()).set(STATUS, call.status().name()).set("queueUs", micros(call.queue()))
                .set("initUs", micros(call.init())).set("runUs", micros(call.run()))
                .set("coldStart", call.coldStart()).set(PEAK, call.peakMemoryBytes())
                .set("errorType", cut(call.errorType())).set("errorMessage", cut(call.errorMessage()))
                .set(Item.TIME_TO_LIVE, call.startedAt().plus(retention).getEpochSecond() + 1);
        boolean stdoutCut = setText(item, "stdout", call.stdout());
        boolean stderrCut = setText(item, "stderr", call.stderr());
        return item.set("outputTruncated", call.outputTruncated() || stdoutCut || stderrCut).build();
    }

    static ExecutionRecord record(Item item) {
        return new ExecutionRecord(item.text("requestId"), item.text(DynamoExecutions.FUNCTION),
                (int) item.number(VERSION), ExecutionStatus.valueOf(item.text(STATUS)), startedAt(item),
                duration(item, "queueUs"), duration(item, "initUs"), duration(item, "runUs"), item.flag("coldStart"),
                item.numberOrNull(PEAK), item.textOrNull("errorType"), item.textOrNull("errorMessage"),
                text(item, "stdout"), text(item, "stderr"), item.flag("outputTruncated"));
    }

    static Peak peak(Item item) {
        return new Peak(item.number(PEAK), startedAt(item));
    }

    /// The start, and what tells calls of one moment apart. The same for the same record at the same number.
    private static String place(ExecutionRecord call, int number) {
        MessageDigest digest = CodeBundle.sha256();
        digest.update("%s %d %s %s %s".formatted(call.requestId(), call.version(), call.queue(), call.init(),
                call.run()).getBytes(StandardCharsets.UTF_8));
        return String.format(Locale.ROOT, "%s#%06d#%s", Key.ordered(Item.micros(call.startedAt())), number,
                HexFormat.of().formatHex(digest.digest(), 0, 8));
    }

    private static Instant startedAt(Item item) {
        String place = item.text(DynamoExecutions.PLACE);
        return Instant.EPOCH.plus(Long.parseLong(place.substring(0, place.indexOf('#'))), ChronoUnit.MICROS);
    }

    private static long micros(Duration time) {
        return time.toNanos() / 1_000;
    }

    private static Duration duration(Item item, String name) {
        return Duration.of(item.number(name), ChronoUnit.MICROS);
    }

    private static @Nullable String cut(@Nullable String text) {
        return text == null || text.length() <= LONGEST_MESSAGE ? text : text.substring(0, LONGEST_MESSAGE) + "…";
    }

    /// @return whether it had to be cut
    private static boolean setText(Item.Builder item, String name, String text) {
        if (text.length() <= PLAIN) {
            item.set(name, text);
            return false;
        }
        String kept = text;
        byte[] packed = packed(kept);
        while (packed.length > LONGEST) {
            // The beginning stays, as it does where a function prints too much.
            kept = kept.substring(0,
                    (int) Math.min(kept.length() - 1L, (long) kept.length() * LONGEST / packed.length));
            packed = packed(kept);
        }
        item.set(name + PACKED, packed);
        return kept.length() < text.length();
    }

    private static String text(Item item, String name) {
        byte[] packed = item.bytesOrNull(name + PACKED);
        if (packed == null) {
            return item.text(name);
        }
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(packed))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] packed(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
