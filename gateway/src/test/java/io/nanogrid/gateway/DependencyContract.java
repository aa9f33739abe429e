package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.nanogrid.gateway.TestGateway.Answer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// Libraries: installed inside the isolation, cached by content, with the installer's own words where it fails. Everything is
/// installed from files that come with the function, as tests need no network.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class DependencyContract {

    private TestGateway gateway;

    abstract String engine();

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        gateway = TestGateway.start(engine(), directory);
    }

    @AfterAll
    void stop() throws Exception {
        if (gateway != null) {
            // Their libraries go with them, which would otherwise stay on the machine as images.
            for (JsonNode callback : gateway.get("/callbacks").json()) {
                gateway.delete("/callbacks/" + callback.path("callback_id").asLong()).expect(200);
            }
            gateway.close();
        }
    }

    private Answer deployPython(String path, String library, String word) throws Exception {
        return gateway.deploy(path, "python", "", "library", library, "archive", Greeting.archive(word));
    }

    @Test
    void aPythonFunctionImportsWhatItsLibraryNames() throws Exception {
        String word = Greeting.fresh("hello");
        JsonNode first = deployPython("py-lib", Greeting.REQUIREMENTS, word).expect(200).json();
        JsonNode second = deployPython("py-lib-2", Greeting.REQUIREMENTS, word).expect(200).json();

        assertThat(gateway.get("/api/py-lib").expect(200).body()).isEqualTo("\"" + word + "\"");
        assertThat(first.path("build").path("cached").asBoolean()).isFalse();
        assertThat(first.path("build").path("log").toString()).contains("greeting");
        assertThat(second.path("build").path("cached").asBoolean()).isTrue();
    }

    @Test
    void aFileThatTheLibrariesDependOnIsPartOfTheKey() throws Exception {
        String second = Greeting.fresh("two");
        deployPython("py-key", Greeting.REQUIREMENTS, Greeting.fresh("one")).expect(200);
        deployPython("py-key", Greeting.REQUIREMENTS, second).expect(200);

        assertThat(gateway.get("/api/py-key").expect(200).body()).isEqualTo("\"" + second + "\"");
    }

    @Test
    void aLibraryThatDoesNotExistFailsWithTheInstallersWords() throws Exception {
        Answer answer = deployPython("py-missing", "--no-index\n--find-links wheels\nno-such-thing==9\n", "x")
                .expect(422);

        assertThat(answer.reason()).isEqualTo("build_failed");
        assertThat(answer.json().path("component").asText()).isEqualTo("build");
        assertThat(answer.json().path("log").toString()).contains("no-such-thing");
        gateway.get("/api/py-missing").expect(404);
    }

    @Test
    void aNodeFunctionRequiresAndImportsWhatItsLibraryNames(@TempDir Path work) throws Exception {
        Path module = Files.createDirectories(work.resolve("package"));
        Files.writeString(module.resolve("package.json"),
                "{\"name\": \"greeting\", \"version\": \"1.0.0\", \"main\": \"index.js\"}");
        Files.writeString(module.resolve("index.js"), "exports.word = 'hallo'");
        Process tar = new ProcessBuilder("tar", "-czf", work.resolve("greeting-1.0.0.tgz").toString(), "-C",
                work.toString(), "package").start();
        assertThat(tar.waitFor()).isZero();
        byte[] packed = Files.readAllBytes(work.resolve("greeting-1.0.0.tgz"));
        String library = "{\"dependencies\": {\"greeting\": \"file:greeting-1.0.0.tgz\"}}";
        String required = Base64.getEncoder().encodeToString(Greeting.zip(Map.of("greeting-1.0.0.tgz", packed,
                "index.js", Greeting.text("exports.handler = () => require('greeting').word"))));
        String imported = Base64.getEncoder().encodeToString(Greeting.zip(Map.of("greeting-1.0.0.tgz", packed,
                "index.mjs", Greeting.text("import g from 'greeting'; export const handler = () => g.word"))));

        gateway.deploy("node-lib", "node", "", "library", library, "archive", required).expect(200);
        gateway.deploy("node-esm", "node", "", "library", library, "archive", imported).expect(200);

        assertThat(gateway.get("/api/node-lib").expect(200).body()).isEqualTo("\"hallo\"");
        assertThat(gateway.get("/api/node-esm").expect(200).body()).isEqualTo("\"hallo\"");
    }

    @Test
    void anInstallerSeesNothingOfTheHost(@TempDir Path work) throws Exception {
        String library = "{\"dependencies\": {}, \"scripts\": {\"preinstall\": "
                + "\"echo UID=$(id -u); echo SHADOW=$(cat /etc/shadow 2>/dev/null | wc -c); echo SOCK=$(ls /var/run/docker.sock 2>/dev/null); env | cut -d= -f1 | sort | tr '\\\\n' ' '; exit 7\"}}";

        Answer answer = gateway.deploy("node-spy", "node", "exports.handler = () => 1", "library", library).expect(422);

        String log = answer.json().path("log").toString();
        assertThat(log).contains("SHADOW=0").doesNotContain("UID=0").doesNotContain("SOCK=/")
                .doesNotContain("NANOGRID_REQUIRE_ENGINES");
    }
}
