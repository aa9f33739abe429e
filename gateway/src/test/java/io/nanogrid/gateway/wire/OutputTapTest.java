package io.nanogrid.gateway.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 20, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OutputTapTest {

    private static final int CAPACITY = 1000;

    @TempDir
    private Path directory;

    private final CallOutput background = new CallOutput(CAPACITY);
    private final CallOutput call = new CallOutput(CAPACITY);
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread.ofPlatform().daemon().factory());
    private OutputPump pump;
    private OutputTap tap;

    @BeforeEach
    void open() throws IOException {
        pump = new OutputPump();
        tap = OutputTap.open(directory, pump, background);
    }

    @AfterEach
    void close() {
        tap.close();
        pump.close();
        threads.shutdownNow();
    }

    @Test
    void whatIsPrintedBeforeTheAnswerBelongsToTheCall() throws IOException {
        try (OutputStream out = writer("out")) {
            tap.begin(call);
            out.write(bytes("during"));
            tap.end();
        }
        assertThat(call.stdout()).isEqualTo("during");
    }

    @Test
    void whatIsPrintedOutsideOfCallsBelongsToTheBackground() throws IOException {
        try (OutputStream out = writer("out")) {
            out.write(bytes("before "));
            tap.begin(call);
            tap.end();
            out.write(bytes("after"));
            tap.begin(new CallOutput(CAPACITY));
        }
        assertThat(background.stdout()).isEqualTo("before after");
        assertThat(call.stdout()).isEmpty();
    }

    @Test
    void theTwoStreamsAreKeptApart() throws IOException {
        try (OutputStream out = writer("out"); OutputStream err = writer("err")) {
            tap.begin(call);
            err.write(bytes("wrong"));
            out.write(bytes("right"));
            tap.end();
        }
        assertThat(call.stdout()).isEqualTo("right");
        assertThat(call.stderr()).isEqualTo("wrong");
    }

    @Test
    void twoWritersOfOnePipeAreBothRead() throws IOException {
        try (OutputStream parent = writer("out"); OutputStream child = writer("out")) {
            tap.begin(call);
            parent.write(bytes("parent "));
            child.write(bytes("child"));
            tap.end();
        }
        assertThat(call.stdout()).isEqualTo("parent child");
    }

    @Test
    void whatIsOverTheCapacityIsCutWithANote() throws IOException {
        try (OutputStream out = writer("out")) {
            tap.begin(call);
            out.write(bytes("x".repeat(CAPACITY + 234)));
            tap.end();
        }
        assertThat(call.stdout()).startsWith("x".repeat(CAPACITY) + "\n[cut here: 234 more bytes");
    }

    @Test
    void aHundredMegabytesNeitherStopTheirWriterNorAreKept() throws Exception {
        tap.begin(call);
        int megabytes = 100;
        threads.submit(() -> {
            try (OutputStream out = writer("out")) {
                byte[] chunk = new byte[1 << 20];
                for (int i = 0; i < megabytes; i++) {
                    out.write(chunk);
                }
            }
            return null;
        }).get();
        tap.end();
        await().untilAsserted(() -> {
            tap.end();
            assertThat(call.dropped() + background.dropped() + call.stdout().indexOf("\n")
                    + Math.min(CAPACITY, background.stdout().length())).isGreaterThanOrEqualTo((long) megabytes << 20);
        });
        assertThat(call.stdout()).hasSizeLessThan(CAPACITY + 100);
    }

    @Test
    void aWriterThatClosesDoesNotEndThePipeForTheNext() throws IOException {
        tap.begin(call);
        try (OutputStream first = writer("out")) {
            first.write(bytes("first "));
        }
        tap.collect();
        try (OutputStream second = writer("out")) {
            second.write(bytes("second"));
        }
        tap.end();
        assertThat(call.stdout()).isEqualTo("first second");
    }

    @Test
    void aThiefOfTheOutputCanNotMakeTheGatewayHang() throws Exception {
        try (OutputStream out = writer("out"); InputStream thief = Files.newInputStream(directory.resolve("out"))) {
            Future<Integer> stolen = threads.submit(() -> thief.read(new byte[1 << 16]));
            for (int i = 0; !stolen.isDone(); i++) {
                tap.begin(call);
                out.write(bytes("line " + i + "\n"));
                tap.end();
            }
            assertThat(stolen.get()).isPositive();
            CallOutput last = new CallOutput(100);
            tap.begin(last);
            out.write(bytes("the last"));
            tap.end();
            assertThat(last.stdout()).isEqualTo("the last");
        }
    }

    @Test
    void nothingIsReadAfterTheEnd() throws IOException {
        tap.close();
        tap.begin(call);
        tap.end();
        tap.collect();
        assertThat(call.stdout()).isEmpty();
    }

    @Test
    void unlinkedPipesAreStillRead() throws IOException {
        try (OutputStream out = writer("out")) {
            tap.unlink();
            assertThat(directory).isEmptyDirectory();
            tap.begin(call);
            out.write(bytes("still here"));
            tap.end();
        }
        assertThat(call.stdout()).isEqualTo("still here");
    }

    @Test
    void closingFreesTheDescriptors() throws IOException {
        assertThat(descriptors()).isEqualTo(2);
        tap.close();
        assertThat(descriptors()).isZero();
    }

    @Test
    void aTapThatCanNotBeOpenedFreesItsDescriptors() throws IOException {
        tap.close();
        Files.delete(directory.resolve("out"));
        // The other name is still taken.
        assertThatThrownBy(() -> OutputTap.open(directory, pump, background))
                .isInstanceOf(IOException.class);
        assertThat(descriptors()).isZero();
    }

    /// Of this process, on the pipes of this test.
    private long descriptors() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.filter(link -> {
                try {
                    return Files.readSymbolicLink(link).startsWith(directory);
                } catch (IOException e) {
                    return false;
                }
            }).count();
        }
    }

    private OutputStream writer(String name) throws IOException {
        return Files.newOutputStream(directory.resolve(name));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
