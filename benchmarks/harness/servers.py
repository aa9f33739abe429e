"""Starts and stops what is measured, and talks to it."""
import http.client
import json
import os
import socket
import subprocess
import time
from pathlib import Path

START_SECONDS = 60
STOP_SECONDS = 40
# A first deploy on docker builds the runtime's image, and may pull what that is made from.
DEPLOY_SECONDS = 600


class BenchError(Exception):
    """A measurement that can't be made, or isn't worth anything. Slowness is none."""


def environment(**more):
    """What a server is started with: of this program's own variables, those that say where things are on this machine."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "DOCKER_HOST")
            or name.endswith("_BASE_IMAGE") or name.startswith("SANDBOX_")}
    return {**kept, **more}


def end(process, seconds=STOP_SECONDS):
    """By force when it takes longer."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Endpoint:
    """A process that answers HTTP on a port of this machine, whoever started it."""

    def __init__(self, name, port, log, pid=None):
        self.name, self.port, self._log, self.pid = name, port, Path(log), pid

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def processor_seconds(self):
        """What the process has used so far, in all its threads, in the kernel too; not what its functions have used."""
        with open(f"/proc/{self.pid}/stat") as stat:
            user, system = stat.read().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def error(self, what):
        tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-20:])
        return BenchError(f"{self.name} {what}\n{tail}")

    def request(self, method, path, body=None, timeout=DEPLOY_SECONDS):
        """(status, headers, body) of one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body and json.dumps(body), {"content-type": "application/json"} if body else {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()


class Server(Endpoint):
    """One that is started here. Ends with the `with` block that started it."""

    def __init__(self, name, command, port, directory, variables=()):
        super().__init__(name, port, Path(directory, f"{name}.log"))
        self._command, self._directory, self._environment = command, Path(directory), environment(**dict(variables))

    def _require_free_port(self):
        """Or somebody else's server would be measured."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError as e:
                raise BenchError(f"port {self.port} can't be used: {e.strerror}. Choose others with --port-base") from e

    def __enter__(self):
        self._require_free_port()
        with open(self._log, "ab") as log:
            # A session of its own: Ctrl-C in the terminal is for this program, which then stops everything in order.
            self._process = subprocess.Popen(self._command, cwd=self._directory, env=self._environment, stdin=subprocess.DEVNULL,
                                             stdout=log, stderr=log, start_new_session=True)
        self.pid = self._process.pid
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        end(self._process)

    def _wait_until_it_answers(self):
        deadline = time.monotonic() + START_SECONDS
        while True:
            if self._process.poll() is not None:
                raise self.error(f"ended with {self._process.returncode} instead of starting")
            try:
                return self.request("GET", "/")
            except OSError:
                if time.monotonic() > deadline:
                    raise self.error(f"doesn't answer on port {self.port} after {START_SECONDS} s")
                time.sleep(0.05)


class BareHello(Server):
    def __init__(self, name, java, jar, port, directory, *flags):
        super().__init__(name, [*java, "-jar", jar, str(port), *flags], port, directory)


class Gateway(Server):
    """A gateway on a data directory of its own."""

    def __init__(self, engine, java, jar, port, directory, memory_budget_mb):
        variables = {"PORT": str(port), "ENGINE": engine, "DATA_DIR": str(Path(directory, f"data-{engine}")),
                     "MEMORY_BUDGET_MB": str(memory_budget_mb)}
        super().__init__(f"gateway-{engine}", [*java, "-jar", jar], port, directory, variables)

    def __enter__(self):
        super().__enter__()
        try:
            health = self.health()
            if not health["checks"]["engine"]["healthy"]:
                raise self.error(f"can't run functions: {health['checks']['engine']['detail']}")
            self._runtimes = len(health["runtimes"])
        except BaseException:
            self.__exit__()
            raise
        return self

    def health(self):
        return json.loads(self.request("GET", "/health")[2])

    def deploy(self, path, type, code, **fields):
        """Makes `code` answer below /api/; returns the callback's id."""
        definition = {"path": path, "method": "GET", "type": type, "code": code, "status": True, **fields}
        status, _, answer = self.request("POST", "/callback/deploy", definition)
        if status != 200:
            raise self.error(f"answers {status} to the deploy of {path}: {answer.decode(errors='replace')}")
        return json.loads(answer)["callback_id"]

    def undeploy(self, callback_id):
        status, _, answer = self.request("POST", "/callback/deploy", {"callback_id": callback_id, "status": False})
        if status != 200:
            raise self.error(f"answers {status} to an undeploy: {answer.decode(errors='replace')}")

    def settle(self):
        """Waits until every runtime has its stem again and nothing starts, ends or runs."""
        before, deadline = None, time.monotonic() + START_SECONDS
        while True:
            now = self.health()["instances"]
            quiet = now["stems"] >= self._runtimes and not (now["starting"] or now["busy"] or now["waitingCalls"])
            if quiet and now == before:
                return
            if time.monotonic() > deadline:
                raise self.error(f"doesn't come to rest: {now}")
            before = now
            time.sleep(0.05)
