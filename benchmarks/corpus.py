"""How many lines a second one core answers, as `zoo batch` asks for them.

    python -m benchmarks.corpus --rounds 5

One process and one thread, lists of 256 lines, the time of the process (CPU): what a process of
`zoo batch`, or of a worker of Beam, has on a core of its own. Beside it the memory of the process
after the model answered. The lines are of validation sets: captions in French (Multi30k), sentences
of film reviews (SST-2), questions.

The greedy line is the same model, exported with one beam; see `docs/scale.md`.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SETS = {
    "translate_fr_de": ("multi30k", ("val", "fr", "de")),
    "classify_sentiment_en": ("sst2", ("val",)),
}
_GREEDY = "translate_fr_de"
_LINES = 512


def measure(name, shown, source, rounds):
    """Prints a row for a model, a name or a folder, that answers the lines of a file."""
    import psutil

    from zoo.batch import Answerer

    lines = Path(source).read_text(encoding="utf-8").splitlines()
    answerer = Answerer(name)
    list(answerer(lines))
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        list(answerer(lines))
        seconds.append(time.process_time() - start)
    rates = sorted(len(lines) / s for s in seconds)
    length = statistics.mean(len(line.split()) for line in lines)
    memory = psutil.Process().memory_info().rss / 1e6
    least, median, most = rates[0], statistics.median(rates), rates[-1]
    print(f"| {shown} | {length:.1f} | {median:.0f} ({least:.0f} to {most:.0f}) | {memory:.0f} |")


def write_lines(shown, path):
    """Writes what a model is asked."""
    from zoo import data

    loader, arguments = SETS[shown]
    lines = [pair[0] for pair in getattr(data, loader)(*arguments)][:_LINES]
    Path(path).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs=3, metavar=("NAME", "SHOWN", "SOURCE"), help="one row")
    given = parser.parse_args()
    if given.only:
        measure(*given.only, given.rounds)
        return
    print("| model | words a line | lines a CPU second | MB |\n|---|---|---|---|", flush=True)
    me = [sys.executable, "-m", "benchmarks.corpus", "--rounds", str(given.rounds), "--only"]
    with tempfile.TemporaryDirectory() as folder:
        for name in SETS:
            source = f"{folder}/{name}.txt"
            write_lines(name, source)
            models = {name: name}
            if name == _GREEDY:
                models[f"{name}, greedy"] = _greedy(folder)
            for shown, model in models.items():
                command = [*me, str(model), shown, source]
                subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


def _greedy(folder):
    """The LiteRT folder of the model with one beam."""
    import zoo

    model = zoo.load(_GREEDY)
    model.decoding = model.decoding.updated(num_beams=1)
    return zoo.serving.export_litert(model, folder)


if __name__ == "__main__":
    main()
