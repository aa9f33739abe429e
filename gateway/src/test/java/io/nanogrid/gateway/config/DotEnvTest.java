package io.nanogrid.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DotEnvTest {

    @TempDir
    private Path directory;

    @Test
    void namesAndValuesAreRead() throws IOException {
        assertThat(read("""
                # a comment
                PLAIN=value

                  SPACED  =  a b
                DOUBLE="in quotes"
                SINGLE='a # b'
                export EXPORTED=yes
                EMPTY=
                EQUALS=a=b=c
                LONE="
                no assignment
                =nameless
                """)).isEqualTo(Map.of("PLAIN", "value", "SPACED", "a b", "DOUBLE", "in quotes", "SINGLE", "a # b",
                "EXPORTED", "yes", "EMPTY", "", "EQUALS", "a=b=c", "LONE", "\""));
    }

    @Test
    void theEnvironmentWinsOverTheFile() throws IOException {
        Path file = Files.writeString(directory.resolve(".env"), "A=file\nB=file\n");
        assertThat(DotEnv.under(Map.of("A", "environment"), file))
                .isEqualTo(Map.of("A", "environment", "B", "file"));
    }

    @Test
    void aMissingFileIsNoProblem() throws IOException {
        assertThat(DotEnv.under(Map.of("A", "1"), directory.resolve("none"))).isEqualTo(Map.of("A", "1"));
    }

    @Test
    void linesMayEndAsOnWindows() throws IOException {
        assertThat(read("A=1\r\nB=2\r\n")).isEqualTo(Map.of("A", "1", "B", "2"));
    }

    private Map<String, String> read(String text) throws IOException {
        return DotEnv.under(Map.of(), Files.writeString(directory.resolve(".env"), text));
    }
}
