package io.nanogrid.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.nanogrid.gateway.TestGateway.Answer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Functions that look for what isn't theirs: files, networks, and each other.
abstract class HostileReachContract extends HostileContract {

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void filesOfTheHostAndOfOthersAreOutOfReach(String type) throws Exception {
        Path secret = Files.writeString(gateway().directory().resolve("secret"), "secret");
        List<String> paths = new ArrayList<>(List.of(secret.toString(), "/etc/shadow", "/root", "/var/run/docker.sock",
                "/run/docker.sock", "/run/nanogrid/" + gateway().id(), "/proc/kcore", "/dev/mem", "/dev/kmsg"));
        for (Path directory : List.of(gateway().directory(), Path.of("/run/nanogrid", gateway().id()))) {
            try (Stream<Path> files = Files.walk(directory)) {
                files.map(Path::toString).forEach(paths::add);
            }
        }
        String path = attacker(type, """
                def attack(event):
                    def opens(path):
                        try: os.close(os.open(path, os.O_RDONLY)); return True
                        except OSError: return False
                    return [path for path in event["attack"] if opens(path)]
                """, """
                const attack = event => event.attack.filter(path => {
                    try { fs.closeSync(fs.openSync(path, "r")); return true } catch { return false }
                })
                """);

        Answer answer = attack(path, TestGateway.JSON.writeValueAsString(Map.of("attack", paths))).expect(200);

        assertThat(answer.body()).isEqualTo("[]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void nothingOfTheGatewaysProcessIsVisible(String type) throws Exception {
        String path = attacker(type, """
                import glob
                def attack(event):
                    found = []
                    for file in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline") + ["/proc/net/unix"]:
                        try: found.append(open(file, "rb").read().decode("latin1"))
                        except OSError: pass
                    return found
                """, """
                function attack() {
                    const files = fs.readdirSync("/proc").filter(name => /^[0-9]+$/.test(name))
                        .flatMap(pid => [`/proc/${pid}/environ`, `/proc/${pid}/cmdline`]).concat("/proc/net/unix");
                    return files.map(file => { try { return fs.readFileSync(file, "latin1") } catch { return "" } });
                }
                """);

        String found = attack(path).expect(200).body();

        assertThat(found).doesNotContain("java", gateway().directory().toString(), "JAVA", " @", "MAVEN");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void noNetworkIsInReach(String type) throws Exception {
        try (ServerSocket listener = new ServerSocket()) {
            listener.bind(new InetSocketAddress("0.0.0.0", 0));
            List<List<Object>> targets = new ArrayList<>(List.of(List.of("169.254.169.254", 80)));
            NetworkInterface.networkInterfaces().flatMap(NetworkInterface::inetAddresses)
                    .map(InetAddress::getHostAddress).filter(address -> !address.contains(":"))
                    .forEach(address -> Stream.of(listener.getLocalPort(), gateway().port())
                            .forEach(port -> targets.add(List.of(address, port))));
            String path = attacker(type, """
                    import socket
                    def attack(event):
                        def connects(target):
                            try: socket.create_connection(target, 0.5).close(); return True
                            except OSError: return False
                        return [target for target in event["attack"] if connects(tuple(target))]
                    """, """
                    const net = require("net");
                    const connects = ([host, port]) => new Promise(done => {
                        const socket = net.connect({host, port, timeout: 500});
                        const end = result => () => { socket.destroy(); done(result) };
                        socket.on("connect", end(true)).on("error", end(false)).on("timeout", end(false));
                    });
                    async function attack(event) {
                        const reached = [];
                        for (const target of event.attack) if (await connects(target)) reached.push(target);
                        return reached;
                    }
                    """);

            Answer answer = attack(path, TestGateway.JSON.writeValueAsString(Map.of("attack", targets))).expect(200);

            assertThat(answer.body()).isEqualTo("[]");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void twoFunctionsShareNothing(String type) throws Exception {
        String python = """
                import builtins
                def attack(event):
                    seen = [getattr(builtins, "mark", None), os.path.exists("/tmp/mark"), os.path.exists("/dev/shm/mark"), calls]
                    builtins.mark = 1
                    for place in ("/tmp/mark", "/dev/shm/mark"):
                        try: open(place, "w").close()
                        except OSError: pass
                    return seen
                """;
        String node = """
                function attack() {
                    const seen = [globalThis.mark ?? null, fs.existsSync("/tmp/mark"), fs.existsSync("/dev/shm/mark"), calls];
                    globalThis.mark = 1;
                    for (const place of ["/tmp/mark", "/dev/shm/mark"]) try { fs.writeFileSync(place, "") } catch {}
                    return seen;
                }
                """;
        String one = attacker(type, python, node);
        String other = attacker(type, python, node);

        attack(one).expect(200);
        Answer answer = attack(other).expect(200);

        assertThat(answer.body().replace(" ", "")).isEqualTo("[null,false,false,1]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void aSecondVersionNeverSeesTheFirstOnesState(String type) throws Exception {
        String path = attacker(type, "def attack(event): return calls", "const attack = () => calls");
        attack(path).expect(200);
        attack(path).expect(200);

        redeploy(path, type, "def attack(event): return calls + 100", "const attack = () => calls + 100");

        assertThat(attack(path).expect(200).body()).isEqualTo("101");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void linksInTheTaskDirectoryLeadNowhere(String type) throws Exception {
        String path = attacker(type, """
                def attack(event):
                    os.symlink("/etc/shadow", "/var/task/link")
                    os.symlink("/proc/1/root/etc/shadow", "/var/task/root")
                    readable = []
                    for name in ("link", "root"):
                        try: readable.append(open("/var/task/" + name).read())
                        except OSError: pass
                    return readable
                """, """
                function attack() {
                    fs.symlinkSync("/etc/shadow", "/var/task/link");
                    fs.symlinkSync("/proc/1/root/etc/shadow", "/var/task/root");
                    return ["link", "root"].flatMap(name => {
                        try { return [fs.readFileSync("/var/task/" + name, "utf8")] } catch { return [] }
                    });
                }
                """);

        assertThat(attack(path).expect(200).body()).isEqualTo("[]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "node"})
    void oddVariablesReachTheFunctionAsTheyAre(String type) throws Exception {
        Map<String, String> odd = Map.of("EMPTY", "", "LINES", "a\nb\r\n", "SHELL_CODE", "$(id) `id` ; rm -rf /",
                "LD_PRELOAD", "/tmp/evil.so", "UNICODE", "ü\u2028\ud83d\ude00");
        String path = attacker(type, "def attack(e): return {name: os.environ[name] for name in e['attack']}",
                "const attack = e => Object.fromEntries(e.attack.map(name => [name, process.env[name]]))", "env", odd);

        JsonNode seen = attack(path, TestGateway.JSON.writeValueAsString(Map.of("attack", odd.keySet()))).expect(200)
                .json();

        assertThat(seen).isEqualTo(TestGateway.JSON.valueToTree(odd));
    }
}
