package io.nanogrid.gateway.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.nanogrid.gateway.code.CodeBundle.BadCode;
import io.nanogrid.spi.Content;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CodeBundleTest {

    private static final Content TEXT = Content.of(new byte[]{'x'});

    @ParameterizedTest
    @ValueSource(strings = {"", "/etc/passwd", "//a", "../a", "a/../b", "a/..", "..", ".", "./a", "a/./b", "a//b", "a/",
            "a\\b", "..\\a",
            "C:/a", "c:a", "C:\\a", "a\u0000b", "a\nb", "a\u001bb", "a\u007f", "🚀.py"})
    void aPathThatIsNotRelativeAndPlainIsRefused(String path) {
        assertThatThrownBy(() -> CodeBundle.of(Map.of(path, TEXT))).isInstanceOf(BadCode.class)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContainPattern("\\p{Cntrl}"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"main.py", "a/b/c.txt", "..a", "a..", "...", "a b", "grüße.py", ".hidden", "ab:c"})
    void aPlainPathIsTaken(String path) throws BadCode {
        assertThat(CodeBundle.of(Map.of(path, TEXT)).files()).containsOnlyKeys(path);
    }

    @Test
    void aNameThatNoFileSystemTakesIsRefused() {
        assertThatThrownBy(() -> CodeBundle.of(Map.of("ü".repeat(128), TEXT))).isInstanceOf(BadCode.class);
    }

    @Test
    void aFileThatIsADirectoryOfAnotherIsRefused() {
        assertThatThrownBy(() -> CodeBundle.of(Map.of("a", TEXT, "a-b", TEXT, "a/b", TEXT)))
                .isInstanceOf(BadCode.class).hasMessageContaining("'a' is a file and a directory");
    }

    @Test
    void noFileAtAllIsRefused() {
        assertThatThrownBy(() -> CodeBundle.of(Map.of())).isInstanceOf(BadCode.class);
    }

    @Test
    void moreFilesThanAnArchiveMayHaveAreRefused() throws BadCode {
        Map<String, Content> most = new HashMap<>();
        for (int i = 0; i < CodeBundle.MAX_FILES; i++) {
            most.put("f" + i, TEXT);
        }
        assertThat(CodeBundle.of(most).files()).hasSize(CodeBundle.MAX_FILES);

        most.put("one more", TEXT);

        assertThatThrownBy(() -> CodeBundle.of(most)).isInstanceOf(BadCode.class)
                .hasMessage("the code has more than 4096 files");
    }

    @Test
    void moreBytesThanAnArchiveMayHaveAreRefused() {
        Content half = Content.of(new byte[CodeBundle.MAX_BYTES / 2]);

        assertThatThrownBy(() -> CodeBundle.of(Map.of("a", half, "b", half, "c", TEXT))).isInstanceOf(BadCode.class)
                .hasMessage("the code has more than 64 MiB");
    }

    @Test
    void theHashIsThatOfPathsAndContents() throws BadCode {
        String hash = CodeBundle.ofText("a", "b").hash();
        assertThat(hash).matches("[0-9a-f]{64}").isEqualTo(CodeBundle.ofText("a", "b").hash());
        assertThat(CodeBundle.ofText("a", "c").hash()).isNotEqualTo(hash);
        assertThat(CodeBundle.ofText("b", "b").hash()).isNotEqualTo(hash);
    }

    @Test
    void whereANameEndsMakesADifferenceToTheHash() throws BadCode {
        assertThat(CodeBundle.ofText("ab", "c").hash()).isNotEqualTo(CodeBundle.ofText("a", "bc").hash());
    }

    @Test
    void filesAreInTheOrderOfTheirPaths() throws BadCode {
        assertThat(CodeBundle.of(Map.of("c", TEXT, "a", TEXT, "b", TEXT)).files().keySet()).containsExactly("a", "b",
                "c");
    }
}
