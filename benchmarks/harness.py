"""Systems compared in rounds: each in a process of its own, started once, warmed, asked in turn."""

import importlib
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

RESULTS = Path(__file__).parent / "results"
PACKAGES = (
    "tensorflow",
    "keras",
    "numpy",
    "ai-edge-litert",
    "ctranslate2",
    "torch",
    "transformers",
    "keras-hub",
)


class System(NamedTuple):
    """One thing to measure.

    Args:
        name: as the table has it.
        build: "module:function"; called with `options`, gives a function without arguments that
            does the work of one round. Where it returns tokens, a list of lists of int, they are
            compared with those of the first system.
        options: dict, JSON can hold it.
        needs: packages by import name; without one of them the system is skipped.
    """

    name: str
    build: str
    options: dict = {}
    needs: tuple = ()


class Worker:
    """A system in its process. `round` gives the seconds of the wall and of the processors, the
    time when it began, and the tokens or None.
    """

    def __init__(self, system, threads):
        count = str(threads)
        pinned = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
        environment = {**quiet, **os.environ, **dict.fromkeys(pinned, count)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.harness", system.build, json.dumps(system.options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=Path(__file__).parents[1],
        )
        self.name = system.name

    def round(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended with code {self.process.wait()}.")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def measure(systems, *, rounds, threads, warm=2):
    """Asks the systems in turn, round after round.

    Args:
        systems: list of `System`; one whose packages are missing is skipped with a printed line.
        rounds: int, timed rounds of each.
        threads: int, of each process.
        warm: int, rounds before those.

    Returns:
        dict of name -> {"wall": [seconds], "cpu": [seconds], "began": [time],
        "tokens": [tokens or None]}.
    """
    present = []
    for system in systems:
        missing = [name for name in system.needs if importlib.util.find_spec(name) is None]
        if missing:
            print(f"skipped {system.name}: {', '.join(missing)} not installed")
        else:
            present.append(system)
    workers = []
    found = {system.name: {"wall": [], "cpu": [], "began": [], "tokens": []} for system in present}
    try:
        for system in present:
            workers.append(Worker(system, threads))
            for _ in range(warm):
                workers[-1].round()
        for _ in range(rounds):
            for worker in workers:
                for key, value in worker.round().items():
                    found[worker.name][key].append(value)
    finally:
        for worker in workers:
            worker.close()
    return found


def summary(found, *, units=1, clock="wall"):
    """Rates and ratios: how many times as fast as each system the first one is.

    Args:
        found: as `measure` gives it; the first is the zoo's.
        units: number of things done in a round.
        clock: "wall" or "cpu".

    Returns:
        List of dicts: system, median, least and most in units a second; ratio = first / this, and
        cpu_ratio, the same by the seconds of the processors, which other work on the machine
        disturbs less; same, the share of its tokens that are the first system's, or None.
    """
    rows, first = [], next(iter(found.values()), None)
    for name, times in found.items():
        rates = [units / seconds for seconds in times[clock]]
        rows.append(
            {
                "system": name,
                "median": statistics.median(rates),
                "least": min(rates),
                "most": max(rates),
                "ratio": statistics.median(times[clock]) / statistics.median(first[clock]),
                "cpu_ratio": statistics.median(times["cpu"]) / statistics.median(first["cpu"]),
                "same": _same(first["tokens"][-1], times["tokens"][-1]),
            }
        )
    return rows


def _same(ours, theirs):
    """Share of equal tokens of two lists of lists; None where one gave none."""
    if ours is None or theirs is None:
        return None
    pairs = [
        pair
        for our, their in zip(ours, theirs, strict=True)
        for pair in zip(our, their, strict=True)
    ]
    return sum(our == their for our, their in pairs) / len(pairs)


COLUMNS = "work", "system", "{unit}", "least..most", "zoo / it", "by CPU time", "same tokens"


def table(groups, unit):
    """Markdown of {label: rows of `summary`}."""
    lines = ["| " + " | ".join(COLUMNS).format(unit=unit) + " |", "|---" * len(COLUMNS) + "|"]
    for label, rows in groups.items():
        for r in rows:
            spread = f"{r['least']:.4g}..{r['most']:.4g}"
            ratios = f"{r['ratio']:.2f}", f"{r['cpu_ratio']:.2f}"
            same = "" if r["same"] is None else f"{r['same']:.0%}"
            cells = label, r["system"], f"{r['median']:.4g}", spread, *ratios, same
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def report(name, groups, unit, threads, command):
    """Prints the table; writes `results/NAME.json` and `results/NAME.png`."""
    print(table(groups, unit))
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    RESULTS.mkdir(exist_ok=True)
    record = {
        "command": command,
        "date": datetime.now(timezone.utc).isoformat(timespec="minutes"),
        "machine": platform.machine(),
        "threads": threads,
        "load": round(os.getloadavg()[0], 1),
        "unit": unit,
        "versions": {"python": platform.python_version(), **versions},
        "groups": groups,
    }
    text = json.dumps(record, indent=1) + "\n"
    (RESULTS / f"{name}.json").write_text(text, encoding="utf-8")
    _plot(RESULTS / f"{name}.png", groups, unit, threads)


def _plot(path, groups, unit, threads):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    heights = [0.5 + 0.3 * len(rows) for rows in groups.values()]
    figure, axes = plt.subplots(
        len(groups),
        figsize=(8, 0.6 + sum(heights)),
        height_ratios=heights,
        layout="constrained",
        squeeze=False,
    )
    for ax, (label, rows) in zip(axes[:, 0], groups.items(), strict=True):
        medians = [row["median"] for row in rows]
        low = [row["median"] - row["least"] for row in rows]
        high = [row["most"] - row["median"] for row in rows]
        colors = ["#ee6677", *["#4477aa"] * (len(rows) - 1)]
        bars = ax.barh([row["system"] for row in rows], medians, xerr=[low, high], color=colors)
        ax.bar_label(bars, [f"{row['median']:.4g}" for row in rows], padding=4, fontsize=8)
        ax.margins(x=0.12)
        ax.invert_yaxis()
        ax.set_title(label, loc="left", fontsize=10)
    axes[-1, 0].set_xlabel(f"{unit}, {threads} thread(s); median, least and most")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _serve(build, options):
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not mix with the answers
    module, _, function = build.partition(":")
    work = getattr(importlib.import_module(module), function)(**json.loads(options))
    for _ in sys.stdin:
        began = time.time()
        wall, cpu = time.perf_counter(), sum(os.times()[:4])
        tokens = work()
        cpu, wall = sum(os.times()[:4]) - cpu, time.perf_counter() - wall
        found = {"wall": wall, "cpu": cpu, "began": began, "tokens": tokens}
        print(json.dumps(found), file=answers, flush=True)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
