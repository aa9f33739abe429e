package io.nanogrid.gateway.aws.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.nanogrid.gateway.aws.Blobs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.core.sync.RequestBody;

/// The bucket with its faults, and [Blobs] in it.
@Execution(ExecutionMode.CONCURRENT)
class BucketTest {

    private static final byte[] CONTENT = "content".getBytes(StandardCharsets.UTF_8);
    private static final String SLOW_DOWN = "<Error><Code>SlowDown</Code><Message>Reduce your rate</Message></Error>";

    @AutoClose
    private final ProxiedBucket s3 = new ProxiedBucket();
    private final Bucket bucket = s3.bucket;
    private final Blobs blobs = new S3Blobs(s3.client(), s3.name());

    @ParameterizedTest
    @ValueSource(strings = {"results/7f0c-1", "answers/a/../../functions/b", "answers/ä ö?#%", "..", "../x"})
    void aBlobIsFoundByItsKeyWhateverThatIs(String key) throws IOException {
        blobs.put(key, CONTENT);
        assertThat(blobs.get(key)).isEqualTo(CONTENT);
        assertThat(s3.client().listObjectsV2(list -> list.bucket(s3.name())).contents()).singleElement()
                .satisfies(object -> assertThat(object.key()).startsWith("blobs/").doesNotContain("."));
    }

    @Test
    void aBlobOfManyMegabytesComesBackWhole() throws IOException {
        byte[] noise = new byte[2 * Bucket.PART + 1];
        new Random(2).nextBytes(noise);
        blobs.put("long", noise);
        assertThat(blobs.get("long")).isEqualTo(noise);
    }

    @Test
    void anEmptyBlobIsOneToo() throws IOException {
        blobs.put("empty", new byte[0]);
        assertThat(blobs.get("empty")).isEmpty();
    }

    @Test
    void aBlobThatIsDeletedIsGone() throws IOException {
        blobs.put("results/1", CONTENT);
        blobs.delete("results/1");
        assertThatThrownBy(() -> blobs.get("results/1")).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void deletingWhatIsNotThereDoesNothing() throws IOException {
        blobs.delete("none");
        assertThatThrownBy(() -> blobs.get("none")).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void anObjectLongerThanAllowedIsNotRead() throws IOException {
        bucket.put("a", Upload.of(CONTENT), Map.of());
        assertThatThrownBy(() -> bucket.get("a", CONTENT.length - 1)).isInstanceOf(IOException.class)
                .hasMessageContaining("more than 6 bytes");
        assertThat(bucket.get("a", CONTENT.length)).isEqualTo(CONTENT);
    }

    @Test
    void anObjectThatHasChangedSinceItWasSeenIsNotDeleted() throws IOException {
        bucket.put("a", Upload.of(CONTENT), Map.of());
        String seen = bucket.head("a").orElseThrow().eTag();
        bucket.put("a", Upload.of("other".getBytes(StandardCharsets.UTF_8)), Map.of());
        bucket.delete("a", seen);
        assertThat(bucket.get("a", 100)).asString().isEqualTo("other");
    }

    @Test
    void anUploadThatBreaksOffLeavesNothingBehind() {
        Upload whole = Upload.of(new byte[2 * Bucket.PART]);
        Upload broken = new Upload() {
            @Override
            public long size() {
                return whole.size();
            }

            @Override
            public RequestBody part(long from, long size) throws IOException {
                if (from > 0) {
                    throw new IllegalStateException("the disk has gone");
                }
                return whole.part(from, size);
            }
        };
        assertThatThrownBy(() -> bucket.put("a", broken, Map.of())).isInstanceOf(IllegalStateException.class);
        assertThat(s3.client().listMultipartUploads(list -> list.bucket(s3.name())).uploads()).isEmpty();
        assertThatThrownBy(() -> bucket.get("a", 100)).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void aBucketThatThrottlesForAMomentIsAskedAgain() throws IOException {
        s3.proxy.answer(2, 503, "application/xml", SLOW_DOWN);
        bucket.put("a", Upload.of(CONTENT), Map.of());
        s3.proxy.answer(2, 503, "application/xml", SLOW_DOWN);
        assertThat(bucket.get("a", 100)).isEqualTo(CONTENT);
    }

    @Test
    void aBucketThatThrottlesForLongIsSaidToThrottle() {
        s3.proxy.answer(1000, 503, "application/xml", SLOW_DOWN);
        assertThatThrownBy(() -> bucket.put("a", Upload.of(CONTENT), Map.of())).isInstanceOf(IOException.class)
                .hasMessageStartingWith("a couldn't be stored: S3 says Reduce your rate");
    }

    @Test
    void aBucketThatIsGoneIsSaidToBeGoneAndIsFoundWhenItIsBack() throws IOException {
        s3.proxy.cut();
        assertThatThrownBy(() -> bucket.put("a", Upload.of(CONTENT), Map.of())).isInstanceOf(IOException.class)
                .hasMessageStartingWith("a couldn't be stored, S3 can't be reached");
        s3.proxy.heal();
        bucket.put("a", Upload.of(CONTENT), Map.of());
        assertThat(bucket.get("a", 100)).isEqualTo(CONTENT);
    }

    @Test
    void aConnectionThatBreaksInTheMiddleIsMadeAgain() throws Exception {
        byte[] noise = new byte[4 << 20];
        new Random(3).nextBytes(noise);
        bucket.put("a", Upload.of(noise), Map.of());
        s3.proxy.slow(Duration.ofMillis(50));
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            int before = s3.proxy.accepted();
            Future<byte[]> reading = threads.submit(() -> bucket.get("a", 8 << 20));
            await().until(() -> s3.proxy.passed() > 1 << 20);
            s3.proxy.cut();
            s3.proxy.heal();
            assertThat(reading.get()).isEqualTo(noise);
            assertThat(s3.proxy.accepted()).isGreaterThan(before);
        }
    }

    @Test
    void aBucketThatNeverAnswersIsGivenUp() {
        s3.proxy.hang();
        Instant before = Instant.now();
        assertThatThrownBy(() -> bucket.get("a", 100)).isInstanceOf(IOException.class)
                .hasMessageContaining("S3 can't be reached");
        assertThat(Duration.between(before, Instant.now())).isLessThan(Duration.ofSeconds(40));
    }

    @Test
    void aSlowBucketIsWaitedFor() throws IOException {
        bucket.put("a", Upload.of(CONTENT), Map.of());
        s3.proxy.slow(Duration.ofSeconds(1));
        assertThat(bucket.get("a", 100)).isEqualTo(CONTENT);
    }
}
