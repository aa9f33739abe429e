"""The command line of benchmarks/run.sh, and the order in which things are measured."""
import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import machine
import report
import warm
from cold import ColdFunctions
from report import say
from servers import BareHello, BenchError, Gateway

HELLO = {
    "python": 'def handler(event, context):\n    return {"reply": "hi"}\n',
    "node": 'exports.handler = async () => ({ reply: "hi" });\n',
}
# While functions are deployed, their instances may go again at once; while cold starts are counted, nothing may be evicted.
DEPLOY_BUDGET_MB, MEASURE_BUDGET_MB = 1024, 65536


def parse():
    parser = argparse.ArgumentParser(prog="benchmarks/run.sh", formatter_class=argparse.RawDescriptionHelpFormatter, description=(
        "Deploys a hello in Python and Node on each engine and measures it beside a bare Javalin hello on this machine:\n"
        "warm latency, requests per second, cold starts. Prints a table; writes it and every sample to benchmarks/results/.\n"
        "benchmarks/README.md says what the rows mean. A slow result is no error; a wrong answer is."))
    parser.add_argument("--engines", metavar="E,E", help="sandbox,docker (default: sandbox, and docker where its daemon answers)")
    parser.add_argument("--seconds", type=int, metavar="N", help="length of one measurement (default 10; with --smoke 1)")
    parser.add_argument("--rounds", type=int, metavar="N", help="measurements of each kind (default 5; with --smoke 1)")
    parser.add_argument("--cold", type=int, metavar="N", help="cold starts of each kind (default 20; with --smoke 2)")
    parser.add_argument("--port-base", type=int, default=18100, metavar="N", help="first of three ports that are used (default 18100)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where results go (default benchmarks/results; with --smoke benchmarks/out)")
    parser.add_argument("--smoke", action="store_true", help="a short run that shows that everything works; its figures mean nothing")
    for internal in ("--java", "--gateway", "--bare"):  # given by run.sh
        parser.add_argument(internal, required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    defaults = (1, 1, 2, "benchmarks/out") if options.smoke else (10, 5, 20, "benchmarks/results")
    for name, default in zip(("seconds", "rounds", "cold", "out"), defaults):
        if getattr(options, name) is None:
            setattr(options, name, default)
        elif name != "out" and getattr(options, name) < 1:
            parser.error(f"--{name} is at least 1")
    options.engines = options.engines.split(",") if options.engines else default_engines(options.smoke)
    if unknown := set(options.engines) - {"sandbox", "docker"}:
        parser.error(f"unknown engine {', '.join(sorted(unknown))}: there are sandbox and docker")
    return options


def default_engines(smoke):
    if smoke:
        return ["sandbox"]
    if shutil.which("docker") and subprocess.run(["docker", "version"], capture_output=True).returncode == 0:
        return ["sandbox", "docker"]
    say("No Docker daemon answers: measuring the sandbox alone.")
    return ["sandbox"]


def measure_engine(engine, options, java, references, directory):
    """The rows of one engine."""
    def gateway(budget):
        return Gateway(engine, java, Path(options.gateway).resolve(), options.port_base + 2, directory, budget)

    cold = [ColdFunctions(runtime, code, options.cold) for runtime, code in HELLO.items()]
    with gateway(DEPLOY_BUDGET_MB) as fresh:
        say(f"{engine}: deploying")
        for runtime, code in HELLO.items():
            fresh.deploy(f"hello/{runtime}", runtime, code)
        for functions in cold:
            functions.deploy(fresh)
    with gateway(MEASURE_BUDGET_MB) as restarted:
        subjects = [warm.Subject(name, server, "/hello") for name, server in references.items()]
        subjects += [warm.Subject(runtime, restarted, f"/api/hello/{runtime}", is_function=True) for runtime in HELLO]
        warm.measure(subjects, options.seconds, options.rounds, say)
        rows = list(report.warm_rows(engine, subjects))
        for kind in ("stem", "no_stem"):
            for functions in cold:
                rows += report.cold_rows(engine, functions.runtime, kind, functions.measure(restarted, kind, say))
    return rows


def main():
    options = parse()
    java = options.java.split()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    described, disturbance = machine.describe(java), machine.Disturbance()
    rows = []
    with tempfile.TemporaryDirectory(prefix="nanogrid-bench-") as directory:
        Path(directory).chmod(0o755)  # instances have uids of their own
        jar = Path(options.bare).resolve()
        with BareHello("bare", java, jar, options.port_base, directory) as bare, \
                BareHello("bare-jetty", java, jar, options.port_base + 1, directory, "jetty-pool") as jetty:
            for engine in options.engines:
                rows += measure_engine(engine, options, java, {"bare hello": bare, "bare, Jetty's pool": jetty}, directory)
    settings = {"seconds": options.seconds, "rounds": options.rounds, "coldStarts": options.cold}
    report.write(options.out, "Benchmark", "", described, disturbance.so_far(), settings, rows, "the bare hello")


if __name__ == "__main__":
    try:
        main()
    except BenchError as error:
        say(f"benchmarks: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
