"""Lines as people type them: without a stop, in capitals, with slips, with what is to be kept."""

import collections
import hashlib
import re
from pathlib import Path
from typing import NamedTuple

from zoo.evaluation.markdown import table
from zoo.evaluation.measures import MEASURES, figure, titles
from zoo.evaluation.scores import bleu, chrf
from zoo.evaluation.translation import measure_pairs

_FOLDER = Path(__file__).resolve().parent
# Of ASCII: in Chinese, no space stands around them.
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_URL = re.compile(r"(?:https?://)?(?:[\w-]+\.)+[a-z]{2,}\b(?:/[\w./-]*\w)?", re.ASCII)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_NAME = re.compile(r"(?<![^\W\u3400-\u9fff])[A-ZÀ-ÞŠŽ][^\W\u3400-\u9fff]+")  # in Chinese, too


class AsTyped(NamedTuple):
    """A hundred lines written for this measure, ten of a kind; they are in no data set.

    The file `as_typed.SOURCE-TARGET.tsv` beside this module has a line `kind TAB source TAB
    reference` for each.

    Attributes:
        source, target: languages.
    """

    source: str
    target: str

    data = "as_typed"
    split = "test"
    compared = 100  # inputs of `compare_litert`
    unit = "sentences"  # key of a result: how many were measured

    @property
    def name(self):
        """Readable and unique: `"as_typed de-en"`."""
        return f"{self.data} {self.source}-{self.target}"

    @property
    def path(self):
        """The file of the lines."""
        return _FOLDER / f"{self.data}.{self.source}-{self.target}.tsv"

    @property
    def checksums(self):
        """Name of the file -> its SHA-256."""
        return {self.path.name: hashlib.sha256(self.path.read_bytes()).hexdigest()}

    def read(self, data_dir=None):
        """List of `(kind, source, reference)`; `data_dir` does not matter."""
        lines = self.path.read_text(encoding="utf-8").splitlines()
        return [tuple(line.split("\t")) for line in lines]

    def pairs(self, data_dir=None):
        """List of `(source, reference)`."""
        return [row[1:] for row in self.read(data_dir)]

    def measure(self, model, material, limit=None):
        """Measure as `evaluate_pairs`, and by kind.

        Returns:
            dict: what `evaluate_pairs` gives; `kinds`, a dict from a kind to its `sentences` and
            its `chrf`; and `copied`, see `copied`.
        """
        rows = material[:limit]
        measured, answers = measure_pairs(model, [row[1:] for row in rows], self.name)
        kinds = {}
        for kind in dict.fromkeys(row[0] for row in rows):
            both = [(a, row[2]) for row, a in zip(rows, answers, strict=True) if row[0] == kind]
            score = chrf(*map(list, zip(*both, strict=True))).score
            kinds[kind] = {"sentences": len(both), "chrf": score}
        result = {"lines": len(material), **measured, "kinds": kinds}
        return {**result, "copied": copied(rows, answers)}

    def inputs(self, material, count):
        """The first sources, and no options of decoding; see `compare_litert`."""
        return [row[1] for row in material[:count]], {}

    def score(self, model, material, answers):
        """Name and value of the measure of answers to `inputs`."""
        return "bleu", bleu(answers, [row[2] for row in material[: len(answers)]]).score

    @staticmethod
    def summary(result):
        """One line of the figures that count."""
        shares = (f"{x['kept']} of {x['of']} {what}" for what, x in result["copied"].items())
        return (
            f"BLEU {result['bleu']['score']:.2f}, chrF {result['chrf']['score']:.2f} "
            f"({result['sentences']} sentences); kept: {', '.join(shares)}"
        )

    def section(self, result):
        """Paragraphs of the card: the kinds of lines, and what is kept."""
        kept = (
            f"{100 * share['kept'] / share['of']:.0f} % of {share['of']} {what}"
            for what, share in result["copied"].items()
        )
        yield f"{self.name}, by kind; kept as they stand in the source: {', '.join(kept)}."
        measures = [key for key in MEASURES if key in next(iter(result["kinds"].values()))]
        rows = [
            [kind, found["sentences"], *(figure(found, key) for key in measures)]
            for kind, found in result["kinds"].items()
        ]
        yield table(["", "sentences", *titles(measures)], rows)


def copied(rows, answers):
    """How much of what a translation keeps as it is stands in the answers.

    That is what source and reference have in common: numbers with times and prices, e-mail
    addresses and URLs, and in lines of the kind `names` words with a capital.

    Args:
        rows: list of `(kind, source, reference)`.
        answers: list of as many str.

    Returns:
        dict from `"numbers"`, `"names"`, `"e-mail addresses"` and `"URLs"`, where there are some,
        to `{"kept", "of"}`, how many of how many.
    """
    found = collections.defaultdict(lambda: {"kept": 0, "of": 0})
    for (kind, *texts), answer in zip(rows, answers, strict=True):
        source, reference, here = (_to_keep(text, kind == "names") for text in (*texts, answer))
        for what in here:
            expected = source[what] & reference[what]
            if expected:
                found[what]["of"] += sum(expected.values())
                found[what]["kept"] += sum((expected & here[what]).values())
    return dict(found)


def _to_keep(text, with_names):
    """What of a text may have to be kept: what it is -> `Counter`."""
    found = {}
    for what, pattern in (("e-mail addresses", _EMAIL), ("URLs", _URL), ("numbers", _NUMBER)):
        found[what] = collections.Counter(pattern.findall(text))
        text = pattern.sub(" ", text)  # a number in an address is no number of its own
    found["names"] = collections.Counter(_NAME.findall(text) if with_names else [])
    return found
