"""A cluster on this machine, with workers that come and go, and what can be asked of it."""
import http.client
import json
import re
import subprocess
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from servers import STOP_SECONDS, BenchError, Endpoint, Server, end, environment

SCRIPT = Path(__file__).resolve().parents[2] / "infra/local/cluster.sh"
READY = "The cluster is ready:"
CLUSTER_START_SECONDS = 180
PAGE = 1000
# So many requests are on their way at once when many are made.
AT_ONCE = 8
IDLE_SECONDS = 5


class Cluster:
    """What `./start.sh cluster --workers 1` starts: servers, a gateway that has every call run by workers, and a worker.

    More gateways and workers are started with the variables that this gateway has, for as long as the `with` block lasts.
    """

    def __init__(self, java, jar, port, directory, budget_mb):
        self._java, self._jar, self._port, self._directory = java, jar, port, Path(directory)
        self._data, self._log = self._directory / "cluster", self._directory / "cluster.log"
        self._variables = environment(
            JAVA_HOME=str(Path(java[0]).parents[1]), GATEWAY_FLAGS=" ".join(java[1:]), JAR=str(jar), WORKERS="1", RESET="no",
            DATA_DIR=str(directory), HOST="127.0.0.1", PORT=str(port), DRAIN_SECONDS="10", NANOGRID_SECRET="",
            MEMORY_BUDGET_MB=str(2 * budget_mb), ENGINE="sandbox", DISPATCH="queue", RATE_LIMIT_PER_MINUTE="0", MAX_QUEUED_JOBS="1000000")
        self.workers = []

    def __enter__(self):
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen([SCRIPT], cwd=self._directory, env=self._variables, stdin=subprocess.DEVNULL,
                                             stdout=log, stderr=log, start_new_session=True)
        try:
            self._wait_until_ready()
            pid = int((self._data / "gateway.pid").read_text())
            self.gateway = Endpoint("gateway", self._port, self._data / "logs/gateway.log", pid)
            given = Path(f"/proc/{pid}/environ").read_text().rstrip("\0").split("\0")
            self._of_gateway = dict(line.split("=", 1) for line in given)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            self.scale(1)
        finally:
            end(self._process, 2 * STOP_SECONDS)

    def _wait_until_ready(self):
        deadline = time.monotonic() + CLUSTER_START_SECONDS
        while READY not in (text := self._log.read_text(errors="replace")):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"the cluster doesn't start:\n{text[-3000:]}")
            time.sleep(0.1)

    def check(self):
        if self._process.poll() is not None:
            raise BenchError(f"the cluster has ended:\n{self._log.read_text(errors='replace')[-3000:]}")

    def server(self, name, port, **variables):
        """One more gateway or worker, not started yet."""
        own = {"PORT": str(port), "DATA_DIR": str(self._directory / name), **variables}
        return Worker(name, [*self._java, "-jar", str(self._jar)], port, self._directory, {**self._of_gateway, **own})

    def scale(self, count):
        """Makes them `count` workers, that of the cluster's own start included."""
        while len(self.workers) > count - 1:
            self.workers.pop().__exit__()
        while len(self.workers) < count - 1:
            number = len(self.workers) + 2
            self.workers.append(self.server(f"worker-{number}", self._port + 10 + number, ROLE="worker").__enter__())

    def messages(self, queue):
        """How many lie in a queue, taken by a worker or not: "" for jobs, "-calls", or one of their "-dlq"."""
        query = "?Action=GetQueueAttributes&AttributeName.1=All"
        with urllib.request.urlopen(self._of_gateway["SQS_URL"] + queue + query, timeout=30) as answer:
            text = answer.read().decode()
        counts = re.findall(r"<Name>ApproximateNumberOfMessages(?:NotVisible)?</Name>\s*<Value>(\d+)</Value>", text)
        if len(counts) != 2:
            raise BenchError(f"the queue {queue} doesn't say what it holds: {text[:500]}")
        return sum(map(int, counts))


class Worker(Server):
    """Or another gateway."""

    def kill(self):
        self._process.kill()
        self._process.wait()

    def start_again(self):
        self.__enter__()


class Asked:
    """Many requests to one server, each thread's on a connection of its own."""

    def __init__(self, server):
        self._server, self._local = server, threading.local()

    def json(self, method, path, body=None, headers=(), expected=200):
        connection = self._connection()
        sent = {"content-type": "application/json", **dict(headers)} if body else dict(headers)
        try:
            connection.request(method, path, body and json.dumps(body), sent)
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as e:
            raise self._server.error(f"doesn't answer {method} {path}: {e!r}") from e
        if response.status != expected:
            raise self._server.error(f"answers {response.status} to {method} {path}: {answer.decode(errors='replace')[:1000]}")
        return json.loads(answer)

    def _connection(self):
        """The thread's own, or a new one where the server may have closed that by now."""
        now = time.monotonic()
        if now - getattr(self._local, "used", 0) > IDLE_SECONDS:
            self._local.connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=120)
        self._local.used = now
        return self._local.connection

    def each(self, function, items):
        """The results of `function` for each item, several at a time."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(function, items))

    def pages(self, path, member):
        """All of a list."""
        found, cursor = [], None
        while True:
            page = self.json("GET", f"{path}limit={PAGE}" + (f"&cursor={cursor}" if cursor else ""))
            found += page[member]
            cursor = page["nextCursor"]
            if not cursor:
                return found

    def add_function(self, name, code, **fields):
        return self.json("POST", "/functions", {"name": name, "runtime": "python", "code": code, **fields}, expected=201)["functionId"]
