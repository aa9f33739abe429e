"""Turns samples into rows, and rows into a table."""
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Optional

# What the project has set itself.
WARM_P50_AT_MOST = 4.0
RATE_AT_LEAST = 0.3
STEM_COLD_START_MS = 20
SANDBOX_START_MS = 60

WARM = (("p50_1", "latency p50, 1 connection", "µs"), ("p99_1", "latency p99, 1 connection", "µs"),
        ("processor_1", "processor time a request, 1 connection", "µs"),
        ("rate_16", "requests, 16 connections", "req/s"), ("p99_16", "latency p99, 16 connections", "µs"),
        ("processor_16", "processor time a request, 16 connections", "µs"))


@dataclass
class Row:
    """One figure: the median of its samples, how far they spread, and, where there is a reference, the same for the ratios to it."""
    engine: str
    function: str
    measure: str
    unit: str
    samples: list
    ratios: Optional[list] = None
    target: str = ""
    met: Optional[bool] = None

    @property
    def value(self):
        return median(self.samples)

    @property
    def ratio(self):
        return median(self.ratios) if self.ratios else None

    def judged(self, target, met):
        self.target, self.met = target, met
        return self

    def cells(self):
        ratio = f"{self.ratio:.2f}× ({min(self.ratios):.2f}–{max(self.ratios):.2f})" if self.ratios else ""
        verdict = "" if self.met is None else "ok" if self.met else "over"
        figure = number if self.unit else "{:,.0f}".format  # what has no unit is counted
        return (self.engine, self.function, self.measure, f"{figure(self.value)} {self.unit}".strip(),
                f"{figure(min(self.samples))}–{figure(max(self.samples))}", ratio, self.target, verdict)

    def as_json(self):
        return {**asdict(self), "value": self.value, "ratio": self.ratio}


def head(reference):
    return "engine", "function", "measure", "median", "min–max", f"to {reference}", "target", ""


def say(text):
    print(text, file=sys.stderr, flush=True)


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def warm_rows(engine, subjects):
    """The subjects of one run; the first is the reference. Ratios are taken within a round, so that noise between rounds cancels out."""
    reference = subjects[0]
    for subject in subjects:
        for key, measure, unit in WARM:
            samples = subject.samples[key]
            ratios = [mine / its for mine, its in zip(samples, reference.samples[key])] if subject is not reference else None
            row = Row(engine, subject.name, measure, unit, samples, ratios)
            if subject.is_function and key == "p50_1":
                row.judged(f"≤ {WARM_P50_AT_MOST:g}×", row.ratio <= WARM_P50_AT_MOST)
            if subject.is_function and key == "rate_16":
                row.judged(f"≥ {RATE_AT_LEAST:g}×", row.ratio >= RATE_AT_LEAST)
            yield row


def cold_rows(engine, runtime, kind, samples):
    totals, inits = zip(*samples)
    name = "cold start from a stem" if kind == "stem" else "cold start without a stem"
    row = Row(engine, runtime, name, "ms", list(totals))
    if kind == "stem":
        row.judged(f"< {STEM_COLD_START_MS} ms", row.value < STEM_COLD_START_MS)
    elif engine == "sandbox":
        row.judged(f"< {SANDBOX_START_MS} ms", row.value < SANDBOX_START_MS)
    yield row
    yield Row(engine, runtime, "of it until the instance was there", "ms", list(inits))


def plain(rows, reference):
    cells = [head(reference), *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in cells)


def markdown(title, facts, rows, reference):
    columns = head(reference)
    lines = [f"# {title}", "", *(f"- {name}: {value}" for name, value in facts.items()), "",
             "| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return "\n".join([*lines, *("| " + " | ".join(row.cells()) + " |" for row in rows)]) + "\n"


def write(out, title, suffix, described, disturbance, settings, rows, reference):
    """The table to the terminal; it and every sample to files."""
    print(plain(rows, reference))
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    name = time.strftime("%Y-%m-%d-%H%M%S", time.gmtime()) + suffix
    (out / f"{name}.json").write_text(json.dumps(
        {"machine": described, "disturbance": disturbance, "settings": settings, "rows": [row.as_json() for row in rows]},
        indent=2, ensure_ascii=False) + "\n")
    facts = {**described, **disturbance, **settings}
    (out / f"{name}.md").write_text(markdown(f"{title} of {described['date']}", facts, rows, reference))
    say(f"Written: {out / name}.json and .md")
