"""Latency and throughput of what is warm already, in rounds in which everything has its turn."""
import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from servers import BenchError

SCRIPT = Path(__file__).with_name("load.lua")
ANSWER = {"reply": "hi"}
CONNECTIONS = (1, 16)


@dataclass
class Subject:
    """Something that answers with the hello: a GET, or a POST of `body` as /run does. Its samples are one a round."""
    name: str
    server: object
    path: str
    is_function: bool = False
    body: dict = None
    samples: dict = field(default_factory=dict)

    def check(self):
        status, _, body = self.server.request("POST" if self.body else "GET", self.path, self.body)
        answer = json.loads(body) if status == 200 else None
        if (answer.get("result") if self.body and answer else answer) != ANSWER:
            raise BenchError(f"{self.name} answers {status} with {body[:200]!r} instead of {ANSWER}")

    def add(self, measure, value):
        self.samples.setdefault(measure, []).append(value)


def wrk(subject, connections, seconds):
    url = subject.server.url(subject.path)
    command = ["wrk", "--latency", "--timeout", "10s", "-t", str(min(connections, 2)), "-c", str(connections),
               "-d", f"{seconds}s", "-s", str(SCRIPT), url]
    if subject.body:
        command += ["--", json.dumps(subject.body)]
    run = subprocess.run(command, capture_output=True, text=True)
    lines = [line for line in run.stdout.splitlines() if line.startswith("{")]
    if run.returncode or not lines:
        raise BenchError(f"wrk ended with {run.returncode}: {run.stdout}{run.stderr}")
    result = json.loads(lines[-1])
    if result["not2xx"] or result["failed"] or not result["requests"]:
        raise BenchError(f"{subject.name} with {connections} connections: {result['not2xx']} of {result['requests']} answers weren't "
                         f"2xx, and {result['failed']} had none or a wrong one")
    return result


def measure(subjects, seconds, rounds, say):
    """Fills the subjects' samples. What comes first in one round comes last in the next, so that a drift hits all alike."""
    for subject in subjects:
        subject.check()
        say(f"warming up {subject.name}")
        wrk(subject, 16, seconds)
        wrk(subject, 1, 1)
    for number in range(rounds):
        order = subjects if number % 2 == 0 else subjects[::-1]
        for connections in CONNECTIONS:
            for subject in order:
                before = subject.server.processor_seconds()
                result = wrk(subject, connections, seconds)
                used = (subject.server.processor_seconds() - before) * 1e6 / result["requests"]
                rate = result["requests"] * 1e6 / result["micros"]
                say(f"round {number + 1}/{rounds}, {connections:2} connections, {subject.name:18} p50 {result['p50']:6} µs, "
                    f"p99 {result['p99']:6} µs, {rate:8,.0f} req/s, {used:4.0f} µs of processor")
                subject.add(f"p50_{connections}", result["p50"])
                subject.add(f"p99_{connections}", result["p99"])
                subject.add(f"rate_{connections}", rate)
                subject.add(f"processor_{connections}", used)
