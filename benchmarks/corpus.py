"""How many lines a second one core answers, as `zoo batch` asks for them.

    python -m benchmarks.corpus --rounds 5

One process and one thread, lists of 256 lines, the time of the process (CPU): what a process of
`zoo batch`, or of a worker of Beam, has on a core of its own. Beside it the memory of the process
after the model answered. The lines are of validation sets: captions in French (Multi30k), sentences
of film reviews (SST-2), questions.

The greedy line is the same model, exported with one beam: `--greedy` writes it, which needs
TensorFlow.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time

SETS = {
    "translate_fr_de": ("multi30k", ("val", "fr", "de")),
    "classify_sentiment_en": ("sst2", ("val",)),
}
_GREEDY = "translate_fr_de"
_LINES = 512


def measure(name, shown, rounds):
    """Prints a row for a model, a name or a folder, that answers the lines of the model `shown`."""
    import psutil

    from zoo import data
    from zoo.batch import Answerer

    loader, arguments = SETS[shown]
    lines = [pair[0] for pair in getattr(data, loader)(*arguments)][:_LINES]
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
    print(
        f"| {shown}{', greedy' if name != shown else ''} | {length:.1f} "
        f"| {median:.0f} ({least:.0f} to {most:.0f}) | {memory:.0f} |",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs=2, metavar=("NAME", "SHOWN"), help="one row")
    parser.add_argument("--greedy", metavar="FOLDER", help="write the greedy model there, and end")
    given = parser.parse_args()
    if given.greedy:
        import zoo

        model = zoo.load(_GREEDY)
        model.decoding = model.decoding.updated(num_beams=1)
        print(zoo.serving.export_litert(model, given.greedy))
        return
    if given.only:
        measure(*given.only, given.rounds)
        return
    me = [sys.executable, "-m", "benchmarks.corpus", "--rounds", str(given.rounds)]
    print("| model | words a line | lines a CPU second | MB |\n|---|---|---|---|", flush=True)
    for name in SETS:
        subprocess.run([*me, "--only", name, name], check=True, stderr=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as folder:
        written = subprocess.run([*me, "--greedy", folder], check=True, capture_output=True)
        greedy = written.stdout.decode().split()[-1]
        subprocess.run([*me, "--only", greedy, _GREEDY], check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
