package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.nanogrid.gateway.TestGateway.Answer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Scripts: files without a handler, which run afresh for each call.
abstract class ScriptContract extends RunContract {

    private static void assertFailed(JsonNode result, int exitCode, String errorType) {
        assertThat(result.path("status").asText()).as(result.toString()).isEqualTo("FAILED");
        assertThat(result.path("exitCode").asInt()).as(result.toString()).isEqualTo(exitCode);
        assertThat(result.path("errorType").asText()).as(result.toString()).isEqualTo(errorType);
    }

    private static void assertPrinted(JsonNode result, String text) {
        assertThat(result.path("status").asText()).as(result.toString()).isEqualTo("SUCCESS");
        assertThat(result.path("result").asText()).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void whatAScriptPrintsIsItsResultAndOnItsRecord(String type) throws Exception {
        String function = function(type, """
                import os, sys
                print("warning", file=sys.stderr)
                print(sys.stdin.read() + os.environ["PAYLOAD"], os.environ["GREETING"], os.getcwd())
                """, """
                console.error("warning");
                console.log(require("fs").readFileSync(0, "utf8") + process.env.PAYLOAD, process.env.GREETING, process.cwd());
                """, "env", Map.of("GREETING", "good day"));

        JsonNode result = run(function, "{\"ü\":[1.50]}");

        assertPrinted(result, "{\"ü\":[1.50]}{\"ü\":[1.50]} good day /var/task\n");
        assertThat(result.path("stdout").asText()).isEqualTo(result.path("result").asText());
        assertThat(result.path("stderr").asText()).isEqualTo("warning\n");
    }

    @Test
    void aModuleOfNodeIsAScriptToo() throws Exception {
        String function = files("node", Map.of(
                "index.mjs",
                "import { all } from './lib/all.mjs';\nconst text = await all();\nconsole.log(text.length);\n",
                "lib/all.mjs", """
                        export async function all() {
                            let text = "";
                            for await (const part of process.stdin) text += part;
                            return text;
                        }
                        """));

        assertPrinted(run(function, "\"four\""), "6\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void eachCallIsAFreshProcessOfOneInstance(String type) throws Exception {
        String function = function(type, """
                import builtins, os
                print(os.path.exists("/tmp/seen"), hasattr(builtins, "kept"))
                builtins.kept = open("/tmp/seen", "w")
                """, """
                const fs = require("fs");
                console.log(fs.existsSync("/tmp/seen"), "kept" in globalThis);
                globalThis.kept = fs.writeFileSync("/tmp/seen", "");
                """);
        run(function, "1");

        JsonNode second = run(function, "2");

        assertThat(second.path("result").asText()).isEqualToIgnoringCase("true false\n");
        assertThat(second.path("coldStart").asBoolean()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void anExitCodeIsAFailureThatCostsNothingElse(String type) throws Exception {
        String function = function(type, "import sys\nprint('so far')\nsys.exit(int(input()))",
                "console.log('so far'); process.exitCode = Number(process.env.PAYLOAD);");

        JsonNode failed = run(function, "42");

        assertFailed(failed, 42, "ScriptError");
        assertThat(failed.path("stdout").asText()).isEqualTo("so far\n");
        JsonNode next = run(function, "0");
        assertPrinted(next, "so far\n");
        assertThat(next.path("coldStart").asBoolean()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aTimeoutEndsItWithItsGrandchildrenAndKeepsWhatItPrinted(String type) throws Exception {
        String function = function(type, """
                import subprocess, time
                print("working")
                subprocess.Popen(["sh", "-c", "setsid sleep 1000 & sleep 1000"])
                time.sleep(1000)
                """, """
                console.log("working");
                require("child_process").spawn("sh", ["-c", "setsid sleep 1000 & sleep 1000"]);
                setTimeout(() => {}, 1e6);
                """, "timeoutMs", 1500);

        JsonNode result = run(function, "1");

        assertThat(result.path("status").asText()).isEqualTo("TIMEOUT");
        assertThat(result.path("stdout").asText()).isEqualTo("working\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aDaemonHoldsNothingUpAndIsGone(String type) throws Exception {
        String command = "setsid sh -c 'while :; do echo spam; done' & sleep 1000 &";
        String function = function(type, "import os\nprint('done', flush=True)\nos.system(\"" + command + "\")",
                "console.log('done'); require('child_process').execSync(\"" + command + "\", {stdio: 'inherit'});",
                "timeoutMs", 20_000);
        assertThat(run(function, "1").path("result").asText()).startsWith("done\n");

        JsonNode next = run(function, "1");

        assertThat(next.path("result").asText()).startsWith("done\n");
        assertThat(next.path("coldStart").asBoolean()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aHundredMegabytesOfOutputEndTheScriptAloneAndNotItsInstance(String type) throws Exception {
        String function = function(type, """
                import sys
                if input() == "1":
                    for _ in range(100): sys.stdout.write("x" * (1 << 20))
                print("fine")
                """, """
                const fs = require("fs");
                if (process.env.PAYLOAD === "1") for (let i = 0; i < 1600; i++) fs.writeSync(1, "x".repeat(65536));
                console.log("fine");
                """);

        assertFailed(run(function, "1"), 1, "ResultTooLarge");

        JsonNode next = run(function, "0");
        assertPrinted(next, "fine\n");
        assertThat(next.path("coldStart").asBoolean()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void memoryThatRunsOutIsToldFromOtherEnds(String type) throws Exception {
        String function = function(type, """
                import os
                if input() == "1": kept = bytearray(os.urandom(1 << 20) * 500)
                os.kill(os.getpid(), 9)
                """, """
                const kept = [];
                if (process.env.PAYLOAD === "1") for (let i = 0; i < 500; i++) kept.push(require("crypto").randomBytes(1 << 20));
                process.kill(process.pid, "SIGKILL");
                """);

        assertFailed(run(function, "1"), 137, "OutOfMemory");
        assertFailed(run(function, "0"), 137, "InstanceExited");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aScriptThatDoesNotReadALargeEventIsAnswered(String type) throws Exception {
        String function = function(type, "import os\nos.close(0)\nprint('PAYLOAD' in os.environ)",
                "require('fs').closeSync(0); console.log('PAYLOAD' in process.env ? 'True' : 'False');");

        assertPrinted(run(function, "\"" + "x".repeat(4 << 20) + "\""), "False\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aScriptThatClosesItsOutputIsWaitedFor(String type) throws Exception {
        String function = function(type,
                "import os, time\nos.write(1, b'first')\nos.close(1)\ntime.sleep(0.2)\nos._exit(3)",
                "const fs = require('fs'); fs.writeSync(1, 'first'); fs.closeSync(1); setTimeout(() => process.exit(3), 200);");

        assertFailed(run(function, "1"), 3, "ScriptError");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aWrongSyntaxIsRefusedWhenItIsUploadedAndNothingRunsThen(String type) throws Exception {
        Answer refused = gateway()
                .post("/functions", TestGateway.JSON.writeValueAsString(Map.of("name", "f", "runtime", type, "code",
                        type.equals("python") ? "print('ran')\nprint(" : "console.log('ran');\nconst a = +;")))
                .expect(422);

        assertThat(refused.body()).contains("SyntaxError").doesNotContain("ran\\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void manyCallsAtOnceKeepTheirOutputsApart(String type) throws Exception {
        String function = function(type, "print(input() * 10000)", "console.log(process.env.PAYLOAD.repeat(10000));",
                "concurrency", 3);

        List<JsonNode> results = Parallel.run(8, number -> run(function, String.valueOf(number)));

        for (int number = 0; number < results.size(); number++) {
            assertPrinted(results.get(number), String.valueOf(number).repeat(10_000) + "\n");
        }
    }
}
