"""What the command lines of the benchmarks have in common."""
import argparse
import signal
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from report import say
from servers import BenchError

# Each with its usual value, and the one of --smoke.
COMMON = {"seconds": (10, 1), "rounds": (5, 1), "out": ("benchmarks/results", "benchmarks/out")}


def parser(prog, description, ports, first_port, internal):
    """With the options that every one has; `internal` ones are given by the script that is called."""
    made = argparse.ArgumentParser(prog=prog, formatter_class=argparse.RawDescriptionHelpFormatter, description=description)
    made.add_argument("--seconds", type=int, metavar="N", help="length of one measurement (default 10; with --smoke 1)")
    made.add_argument("--rounds", type=int, metavar="N", help="measurements of each kind (default 5; with --smoke 1)")
    made.add_argument("--port-base", type=int, default=first_port, metavar="N",
                      help=f"first of {ports} ports that are used (default {first_port})")
    made.add_argument("--out", type=Path, metavar="DIR", help="where results go (default benchmarks/results; with --smoke benchmarks/out)")
    made.add_argument("--smoke", action="store_true", help="a short run that shows that everything works; its figures mean nothing")
    for name in internal:
        made.add_argument(name, required=True, help=argparse.SUPPRESS)
    return made


def parse(made, defaults, numbers):
    """`defaults` are as COMMON; of `numbers`, and of the common ones, none may be 0 or less."""
    options = made.parse_args()
    for name, (usual, short) in {**COMMON, **defaults}.items():
        if getattr(options, name) is None:
            setattr(options, name, short if options.smoke else usual)
    for name in ("seconds", "rounds", *numbers):
        if getattr(options, name) <= 0:
            made.error(f"--{name.replace('_', '-')} must be more than 0")
    return options


def chosen(made, what, text, known):
    """The words of a list such as `calls,faults`."""
    words = text.split(",")
    if unknown := set(words) - set(known):
        made.error(f"unknown {what} {', '.join(sorted(unknown))}: there are {', '.join(known)}")
    return words


@contextmanager
def directory():
    with tempfile.TemporaryDirectory(prefix="nanogrid-bench-") as made:
        Path(made).chmod(0o755)  # instances have uids of their own
        yield made


def run(main):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main()
    except BenchError as error:
        say(f"benchmarks: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
