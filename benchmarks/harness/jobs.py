"""Jobs that wait, and how many of them a second workers get through."""
import datetime
import time
from dataclasses import dataclass

from clusters import AT_ONCE, Asked
from machine import BusyShare
from report import Row, say
from servers import BenchError

WAIT_SECONDS = 0.05
WAITING = f"""import time, uuid

def handler(event, context):
    time.sleep({WAIT_SECONDS})
    return {{"number": event["number"], "run": uuid.uuid4().hex}}
"""
# What the project has set itself: of the jobs that as many workers would get through if each were alone.
OF_LINEAR_AT_LEAST = 0.8
# From here on the processors are used up, and more workers don't help.
BUSY = 95
ACCEPTING_SECONDS = 90


@dataclass
class Job:
    id: str
    number: int
    request_id: str


class Waiting:
    """A function that waits, deployed, of which each worker runs `slots` at once."""

    def __init__(self, cluster, slots, smoke):
        self.cluster, self.slots, self.smoke = cluster, slots, smoke
        self.accepting_seconds = 1 if smoke else ACCEPTING_SECONDS
        self.ask = Asked(cluster.gateway)
        self.id = self.ask.add_function("waiting", WAITING, concurrency=slots)

    def _accept_one(self, number):
        answer = self.ask.json("POST", "/run", {"functionId": self.id, "inputData": {"number": number}}, {"x-async": "true"}, 202)
        return Job(answer["jobId"], number, answer["requestId"])

    def accept(self, count):
        jobs = self.ask.each(self._accept_one, range(count))
        if len({job.id for job in jobs}) != count:
            raise BenchError("jobs share their ids")
        return jobs

    def unfinished(self):
        return any(self.ask.json("GET", f"/jobs?state={state}&limit=1")["jobs"] for state in ("pending", "running"))

    def await_end(self):
        while self.unfinished():
            self.cluster.check()
            time.sleep(0.2)

    def answer(self, job):
        """What /status says; None before the end."""
        answer = self.ask.json("GET", f"/status/{job.id}")
        return None if answer["status"] in ("pending", "running") else answer


def when(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def one_rate(waiting, workers, seconds):
    """(jobs a second, percent of the processors' time) of `workers` that have more than enough to do, over `seconds`."""
    waiting.cluster.scale(workers)
    waiting.accept(4 * waiting.slots * workers)  # instances are there then, and what runs them is compiled
    waiting.await_end()
    most = workers * waiting.slots / WAIT_SECONDS
    jobs, began = [], time.time()
    while len(jobs) < most * (time.time() - began + seconds + 1):
        jobs += waiting.accept(max(AT_ONCE, int(most)))
        if time.time() - began > waiting.accepting_seconds:
            break
    # What ended while others were accepted doesn't count.
    start, busy = time.time(), BusyShare()
    time.sleep(seconds)
    end, percent = time.time(), busy.percent()
    if not (waiting.unfinished() or waiting.smoke):
        raise BenchError(f"{workers} workers run jobs as fast as they are accepted, so there is no rate to measure: use fewer --slots")
    waiting.await_end()
    ids = {job.id for job in jobs}
    ended = [when(job["endedAt"]) for job in waiting.ask.pages("/jobs?state=done&", "jobs") if job["jobId"] in ids]
    if len(ended) != len(jobs):
        raise BenchError(f"{len(jobs) - len(ended)} of {len(jobs)} jobs aren't done")
    return sum(start <= at < end for at in ended) / (end - start), percent


def scaling_rows(waiting, counts, seconds, rounds):
    rates, shares = ({count: [] for count in counts} for _ in range(2))
    for number in range(rounds):
        for count in counts if number % 2 == 0 else counts[::-1]:
            rate, percent = one_rate(waiting, count, seconds)
            say(f"round {number + 1}/{rounds}, {count} workers: {rate:.1f} jobs/s, {percent:.0f} % of the processors")
            rates[count].append(rate)
            shares[count].append(percent)
    for count in counts:
        name = f"{count} worker{'s' * (count > 1)}, jobs that wait {WAIT_SECONDS * 1000:.0f} ms, {waiting.slots} at once each"
        ratios = [mine / one for mine, one in zip(rates[count], rates[counts[0]])] if count != counts[0] else None
        row = Row("sandbox", name, "jobs done", "jobs/s", rates[count], ratios)
        if ratios:
            least = OF_LINEAR_AT_LEAST * count / counts[0]
            used_up = max(shares[count]) >= BUSY
            row.judged(f"≥ {least:g}×" + ", but processors used up" * used_up, row.ratio >= least or None if used_up else row.ratio >= least)
        yield row
        yield Row("sandbox", name, "processors in use", "%", shares[count])
