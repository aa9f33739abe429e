package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.nanogrid.gateway.TestGateway.Answer;
import io.nanogrid.gateway.TestGateway.Execution;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Functions that use up what they are given, end when they shouldn't, and leave things running: the same on every engine.
abstract class HostileFunctionContract extends HostileContract {

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void anInfiniteLoopEndsAtItsDeadline(String type) throws Exception {
        String path = attacker(type, "def attack(e):\n    while True: pass", "const attack = () => { for (;;); }",
                "timeout_ms", 500);

        Answer answer = attack(path).expect(504);

        assertThat(answer.reason()).isEqualTo("timeout");
        assertThat(gateway().execution(answer).status()).isEqualTo("TIMEOUT");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aForkBombGoesWithItsCall(String type) throws Exception {
        String path = attacker(type, """
                def attack(event):
                    while True:
                        try:
                            os.fork()
                        except OSError:
                            pass
                """, """
                const bomb = "while :; do sh -c \\"$0\\" \\"$0\\" & done";
                function attack() { for (;;) try { child_process.spawn("sh", ["-c", bomb, bomb]).on("error", () => 0) } catch {} }
                """, "timeout_ms", 1000);

        int status = attack(path).status();

        assertThat(status).isIn(502, 504);
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aMemoryHogIsOutOfMemory(String type) throws Exception {
        String path = attacker(type, """
                def attack(event):
                    hoard = []
                    while True:
                        hoard.append(bytearray(os.urandom(1 << 20)))
                """, "function attack() { const hoard = []; for (;;) hoard.push(Buffer.alloc(1 << 20, 1)) }");

        Answer answer = attack(path).expect(502);

        Execution execution = gateway().execution(answer);
        assertThat(answer.reason()).isEqualTo("out_of_memory");
        assertThat(execution.status()).isEqualTo("OUT_OF_MEMORY");
        // The docker engine may have lost the figure with the container's group.
        assertThat(execution.peakMemoryBytes()).satisfiesAnyOf(peak -> assertThat(peak).isZero(),
                peak -> assertThat(peak).isBetween(100L << 20, 140L << 20));
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aFullScratchSpaceIsTheFunctionsOwnError(String type) throws Exception {
        String path = attacker(type, """
                def attack(event):
                    with open("/tmp/fill", "wb") as out:
                        while True: out.write(bytes(1 << 20))
                """, """
                function attack() {
                    const out = fs.openSync("/tmp/fill", "w");
                    for (;;) fs.writeSync(out, Buffer.alloc(1 << 20));
                }
                """);

        Answer answer = attack(path).expect(500);

        assertThat(answer.reason()).isEqualTo("function_error");
        assertThat(answer.json().path("error").asText()).containsIgnoringCase("no space left");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void nothingCanBeStoredOnTheHostsDisk(String type) throws Exception {
        String path = attacker(type, """
                def attack(event):
                    written = []
                    for place in event["places"]:
                        try:
                            with open(place + "/nanogrid-was-here", "w") as out: out.write("x")
                            written.append(place)
                        except OSError: pass
                    return written
                """, """
                const attack = event => event.places.filter(place => {
                    try { fs.writeFileSync(place + "/nanogrid-was-here", "x"); return true } catch { return false }
                })
                """);

        Answer answer = attack(path, """
                {"attack": true, "places": ["/", "/usr", "/etc", "/opt", "/opt/nanogrid", "/opt/nanogrid/bootstrap", "/run",
                 "/run/nanogrid", "/var", "/var/tmp", "/dev", "/proc", "/proc/sys/kernel", "/sys", "/sys/fs/cgroup", "/home",
                 "/root", "/mnt"]}""").expect(200);

        assertThat(answer.body()).isEqualTo("[]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aHundredMegabytesOfOutputAreCutAndTheCallAnswers(String type) throws Exception {
        String path = attacker(type, """
                def attack(event):
                    for _ in range(100): sys.stdout.write("x" * ((1 << 20) - 1) + "\\n")
                    return "said"
                """, """
                function attack() {
                    for (let i = 0; i < 100; i++) process.stdout.write("x".repeat((1 << 20) - 1) + "\\n");
                    return "said";
                }
                """);

        Answer answer = attack(path).expect(200);

        Execution execution = gateway().execution(answer);
        assertThat(answer.body()).isEqualTo("\"said\"");
        assertThat(execution.cut()).isTrue();
        assertThat(execution.stdout()).hasSizeBetween(256 << 10, 257 << 10)
                .containsPattern("\\[cut here: \\d+ more bytes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void anInstanceThatIsKilledFromOutsideIsToldApart(String type) throws Exception {
        String path = attacker(type, "def attack(e):\n    mark = open('/tmp/in-mid-call', 'w')\n    time.sleep(20)",
                "const attack = () => { fs.openSync('/tmp/in-mid-call', 'w'); return new Promise(done => setTimeout(done, 20000)) }");
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Answer> call = threads.submit(() -> attack(path));

            Awaitility.await()
                    .until(() -> Leftovers.processWith(gateway().id(), "/tmp/in-mid-call"), Optional::isPresent)
                    .orElseThrow().destroyForcibly();

            Answer answer = call.get().expect(502);
            assertThat(answer.reason()).isEqualTo("instance_exited");
            assertThat(answer.json().path("exitCode").asInt()).isEqualTo(137);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aResultOverTheLimitIsABadResult(String type) throws Exception {
        String path = attacker(type, "def attack(e): return 'x' * (7 << 20)",
                "const attack = () => 'x'.repeat(7 << 20)");

        Answer answer = attack(path).expect(502);

        assertThat(answer.reason()).isEqualTo("bad_result");
        assertThat(gateway().execution(answer).status()).isEqualTo("BAD_RESULT");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void whatIsLeftRunningGoesWithItsInstance(String type) throws Exception {
        for (String left : List.of("thread", "child", "daemon")) {
            String path = attacker(type, """
                    import threading, subprocess
                    def attack(event):
                        if event["attack"] == "thread": threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
                        if event["attack"] == "child": subprocess.Popen(["sleep", "60"])
                        if event["attack"] == "daemon": os.system("setsid sh -c 'setsid sleep 60 >/dev/null 2>&1 </dev/null &' &")
                        if event["attack"] == "count": return calls
                        return calls
                    """, """
                    function attack(event) {
                        if (event.attack === "thread") new (require("worker_threads").Worker)("setInterval(() => 0, 1000)", {eval: true});
                        if (event.attack === "child") child_process.spawn("sleep", ["60"]);
                        if (event.attack === "daemon") child_process.execSync("setsid sh -c 'setsid sleep 60 >/dev/null 2>&1 </dev/null &' &");
                        return calls;
                    }
                    """);

            String first = attack(path, "{\"attack\": \"%s\"}".formatted(left)).expect(200).body();
            String second = attack(path, "{\"attack\": \"count\"}").expect(200).body();

            assertThat(List.of(first, second)).as(left).containsExactly("1", "1");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void anInstanceThatLeavesNothingRunningIsUsedAgain(String type) throws Exception {
        String path = attacker(type, """
                import threading, subprocess
                def attack(event):
                    subprocess.run(["true"])
                    thread = threading.Thread(target=print)
                    thread.start()
                    thread.join()
                    return calls
                """, "function attack() { child_process.execSync('true'); return calls }");

        attack(path).expect(200);
        Answer second = attack(path).expect(200);

        assertThat(second.body()).isEqualTo("2");
        assertThat(gateway().execution(second).cold()).isFalse();
    }

    @Test
    void whatAThreadPrintsAfterTheResultIsOnNoOtherCallsRecord() throws Exception {
        String path = attacker("python", """
                import threading
                def attack(event):
                    def late():
                        while True: print("late")
                    threading.Thread(target=late, daemon=True).start()
                    return "early"
                """, "");

        attack(path).expect(200);
        Answer next = call(path).expect(200);

        assertThat(gateway().execution(next).stdout()).isEmpty();
    }

    @Test
    void whatATimerPrintsBetweenCallsIsOnNoCallsRecord() throws Exception {
        String path = attacker("node", "", """
                function attack() {
                    setTimeout(() => { console.log("late"); fs.openSync("/tmp/printed", "w") }, 20);
                    return "early";
                }
                """);

        attack(path).expect(200);
        Awaitility.await()
                .until(() -> Leftovers.processWith(gateway().id(), "/tmp/printed"), Optional::isPresent);
        Answer next = call(path).expect(200);

        assertThat(gateway().execution(next).stdout()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void replacedOutputsAndLibrariesHarmNobodyElse(String type) throws Exception {
        String path = attacker(type, """
                import json
                def attack(event):
                    sys.stdout = sys.stderr = sys.__stdout__ = None
                    json.dumps = json.loads = json.JSONEncoder = os._exit = os.listdir = None
                    sys.modules.clear()
                    return "survived"
                """, """
                function attack() {
                    process.stdout.write = process.stderr.write = console.log = () => { throw new Error("no") };
                    JSON.parse = JSON.stringify = Buffer.from = null;
                    return "survived";
                }
                """);

        Answer answer = attack(path).expect(200);

        assertThat(answer.body()).isEqualTo("\"survived\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void endlessRecursionAndDeepResultsAreTheFunctionsErrors(String type) throws Exception {
        String path = attacker(type, """
                def recurse(n): return recurse(n + 1) + 1
                def attack(event):
                    if event["attack"] == "recurse": return recurse(0)
                    deep = []
                    for _ in range(200000): deep = [deep]
                    return deep
                """, """
                const recurse = n => recurse(n + 1) + 1;
                function attack(event) {
                    if (event.attack === "recurse") return recurse(0);
                    let deep = [];
                    for (let i = 0; i < 200000; i++) deep = [deep];
                    return deep;
                }
                """);

        Answer recursion = attack(path, "{\"attack\": \"recurse\"}").expect(500);
        Answer deep = attack(path, "{\"attack\": \"deep\"}").expect(502);

        assertThat(recursion.reason()).isEqualTo("function_error");
        assertThat(deep.reason()).isEqualTo("bad_result");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void deepJsonIsAnsweredAndHarmsNothing(String type) throws Exception {
        String path = attacker(type, "def attack(e): return 1", "const attack = () => 1");

        Answer answer = attack(path, "{\"attack\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}");

        assertThat(answer.status()).isIn(200, 400);
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void signalsToItsParentEndItsOwnCallAtMost(String type) throws Exception {
        String path = attacker(type, """
                def attack(event):
                    for pid in (os.getppid(), 1, -1):
                        for signal in (15, 1, 19, 9):
                            try: os.kill(pid, signal)
                            except OSError: pass
                    time.sleep(20)
                """, """
                function attack() {
                    for (const pid of [process.ppid, 1, -1])
                        for (const signal of [15, 1, 19, 9]) try { process.kill(pid, signal) } catch {}
                    return new Promise(done => setTimeout(done, 20000));
                }
                """, "timeout_ms", 1000);

        Answer answer = attack(path);

        assertThat(answer.status()).isIn(502, 504);
    }
}
