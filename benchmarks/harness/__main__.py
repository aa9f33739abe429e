"""The command line of benchmarks/run.sh, and the order in which things are measured."""
import shutil
import subprocess
from pathlib import Path

import command
import machine
import report
import warm
from cold import ColdFunctions
from report import say
from servers import BareHello, Gateway

ENGINES = ("sandbox", "docker")
HELLO = {
    "python": 'def handler(event, context):\n    return {"reply": "hi"}\n',
    "node": 'exports.handler = async () => ({ reply: "hi" });\n',
}
# While functions are deployed, their instances may go again at once; while cold starts are counted, nothing may be evicted.
DEPLOY_BUDGET_MB, MEASURE_BUDGET_MB = 1024, 65536


def parse():
    parser = command.parser("benchmarks/run.sh", (
        "Deploys a hello in Python and Node on each engine and measures it beside a bare Javalin hello on this machine:\n"
        "warm latency, requests per second, cold starts. Prints a table; writes it and every sample to benchmarks/results/.\n"
        "benchmarks/README.md says what the rows mean. A slow result is no error; a wrong answer is."),
        "three", 18100, ("--java", "--gateway", "--bare"))
    parser.add_argument("--engines", metavar="E,E", help="sandbox,docker (default: sandbox, and docker where its daemon answers)")
    parser.add_argument("--cold", type=int, metavar="N", help="cold starts of each kind (default 20; with --smoke 2)")
    options = command.parse(parser, {"cold": (20, 2)}, ["cold"])
    options.engines = command.chosen(parser, "engine", options.engines, ENGINES) if options.engines else default_engines(options.smoke)
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
    described, disturbance = machine.describe(java), machine.Disturbance()
    rows = []
    with command.directory() as directory:
        jar = Path(options.bare).resolve()
        with BareHello("bare", java, jar, options.port_base, directory) as bare, \
                BareHello("bare-jetty", java, jar, options.port_base + 1, directory, "jetty-pool") as jetty:
            for engine in options.engines:
                rows += measure_engine(engine, options, java, {"bare hello": bare, "bare, Jetty's pool": jetty}, directory)
    settings = {"seconds": options.seconds, "rounds": options.rounds, "coldStarts": options.cold}
    report.write(options.out, "Benchmark", "", described, disturbance.so_far(), settings, rows, "the bare hello")


if __name__ == "__main__":
    command.run(main)
