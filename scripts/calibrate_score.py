"""How good the answers of a translator are by how sure it was: the curve behind `--min-score`.

    python scripts/calibrate_score.py translate_de_en --limit 200 [--write]

It answers the validation splits on which the model is measured, the first `--limit` pairs of each,
and prints the mean chrF of the least sure answers beside that of the others, by the mean
log-probability of their tokens. `--write` adds the curve to `metrics.json`, for the card. The data
is found as `zoo.data.find` says.
"""

import argparse
from pathlib import Path

import keras

import zoo  # noqa: F401  it registers the classes of the file
from zoo.evaluation import CORPORA, Corpus, answer_quality, calibration, write_calibration


def validation_pairs(name, limit):
    """The first pairs of each validation split of a translator."""
    corpora = [c for c in CORPORA[name] if isinstance(c, Corpus) and c.split == "val"]
    return [pair for corpus in corpora for pair in corpus.pairs()[:limit]]


def main():
    """Read the command line, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    names = [name for name in CORPORA if name.startswith("translate")]
    parser.add_argument("name", metavar="NAME", choices=names)
    parser.add_argument("--limit", type=int, help="pairs of each split; default: all")
    parser.add_argument("--models", type=Path, default=Path("saved_models"))
    parser.add_argument("--write", action="store_true", help="add it to metrics.json")
    arguments = parser.parse_args()
    folder = arguments.models / arguments.name
    model = keras.models.load_model(folder / "model.keras")
    pairs = validation_pairs(arguments.name, arguments.limit)
    result = calibration(answer_quality(model, pairs))
    ranks = ", ".join(f"{x:.2f} {name}" for name, x in result["rank_correlation"].items())
    print(
        f"{result['answers']} answers; rank correlation of the log-probability with chrF: {ranks}"
    )
    print("least sure   score up to   their chrF   chrF of the others")
    for point in result["curve"]:
        others = "" if point["others"] is None else f"{point['others']:.1f}"
        print(f"{point['share']:10.0%}{point['below']:14.2f}{point['chrf']:13.1f}{others:>21}")
    if arguments.write:
        write_calibration(folder, result)


if __name__ == "__main__":
    main()
