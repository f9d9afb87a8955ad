"""What `max_sentence_length` of a translator is worth: lines of several sentences, whole and cut.

    python scripts/compare_cutting.py translate_de_en --limit 100

Of each validation split on which the model is measured, and of the conversations in its languages,
it answers the first `--limit` lines that have several sentences; where there are hardly any, lines
of two and of four sentences of the split are made. BLEU and chrF are printed for each length up to
which a line stays whole. The data is found as `zoo.data.find` says.
"""

import argparse
import random
from pathlib import Path

import keras

import zoo  # noqa: F401  it registers the classes of the file
from zoo.evaluation import CORPORA, Corpus, evaluate_pairs
from zoo.text import cut_sentences

_LENGTHS = (0, 30, 60, None)
_FEW = 20


def sets(name, limit):
    """Name -> pairs whose source has several sentences."""
    first = CORPORA[name][0]
    corpora = [c for c in CORPORA[name] if isinstance(c, Corpus) and c.split == "val"]
    if {first.source, first.target} <= {"de", "en", "zh"}:
        corpora.append(Corpus("xdailydialog", "val", first.source, first.target))
    for corpus in corpora:
        pairs = [pair for pair in corpus.pairs() if all(pair)]
        several = [pair for pair in pairs if len(cut_sentences(pair[0]).sentences) > 1]
        if len(several) >= _FEW:
            yield corpus.name, several[:limit]
            continue
        for count in (2, 4):
            rng = random.Random(count)
            space = "" if corpus.source == "zh" else " "
            drawn = [zip(*rng.sample(pairs, count), strict=True) for _ in range(limit)]
            joined = [(space.join(sources), " ".join(targets)) for sources, targets in drawn]
            yield f"{corpus.name}, {count} in a line", joined


def main():
    """Read the command line, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    names = [name for name in CORPORA if name.startswith("translate")]
    parser.add_argument("name", metavar="NAME", choices=names)
    parser.add_argument("--limit", type=int, default=100, help="lines of each set")
    parser.add_argument("--models", type=Path, default=Path("saved_models"))
    arguments = parser.parse_args()
    model = keras.models.load_model(arguments.models / arguments.name / "model.keras")
    for name, pairs in sets(arguments.name, arguments.limit):
        print(f"{name}: {len(pairs)} lines")
        for length in _LENGTHS:
            model.max_sentence_length = length
            found = evaluate_pairs(model, pairs)
            scores = f"BLEU {found['bleu']['score']:.1f}, chrF {found['chrf']['score']:.1f}"
            print(f"  max_sentence_length={length}: {scores}", flush=True)


if __name__ == "__main__":
    main()
