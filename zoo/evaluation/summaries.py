"""Measure a summariser: ROUGE, what it copies, and whether its names are right."""

import math
import re
import statistics
from typing import NamedTuple

from zoo import data
from zoo.evaluation.markdown import table
from zoo.evaluation.measures import figure, titles
from zoo.evaluation.progress import progress
from zoo.evaluation.sources import checksums

_BATCH = 32
_KINDS = {
    "rouge_1": "rouge1",
    "rouge_2": "rouge2",
    "rouge_l_sum": "rougeLsum",
    "rouge_l_text": "rougeL",
}
_NAME = re.compile(r"#Person\d#|(?<![.!?] )(?<!^)\b[A-Z][a-z]+\b")


class SummaryCorpus(NamedTuple):
    """One split of one set of conversations with summaries.

    Attributes:
        data: key of `zoo.data.DATASETS`, which is also the name of its loader.
        split: split of the set.
    """

    data: str
    split: str

    compared = 100  # inputs of `compare_litert`
    unit = "texts"  # key of a result: how many were measured

    @property
    def name(self):
        """Readable and unique: `"dialogsum test"`."""
        return f"{self.data} {self.split}"

    @property
    def checksums(self):
        """Path -> SHA-256 of the files behind the corpus; the loaders compare these on reading."""
        return checksums(self.data, rf"\b{self.split}\.")

    def read(self, data_dir=None):
        """What `measure` needs: a list of `zoo.data.Summarized`."""
        return getattr(data, self.data)(self.split, data_dir=data_dir)

    def measure(self, model, material, limit=None):
        """Measures a `zoo.Summarizer`; see `measure_summaries`.

        With it come `loss`, in nats per token of the references, and `baselines`: ROUGE of the
        three first and of the three longest turns.
        """
        rows = material[:limit]
        texts, log_prob, tokens = [], 0.0, 0
        for start in progress(range(0, len(rows), _BATCH), self.name):
            batch = rows[start : start + _BATCH]
            texts += model.summarize([row.dialogue for row in batch])
            pairs = [(row.dialogue, text) for row in batch for text in row.summaries]
            log_prob += float(model.score(*map(list, zip(*pairs, strict=True))).sum())
            ids = model.target_tokenizer.encode([text for _, text in pairs])
            tokens += sum(len(row) + 1 for row in ids)  # 1: the end
        return {
            **measure_summaries(texts, rows),
            "loss": -log_prob / tokens,
            "perplexity": math.exp(-log_prob / tokens),
            "baselines": {
                name: rouge([choose(row.dialogue) for row in rows], [r.summaries for r in rows])
                for name, choose in (("the three first turns", _lead), ("the longest", _longest))
            },
            "conversations": [
                {"dialogue": row.dialogue, "summary": text, "reference": row.summaries[0]}
                for row, text in list(zip(rows, texts, strict=True))[:: max(1, len(rows) // 3)]
            ],
        }

    def inputs(self, material, count):
        """The first conversations, and no options of decoding; see `compare_litert`."""
        return [row.dialogue for row in material[:count]], {}

    def score(self, model, material, answers):
        """Name and value of the measure of answers to `inputs`."""
        references = [row.summaries for row in material[: len(answers)]]
        return "rouge_1", rouge(answers, references)["rouge_1"]

    @staticmethod
    def summary(result):
        """One line of the figures that count."""
        mean = " / ".join(f"{result[name]:.2f}" for name in _KINDS)
        best = " / ".join(f"{result[f'{name}_best']:.2f}" for name in _KINDS)
        return (
            f"ROUGE-1/2/Lsum/L {mean} (best of the references: {best}), "
            f"{result['words']:.1f} words long, names right {result['names_right']:.1%} "
            f"({result['texts']} conversations)"
        )

    def section(self, result):
        """Paragraphs of the card: beside the turns themselves, and what is copied."""
        keys = ("rouge_1", "rouge_2", "rouge_l_sum", "rouge_l_text")
        yield f"On {self.name}, beside the turns themselves:"
        rows = [
            [system, *(figure(found, key) for key in keys)]
            for system, found in [("**this model**", result), *result["baselines"].items()]
        ]
        yield table(["", *titles(keys)], rows)
        yield (
            f"Summaries are {result['words']:.1f} words long (those of people "
            f"{result['reference_words']:.1f}). {100 * result['copied']:.1f} % of their words "
            f"stand in the conversation ({100 * result['reference_copied']:.1f} %), "
            f"{100 * result['copied_3']:.1f} % of their runs of three words "
            f"({100 * result['reference_copied_3']:.1f} %). Of their names "
            f"{100 * result['names_right']:.1f} % are of the conversation; of the names that "
            f"people's summaries have, they have {100 * result['names_found']:.1f} %."
        )
        yield "Not chosen:"
        rows = [
            [shown["dialogue"].replace("\n", " / "), shown["summary"], shown["reference"]]
            for shown in result["conversations"]
        ]
        yield table(["conversation", "the model", "people"], rows)


def measure_summaries(texts, rows):
    """Scores of summaries by those that people wrote.

    Args:
        texts: list of str.
        rows: for each its `zoo.data.Summarized`.

    Returns:
        dict: `texts`; those of `rouge`; `copied`, the share of the words of the summaries that
        stand in the conversation, and `copied_3`, that of the runs of three words, each beside
        those of the references (`reference_copied`, `reference_copied_3`); `names_right`, the share
        of the names in summaries that stand in the conversation, and `names_found`, the share of
        the names of the first reference, as far as they stand in the conversation, that the summary
        has; `words`, the mean length, and `reference_words`. A name is a `#Person1#`, or a
        capital word that does not begin a sentence.
    """
    firsts = [row.summaries[0] for row in rows]
    talks = [row.dialogue for row in rows]
    right = found = named = wanted = 0
    for text, first, talk in zip(texts, firsts, talks, strict=True):
        said, known = set(_NAME.findall(text)), set(re.findall(r"#Person\d#|\w+", talk))
        right += len(said & known)
        named += len(said)
        asked = set(_NAME.findall(first)) & known
        found += len({name for name in asked if name in text})
        wanted += len(asked)
    return {
        "texts": len(texts),
        **rouge(texts, [row.summaries for row in rows]),
        **{
            f"{whose}copied{suffix}": _copied(summaries, talks, size)
            for whose, summaries in (("", texts), ("reference_", firsts))
            for suffix, size in (("", 1), ("_3", 3))
        },
        "names_right": right / max(1, named),
        "names_found": found / max(1, wanted),
        "words": statistics.fmean(len(text.split()) for text in texts),
        "reference_words": statistics.fmean(len(text.split()) for text in firsts),
    }


def rouge(texts, references):
    """ROUGE-1, -2 and -L, F in percent, by the package rouge-score with its stemmer.

    ROUGE-L comes in two forms: of a text as one sequence (`rouge_l_text`), and of the union of its
    sentences (`rouge_l_sum`), which is some points higher and near to what py-rouge gives, by which
    most summaries of conversations were measured.

    Args:
        texts: list of str.
        references: for each a list of str.

    Returns:
        dict: `rouge_1`, `rouge_2`, `rouge_l_sum` and `rouge_l_text`, the mean over a text's
        references, and with `_best` behind the name that by the one that fits best.

    Reference:
        Lin 2004, ROUGE: A Package for Automatic Evaluation of Summaries.
    """
    from rouge_score import rouge_scorer

    scorer = rouge_scorer.RougeScorer(list(_KINDS.values()), use_stemmer=True)
    each = [
        [scorer.score(_sentences(other), _sentences(text)) for other in others]
        for text, others in zip(texts, references, strict=True)
    ]
    result = {}
    for name, kind in _KINDS.items():
        scores = [[100 * found[kind].fmeasure for found in row] for row in each]
        result[name] = statistics.fmean(map(statistics.fmean, scores))
        result[f"{name}_best"] = statistics.fmean(map(max, scores))
    return result


def _sentences(text):
    """A text with each sentence on a line of its own."""
    return re.sub(r"(?<=[.!?])\s+", "\n", text.strip())


def _copied(summaries, talks, size):
    """Share of the runs of `size` words of summaries that stand in their conversations."""
    hits = runs = 0
    for text, talk in zip(summaries, talks, strict=True):
        known = set(_runs(talk, size))
        mine = _runs(text, size)
        hits += sum(run in known for run in mine)
        runs += len(mine)
    return hits / max(1, runs)


def _runs(text, size):
    words = re.findall(r"#person\d#|\w+", text.lower())
    return [tuple(words[i : i + size]) for i in range(len(words) - size + 1)]


def _lead(dialogue):
    return "\n".join(dialogue.splitlines()[:3])


def _longest(dialogue):
    """The three longest turns in their order (Longest-3)."""
    lines = dialogue.splitlines()
    chosen = sorted(range(len(lines)), key=lambda i: -len(lines[i]))[:3]
    return "\n".join(lines[i] for i in sorted(chosen))
