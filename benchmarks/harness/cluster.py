"""The command line of benchmarks/cluster.sh, and the order in which things are measured."""
from contextlib import ExitStack
from pathlib import Path

import command
import faults
import jobs
import machine
import report
import warm
from clusters import Asked, Cluster
from report import say
from servers import BenchError

HELLO = 'def handler(event, context):\n    return {"reply": "hi"}\n'
PARTS = ("calls", "scaling", "faults")
# Room for 8 instances on each worker.
BUDGET_MB = 1024


def parse():
    parser = command.parser("benchmarks/cluster.sh", (
        "Starts a cluster on this machine and measures calls that workers run beside calls that the gateway runs itself, how jobs\n"
        "get faster with more workers, and whether any is lost or done twice while workers are killed. Prints a table; writes it\n"
        "and every sample to benchmarks/results/. benchmarks/README.md says what the rows mean. A slow result is no error; a lost\n"
        "job is, and so is a wrong answer."), "twenty", 18200, ("--java", "--gateway"))
    parser.add_argument("--parts", metavar="P,P", default=",".join(PARTS), help=f"of {','.join(PARTS)} (default all)")
    parser.add_argument("--workers", metavar="N,N", help="numbers of workers to compare (default 1,2,4; with --smoke 1,2)")
    parser.add_argument("--slots", type=int, default=2, metavar="N", help="jobs that wait at once on each worker (default 2)")
    parser.add_argument("--jobs", type=int, metavar="N", help="jobs while workers are killed (default 10000; with --smoke 200)")
    parser.add_argument("--kill-every", type=float, metavar="SECONDS", help="how often (default 10; with --smoke 1.5)")
    options = command.parse(parser, {"workers": ("1,2,4", "1,2"), "jobs": (10_000, 200), "kill_every": (10, 1.5)},
                            ["slots", "jobs", "kill_every"])
    options.parts = command.chosen(parser, "part", options.parts, PARTS)
    options.workers = [int(count) for count in options.workers.split(",")]
    if options.workers != sorted(set(options.workers)) or not 1 <= options.workers[0] <= options.workers[-1] <= 9:
        parser.error("--workers takes numbers from 1 to 9, growing")
    return options


def call_rows(cluster, options):
    """Calls that workers run, beside calls that a second gateway of the same cluster runs itself."""
    with cluster.server("gateway-local", options.port_base + 10, DISPATCH="local") as local:
        body = {"functionId": Asked(cluster.gateway).add_function("hello", HELLO)}
        subjects = [warm.Subject("local dispatch", local, "/run", body=body),
                    warm.Subject("through the queue", cluster.gateway, "/run", body=body)]
        warm.measure(subjects, options.seconds, options.rounds, say)
    return report.warm_rows("sandbox", subjects)


def main():
    options = parse()
    java = options.java.split()
    described, disturbance = machine.describe(java), machine.Disturbance()
    rows = []
    with ExitStack() as stack:
        directory = stack.enter_context(command.directory())
        say("starting a cluster")
        cluster = stack.enter_context(Cluster(java, Path(options.gateway).resolve(), options.port_base, directory, BUDGET_MB))
        if "calls" in options.parts:
            rows += call_rows(cluster, options)
        if "scaling" in options.parts or "faults" in options.parts:
            waiting = jobs.Waiting(cluster, options.slots, options.smoke)
        if "scaling" in options.parts:
            rows += jobs.scaling_rows(waiting, options.workers, options.seconds, options.rounds)
        if "faults" in options.parts:
            found = list(faults.rows(waiting, options.jobs, options.kill_every))
            rows += found
    settings = {name: getattr(options, name) for name in ("seconds", "rounds", "workers", "slots", "jobs", "kill_every")}
    report.write(options.out, "Benchmark of a cluster,", "-cluster", described, disturbance.so_far(), settings, rows, "the first of its kind")
    if "faults" in options.parts and any(row.met is False for row in found):
        raise BenchError("jobs were lost, or answered twice: see the rows above that aren't ok")


if __name__ == "__main__":
    command.run(main)
