package io.nanogrid.db.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A process of its own that is ended by kill -9.
final class KilledJvm {
    private KilledJvm() {
    }

    /// @return the lines that the process had printed when it was killed
    static List<String> killAfter(Class<?> main, int count, Path dir) throws IOException, InterruptedException {
        Path tmp = Files.createDirectories(dir.resolve("tmp"));
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-Djava.io.tmpdir=" + tmp, "-cp",
                System.getProperty("java.class.path"), main.getName(), dir.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        var lines = new ArrayList<String>();
        try (BufferedReader out = process.inputReader()) {
            String line = "";
            while (lines.size() < count && line != null) {
                line = out.readLine();
                if (line != null) {
                    lines.add(line);
                }
            }
            process.destroyForcibly().waitFor();
        }
        assertThat(process.exitValue()).isEqualTo(137);
        assertThat(lines).hasSize(count);
        return lines;
    }

    /// What a statement answers, one text a row.
    static List<String> check(SqliteDatabase database, String sql) {
        return database.lanes().read(connection -> Sql.list(connection, sql, row -> row.getString(1)));
    }
}
