"""Jobs while workers are killed: is each done, and once?"""
import threading
import time
from collections import Counter, deque

from report import Row, say
from servers import BenchError

WORKERS = 3
# A dead worker's jobs come to others within half a minute. Twice that without a job that ends, and what is left is lost.
PATIENCE_SECONDS = 75
SOON = 0.02


class Killer:
    """Kills one of the workers every so often, as nothing else could, and starts it again."""

    def __init__(self, workers, seconds):
        self._workers, self._seconds = deque(workers), seconds
        self._over, self._thread = threading.Event(), threading.Thread(target=self._run)
        self.kills, self._failure = 0, None

    def _run(self):
        try:
            while not self._over.wait(self._seconds):
                worker = self._workers[0]
                self._workers.rotate()
                worker.kill()
                self.kills += 1
                worker.start_again()
        except BenchError as error:
            self._failure = error

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        if self._failure:
            raise self._failure


def read_as_they_end(waiting, jobs):
    """The answer that each job had as soon as it had one; of those that never get one, none."""
    answers, open_jobs, last = {}, deque(jobs), time.monotonic()
    in_vain = 0
    while open_jobs and time.monotonic() - last < PATIENCE_SECONDS:
        job = open_jobs.popleft()
        answer = waiting.answer(job)
        if answer:
            answers[job.id], last, in_vain = answer, time.monotonic(), 0
            continue
        open_jobs.append(job)
        in_vain += 1
        if in_vain % 10 == 0:
            waiting.cluster.check()
            time.sleep(SOON)
    return answers


def is_own(job, answer):
    return answer["status"] == "SUCCESS" and answer["requestId"] == job.request_id and answer["result"]["number"] == job.number


def await_empty(cluster, queue):
    """For messages of killed workers that others haven't had yet."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (left := cluster.messages(queue)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return left


def rows(waiting, count, kill_seconds):
    """Counts of what must not be, and of what was done to bring it about."""
    cluster = waiting.cluster
    cluster.scale(WORKERS)
    waiting.accept(4 * waiting.slots * WORKERS)
    waiting.await_end()
    letters_before = cluster.messages("-dlq")
    began = time.monotonic()
    with Killer(cluster.workers, kill_seconds) as killer:
        jobs = waiting.accept(count)
        say(f"{count} jobs accepted, at {count / (time.monotonic() - began):.0f} a second; {killer.kills} workers killed so far")
        answers = read_as_they_end(waiting, jobs)
        took = time.monotonic() - began
    say(f"{len(answers)} jobs answered after {took:.0f} s; {killer.kills} workers killed")
    left = await_empty(cluster, "")
    again = dict(zip((job.id for job in jobs), waiting.ask.each(waiting.answer, jobs)))
    listed = {job["jobId"]: job for job in waiting.ask.pages("/jobs?", "jobs")}
    runs = Counter(record["requestId"] for record in waiting.ask.pages(f"/functions/{waiting.id}/logs?", "logs"))

    def number(claim):
        return sum(1 for job in jobs if claim(job))

    name = f"{count} jobs, a worker killed every {kill_seconds:g} s"

    def row(measure, value, wanted=None):
        result = Row("sandbox", name, measure, "", [value])
        return result if wanted is None else result.judged(f"{wanted}", value == wanted)

    yield row("workers killed", killer.kills)
    yield row("done", number(lambda job: listed.get(job.id, {}).get("state") == "done"), count)
    yield row("lost: accepted, and no answer", number(lambda job: job.id not in answers), 0)
    yield row("given up", number(lambda job: listed.get(job.id, {}).get("state") == "dead"), 0)
    yield row("answered twice: another answer later", number(lambda job: job.id in answers and again[job.id] != answers[job.id]), 0)
    yield row("answered with something else than their own result", number(lambda job: job.id in answers and not is_own(job, answers[job.id])), 0)
    yield row("messages left in the queue", left, 0)
    yield row("messages in the dead-letter queue", cluster.messages("-dlq") - letters_before, 0)
    yield row("begun again, as their worker had died", number(lambda job: listed.get(job.id, {}).get("attempts", 0) > 1))
    yield row("records of calls beyond the number of begins",
              number(lambda job: runs[job.request_id] > listed.get(job.id, {}).get("attempts", 0)), 0)
    yield Row("sandbox", name, "jobs done", "jobs/s", [len(answers) / took])
