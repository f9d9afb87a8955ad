"""Measure a matcher: how early the right sentence comes, and which questions are one."""

from typing import NamedTuple

import numpy as np

from zoo import data
from zoo.evaluation.lexical import BASELINES, Lexical
from zoo.evaluation.markdown import table
from zoo.evaluation.measures import figure, interval
from zoo.evaluation.progress import progress
from zoo.evaluation.ranking import average_precision, paired_bootstrap, reciprocal_rank
from zoo.evaluation.sources import checksums

_BATCH = 1024  # pairs that are scored together
_SHOWN = 5  # questions whose right sentence came late


class PairCorpus(NamedTuple):
    """One split of one set of judged pairs of texts, whose matches are to be found.

    Attributes:
        data: key of `zoo.data.DATASETS`, which is also the name of its loader.
        split: split of the set.
    """

    data: str
    split: str

    unit = "texts"  # key of a result: how many were measured

    @property
    def name(self):
        """Readable and unique: `"atec test"`."""
        return f"{self.data} {self.split}"

    @property
    def checksums(self):
        """Path -> SHA-256 of the files behind the corpus; the loaders compare these on reading."""
        return checksums(self.data, rf"\b{self.split}\.")

    def read(self, data_dir=None):
        """What `measure` needs: a list of (text, text, 0 or 1); errors as of the loaders."""
        return getattr(data, self.data)(self.split, data_dir=data_dir)

    def measure(self, model, material, limit=None):
        """Measures a `zoo.Matcher` on the first `limit` pairs, with the threshold kept in it."""
        triples = material[:limit]
        said = scores_of(model, triples, self.name) >= model.threshold
        return {"texts": len(triples), **_found(said, np.array([y for *_, y in triples]))}

    @staticmethod
    def summary(result):
        """One line of the figures that count."""
        return (
            f"F1 {result['f1']:.4f}, precision {result['precision']:.4f}, recall "
            f"{result['recall']:.4f}, accuracy {result['accuracy']:.4f} ({result['texts']} pairs)"
        )


class AnswerCorpus(NamedTuple):
    """One split of one set of questions with sentences, of which some answer them.

    Attributes:
        data, split: as of `PairCorpus`.
    """

    data: str
    split: str

    compared = 100  # questions of `compare_litert`
    unit = "questions"  # key of a result: how many were measured

    name, checksums = PairCorpus.name, PairCorpus.checksums

    def read(self, data_dir=None):
        """The judged pairs, and the sentences of the training, by which words are called rare."""
        load = getattr(data, self.data)
        train = [text for _, text, _ in load("train", data_dir=data_dir)]
        return load(self.split, data_dir=data_dir), train

    def measure(self, model, material, limit=None):
        """Measures a `zoo.Matcher` on the first `limit` questions; see `measure_answers`."""
        triples, train = material
        lists = dict(list(by_question(triples).items())[:limit])
        return measure_answers(model, lists, Lexical(train), self.name)

    def inputs(self, material, count):
        """The first questions, each with its sentences in lines below; see `compare_litert`."""
        lists = list(by_question(material[0]).items())[:count]
        return ["\n".join([question, *(text for text, _ in rows)]) for question, rows in lists], {}

    def score(self, model, material, answers):
        """Name and value of the measure of answers to `inputs`."""
        lists = by_question(material[0]).values()
        right = [dict(rows)[answer] for answer, rows in zip(answers, lists, strict=False)]
        return "right_first", sum(right) / len(right)

    @staticmethod
    def summary(result):
        """One line of the figures that count."""
        beside = ", ".join(
            f"{name} {found['map']:.4f} / {found['mrr']:.4f}"
            for name, found in result["matching_baselines"].items()
        )
        return (
            f"MAP {result['map']:.4f}, MRR {result['mrr']:.4f} ({result['questions']} questions; "
            f"{beside})"
        )

    def section(self, result):
        """Paragraphs of the card: beside what knows words alone, and the worst questions."""
        yield (
            f"Beside what knows words alone, on {result['sentences']} sentences of {self.name}, "
            "with the 95 % interval of how much better the model's MAP is and the share p of "
            "10,000 samples of the questions in which it is not (paired bootstrap). Of sentences "
            "with the same score, wrong ones are taken to come first:"
        )
        rows = [["**this model**", figure(result, "map"), figure(result, "mrr"), "", ""]]
        for baseline, found in result["matching_baselines"].items():
            figures = [figure(found, key) for key in ("map", "mrr")]
            rows.append([baseline, *figures, *interval(found["bootstrap"])])
        yield table(["", "MAP", "MRR", "the model is better by", "p"], rows)
        rows = [
            [late["question"], f"{late['place']} of {late['of']}", late["right"], late["first"]]
            for late in result["late"]
        ]
        yield "Questions whose right sentence came latest:"
        yield table(["question", "place", "right", "came first"], rows)


def by_question(triples):
    """Judged pairs -> dict of a question -> list of (text, 0 or 1)."""
    lists = {}
    for question, text, right in triples:
        lists.setdefault(question, []).append((text, right))
    return lists


def scores_of(model, triples, description):
    """The scores of pairs, float (N,)."""
    pairs = [row[:2] for row in triples]
    batches = [pairs[start : start + _BATCH] for start in range(0, len(pairs), _BATCH)]
    return np.concatenate([model.answer(batch) for batch in progress(batches, description)])


def measure_answers(model, lists, lexical, description="answers"):
    """Measures a matcher on questions with sentences.

    Questions that none of their sentences answers count in nothing. Of sentences with the same
    score, wrong ones are taken to come first.

    Args:
        model: `zoo.Matcher`.
        lists: dict of a question -> list of (sentence, 0 or 1).
        lexical: `Lexical`, for the baselines.
        description: what a progress bar says.

    Returns:
        dict: `questions`, `sentences`, `map`, `mrr`, `right_first` (the share of questions whose
        first sentence is right), `matching_baselines` (name -> `map`, `mrr`, and `bootstrap` of
        the average precisions of the model against it), and `late`, questions whose right sentence
        came latest.

    Raises:
        ValueError: no question has an answer.
    """
    lists = {q: rows for q, rows in lists.items() if any(right for _, right in rows)}
    if not lists:
        raise ValueError("lists must hold a question with an answer; got none.")
    triples = [(q, text, right) for q, rows in lists.items() for text, right in rows]
    cuts = np.cumsum([len(rows) for rows in lists.values()])[:-1]
    grades = np.split(np.array([right for *_, right in triples]), cuts)

    def figures(scores):
        parts = list(zip(np.split(np.asarray(scores), cuts), grades, strict=True))
        return (
            np.array([average_precision(*part) for part in parts]),
            np.array([reciprocal_rank(*part) for part in parts]),
        )

    ours = scores_of(model, triples, description)
    precision, rank = figures(ours)
    baselines = {}
    for name, score in BASELINES.items():
        theirs = figures([score(lexical, question, text) for question, text, _ in triples])
        baselines[name] = {
            "map": float(theirs[0].mean()),
            "mrr": float(theirs[1].mean()),
            "bootstrap": paired_bootstrap(precision, theirs[0]),
        }
    shown = np.argsort(rank, kind="stable")[:_SHOWN]
    return {
        "questions": len(lists),
        "sentences": len(triples),
        "map": float(precision.mean()),
        "mrr": float(rank.mean()),
        "right_first": float(np.mean(rank == 1)),
        "matching_baselines": baselines,
        "late": [_late(*list(lists.items())[i], np.split(ours, cuts)[i]) for i in shown],
    }


def _late(question, rows, scores):
    """What came first, and the best of what should have."""
    right = np.array([right for _, right in rows], bool)
    best = int(np.argmax(np.where(right, scores, -1)))
    first = rows[int(np.argmax(scores))][0]
    return {
        "question": question,
        "first": first,
        "right": rows[best][0],
        "place": 1 + int(np.sum(scores > scores[best])),
        "of": len(rows),
    }


def _found(said, right):
    """How well matches were found: bool (N,) against 0 and 1."""
    hits = int(np.sum(said & (right == 1)))
    precision, recall = hits / max(1, int(said.sum())), hits / max(1, int(right.sum()))
    return {
        "f1": 2 * hits / max(1, int(said.sum() + right.sum())),
        "precision": precision,
        "recall": recall,
        "accuracy": float(np.mean(said == (right == 1))),
    }
