"""Measure a knowledge tracer: whether it knows which answers will be right."""

from typing import NamedTuple

import numpy as np

from zoo import data
from zoo.evaluation.labels import calibration_error
from zoo.evaluation.progress import progress
from zoo.evaluation.sources import checksums

_BATCH = 256  # pupils that are traced together
_SAMPLES = 1_000  # of the bootstrap


class LearnerCorpus(NamedTuple):
    """One split of one set of pupils' answers.

    Attributes:
        data: key of `zoo.data.DATASETS`, which is also the name of its loader.
        split: split of the set.
        set: which of the sets that the loader has.
    """

    data: str
    split: str
    set: str

    unit = "answers"  # key of a result: how many were measured

    @property
    def name(self):
        """Readable and unique: `"learners test assist2015"`."""
        return f"{self.data} {self.split} {self.set}"

    @property
    def checksums(self):
        """Path -> SHA-256 of the files behind the corpus; the loaders compare these on reading."""
        file = "test" if self.split == "test" else "train"
        return checksums(self.data, rf"{self.set}\.{file}\.")

    def read(self, data_dir=None):
        """What `measure` needs: the sequences of (skill, right), and those of the training."""
        load = getattr(data, self.data)
        return tuple(load(self.set, split, data_dir=data_dir) for split in (self.split, "train"))

    def measure(self, model, material, limit=None):
        """Measures a `zoo.KnowledgeTracer` on the first `limit` pupils; see `measure_tracing`."""
        sequences, training = material
        return measure_tracing(model, sequences[:limit], training, self.name)

    @staticmethod
    def summary(result):
        """One line of the figures that count."""
        return (
            f"AUC {result['auc']:.4f} ({result['skill_auc']:.4f} by the skill alone), accuracy "
            f"{result['accuracy']:.4f} ({result['answers']} answers of {result['pupils']} pupils)"
        )

    def section(self, result):
        """Paragraphs of the card: by how much it is better than the skill alone."""
        low, high, p = (result["skill_bootstrap"][key] for key in ("low", "high", "p"))
        yield (
            f"On {self.name} the AUC is better than that of the skill alone, the share of right "
            f"answers that it had in the training, by {low:+.3f} to {high:+.3f} (95 % interval; in "
            f"a share of {p:.3f} of 1,000 samples of the pupils it is not better: paired "
            "bootstrap)."
        )


def measure_tracing(model, sequences, training, description="pupils"):
    """Measure a knowledge tracer on all answers of all pupils, the first of each among them.

    Args:
        model: `zoo.KnowledgeTracer`.
        sequences: list of lists of (skill, right).
        training: the sequences that the baseline counts.
        description: of the progress bar.

    Returns:
        dict: `pupils` and `answers`, how many; `auc`; `accuracy`, where what is more likely is
        taken; `loss`, in nats an answer; `calibration_error`, see `zoo.evaluation.labels`;
        `skill_auc`, the AUC of the share of right answers that each skill had in the training;
        `skill_bootstrap`, how sure it is that `auc` is better: `low` and `high` of the 95 %
        interval of the difference, and `p`, the share of 1,000 samples of the pupils in which it is
        not.

    Raises:
        ValueError: no answers, or all of them right, or all wrong.
    """
    right = np.array([is_right for row in sequences for _, is_right in row], "float64")
    starts = range(0, len(sequences), _BATCH)
    found = [
        probabilities
        for start in progress(list(starts), description)
        for probabilities in model.probabilities(sequences[start : start + _BATCH])
    ]
    found = np.concatenate([*found, np.zeros(0)]).astype("float64")
    said = np.where(right == 1, found, 1 - found)
    by_skill = np.array(_by_skill(sequences, training))
    return {
        "pupils": len(sequences),
        "answers": len(right),
        "auc": auc(found, right),
        "accuracy": float(np.mean((found >= 0.5) == right)),
        "loss": float(-np.log(np.maximum(said, 1e-30)).mean()),
        "calibration_error": calibration_error(np.maximum(found, 1 - found), said >= 0.5),
        "skill_auc": auc(by_skill, right),
        "skill_bootstrap": _bootstrap(found, by_skill, right, list(map(len, sequences))),
    }


def _bootstrap(ours, theirs, right, lengths):
    """Differences of two AUCs over samples of the pupils, whose answers belong together."""
    ends = np.cumsum(lengths)
    answers = [np.arange(end - length, end) for end, length in zip(ends, lengths, strict=True)]
    rng, differences = np.random.default_rng(1), []
    while len(differences) < _SAMPLES:
        drawn = rng.integers(len(answers), size=len(answers))
        some = np.concatenate([answers[i] for i in drawn])
        if 0 < right[some].sum() < len(some):  # else there is no AUC
            differences.append(auc(ours[some], right[some]) - auc(theirs[some], right[some]))
    low, high = np.quantile(differences, (0.025, 0.975))
    p = np.mean(np.array(differences) <= 0)
    return {"low": float(low), "high": float(high), "p": float(p)}


def auc(scores, right):
    """The area under the receiver operating characteristic.

    It is the chance that a right answer has a higher score than a wrong one; a tie counts half.

    Args:
        scores: float (N,).
        right: bool or 0 and 1 (N,).

    Raises:
        ValueError: there is no right one, or no wrong one.
    """
    scores, right = np.asarray(scores, "float64"), np.asarray(right, "bool")
    many, few = int(right.sum()), int((~right).sum())
    if not many or not few:
        raise ValueError(f"right must have both kinds; got {many} right and {few} wrong.")
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]  # from 1, of a tie the mean
    return float((ranks[right].sum() - many * (many + 1) / 2) / (many * few))


def _by_skill(sequences, training):
    """The share of right answers of the skill of each answer, smoothed by one of each kind."""
    counts = {}
    for skill, is_right in (answer for row in training for answer in row):
        wrong, right = counts.get(skill, (1, 1))
        counts[skill] = (wrong + (not is_right), right + bool(is_right))
    shares = {skill: right / (wrong + right) for skill, (wrong, right) in counts.items()}
    return [shares.get(skill, 0.5) for row in sequences for skill, _ in row]
