package io.nanogrid.gateway.aws.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.gateway.code.CodeBundle;
import io.nanogrid.gateway.code.CodeStore;
import io.nanogrid.gateway.code.CodeStoreContract;
import io.nanogrid.gateway.code.DirectoryCodeStore;
import io.nanogrid.spi.Content;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.sync.RequestBody;

class S3CodeStoreTest extends CodeStoreContract {

    @TempDir
    private Path directory;

    @AutoClose
    private final ProxiedBucket s3 = new ProxiedBucket();
    private S3CodeStore store;
    private S3CodeStore other;

    @BeforeEach
    void open() throws IOException {
        store = at("one");
        other = at("other");
    }

    private S3CodeStore at(String machine) throws IOException {
        return new S3CodeStore(s3.bucket,
                new DirectoryCodeStore(directory.resolve(machine), () -> now),
                () -> now);
    }

    @Override
    protected CodeStore store() {
        return store;
    }

    @Override
    protected void damage(String hash) throws IOException {
        damageObject(hash);
        damageCached(hash);
    }

    private void damageObject(String hash) {
        byte[] bytes = s3.client().getObjectAsBytes(get -> get.bucket(s3.name()).key(key(hash))).asByteArray();
        bytes[bytes.length / 3] ^= 0x55;
        s3.client().putObject(put -> put.bucket(s3.name()).key(key(hash)), RequestBody.fromBytes(bytes));
    }

    private void damageCached(String hash) throws IOException {
        Path file = directory.resolve("one/" + hash + ".zip");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 3] ^= 0x55;
        Files.write(file, bytes);
    }

    private static String key(String hash) {
        return "functions/" + hash + ".zip";
    }

    private CodeBundle stored(String text) throws IOException {
        CodeBundle bundle = CodeBundle.ofText("main.py", text);
        store.put(bundle);
        return bundle;
    }

    @Test
    void whatOneStoresAnotherHas() throws IOException {
        CodeBundle bundle = stored("a");
        assertThat(other.get(bundle.hash()).files()).isEqualTo(bundle.files());
    }

    @Test
    void whatHasBeenFetchedIsThereWhileS3IsGone() throws IOException {
        CodeBundle bundle = stored("a");
        other.get(bundle.hash());
        s3.proxy.cut();
        assertThat(other.get(bundle.hash()).files()).isEqualTo(bundle.files());
    }

    @Test
    void aDamagedCacheIsRepairedFromS3() throws IOException {
        CodeBundle bundle = stored("a");
        damageCached(bundle.hash());
        assertThat(store.get(bundle.hash()).files()).isEqualTo(bundle.files());
        s3.proxy.cut();
        assertThat(store.get(bundle.hash()).files()).isEqualTo(bundle.files());
    }

    @Test
    void otherCodeUnderTheWrongKeyIsNotHandedOut() throws IOException {
        CodeBundle bundle = stored("a");
        CodeBundle wrong = stored("b");
        s3.client().copyObject(copy -> copy.sourceBucket(s3.name()).sourceKey(key(wrong.hash()))
                .destinationBucket(s3.name()).destinationKey(key(bundle.hash())));
        assertThatThrownBy(() -> other.get(bundle.hash())).isInstanceOf(IOException.class)
                .hasMessageContaining("damaged");
    }

    @Test
    void longCodeGoesUpInPartsAndComesBackWhole() throws IOException {
        byte[] noise = new byte[20 << 20];
        new Random(1).nextBytes(noise);
        CodeBundle bundle = CodeBundle.of(Map.of("model.bin", Content.of(noise)));
        store.put(bundle);
        assertThat(s3.client().headObject(head -> head.bucket(s3.name()).key(key(bundle.hash()))).eTag())
                .as("a tag that names the number of parts").contains("-3");
        assertThat(other.get(bundle.hash()).hash()).isEqualTo(bundle.hash());
    }

    @Test
    void codeThatOthersHavePutBelowThePrefixStays() throws IOException {
        s3.client().putObject(put -> put.bucket(s3.name()).key("functions/f-1/v1.zip"),
                RequestBody.fromString("theirs"));
        now = Instant.now().plus(Duration.ofDays(1));

        store.removeAllBut(Set.of());

        assertThat(
                s3.client().getObjectAsBytes(get -> get.bucket(s3.name()).key("functions/f-1/v1.zip")).asUtf8String())
                .isEqualTo("theirs");
    }

    @Test
    void whatOneRemovesIsGoneForThoseWhoHaveNotFetchedIt() throws IOException {
        CodeBundle bundle = stored("a");
        later();
        store.remove(bundle.hash(), now);
        assertThatThrownBy(() -> other.get(bundle.hash())).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void whatAnotherHasStoredAgainSinceIsNotRemoved() throws IOException {
        CodeBundle bundle = stored("a");
        Instant since = now;
        later();
        other.put(bundle);
        store.remove(bundle.hash(), since);
        assertThat(at("third").get(bundle.hash()).hash()).isEqualTo(bundle.hash());
    }

    @Test
    void aGatewayWhoseClockIsAheadLeavesTheCodeOfOthersAlone() throws IOException {
        CodeBundle bundle = stored("a");
        now = now.plus(Duration.ofMinutes(14));
        other.removeAllBut(Set.of());
        assertThat(at("third").get(bundle.hash()).hash()).isEqualTo(bundle.hash());
    }

    @Test
    void eachUploadHasATagOfItsOwn() throws IOException {
        CodeBundle bundle = stored("a");
        String first = s3.client().headObject(head -> head.bucket(s3.name()).key(key(bundle.hash()))).eTag();
        other.put(bundle);
        assertThat(s3.client().headObject(head -> head.bucket(s3.name()).key(key(bundle.hash()))).eTag())
                .isNotEqualTo(first);
    }
}
