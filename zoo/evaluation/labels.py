"""Measure a classifier: how often it is right, and whether it knows."""

import math
from collections import Counter
from typing import NamedTuple

import numpy as np

from zoo import data
from zoo.evaluation.markdown import table
from zoo.evaluation.progress import progress
from zoo.evaluation.sources import checksums

_BATCH = 256  # texts classified together
_BINS = 15  # of the expected calibration error, as in Guo et al. 2017
_SHOWN = 5  # of the mistakes that the model was most sure of


class LabelCorpus(NamedTuple):
    """One split of one set of labelled texts.

    Attributes:
        data: key of `zoo.data.DATASETS`, which is also the name of its loader.
        split: split of the set.
        column: which labels, of a set that has several; else None.
    """

    data: str
    split: str
    column: str | None = None

    compared = 500  # inputs of `compare_litert`
    unit = "texts"  # key of a result: how many were measured

    @property
    def name(self):
        """Readable and unique: `"sst2 test"`, `"shopping_zh test polarity"`."""
        return " ".join(filter(None, (self.data, self.split, self.column)))

    @property
    def checksums(self):
        """Path -> SHA-256 of the files behind the corpus; the loaders compare these on reading.

        A split without a file of its own is a part of the training file.
        """
        own = checksums(self.data, rf"\b{self.split}\.")
        return own or checksums(self.data, r"\btrain\.")

    def read(self, data_dir=None):
        """What `measure` needs: a list of (text, label); errors as of the loaders."""
        column = {} if self.column is None else {"column": self.column}
        return getattr(data, self.data)(self.split, data_dir=data_dir, **column)

    def measure(self, model, material, limit=None):
        """Measures a `zoo.Classifier` on the first `limit` pairs; see `measure_labels`."""
        return {"lines": len(material), **measure_labels(model, material[:limit], self.name)}

    def inputs(self, material, count):
        """The first texts, and no options; see `compare_litert`."""
        return [text for text, _ in material[:count]], {}

    def score(self, model, material, answers):
        """Name and value of the measure of answers to `inputs`."""
        pairs = zip(answers, material, strict=False)
        return "accuracy", sum(answer == label for answer, (_, label) in pairs) / len(answers)

    @staticmethod
    def summary(result):
        """One line of the figures that count."""
        return (
            f"accuracy {result['accuracy']:.4f}, macro F1 {result['macro_f1']:.4f}, expected "
            f"calibration error {result['calibration_error']:.4f} ({result['texts']} texts)"
        )

    def section(self, result):
        """Paragraphs of the card, of the test set: by label, and the surest mistakes."""
        if self.split != "test":
            return
        yield (
            "The loss is in nats per text; the expected calibration error is the mean distance "
            "between the probability of an answer and how often such answers are right. By label, "
            f"on {self.name}:"
        )
        rows = [
            [label, found["texts"], f"{found['precision']:.3f}", f"{found['recall']:.3f}"]
            for label, found in result["by_label"].items()
        ]
        yield table(["label", "texts", "precision", "recall"], rows)
        yield "The mistakes that it was most sure of:"
        rows = [
            [wrong["text"], wrong["label"], wrong["answer"], f"{wrong['probability']:.3f}"]
            for wrong in result["mistakes"]
        ]
        yield table(["text", "label", "answer", "probability"], rows)


def measure_labels(model, pairs, description="texts"):
    """Measure any classifier on any labelled texts.

    Args:
        model: `zoo.Classifier`.
        pairs: list of (text, label), labels as of the model.
        description: of the progress bar.

    Returns:
        dict: `texts`; `accuracy`; `macro_f1`, the mean of F1 over the labels that occur; `loss`, in
        nats per text; `calibration_error`, the expected calibration error: the mean distance
        between the probability of the answers and the share of them that are right, in 15 bins;
        `most_common`, the accuracy of who always says the most common label; `by_label`, for each
        label its `texts`, `precision` and `recall`; `mistakes`, those that the model was most sure
        of.

    Raises:
        ValueError: no pairs, or a label that the model does not have.

    Reference:
        Guo et al. 2017, On Calibration of Modern Neural Networks, equation 3.
    """
    if not pairs:
        raise ValueError("pairs must hold at least one pair; got 0 pairs.")
    texts, labels = map(list, zip(*pairs, strict=True))
    unknown = sorted(set(labels) - set(model.labels))
    if unknown:
        raise ValueError(f"labels must be of {', '.join(model.labels)}; got {unknown}.")
    batches = [texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]
    found = np.concatenate([model.answer(batch) for batch in progress(batches, description)])
    right = np.array([model.labels.index(label) for label in labels])
    best, sure = found.argmax(axis=1), found.max(axis=1)
    by_label = {
        label: figures
        for number, label in enumerate(model.labels)
        if (figures := _of_label(best == number, right == number))
    }
    wrong = sorted(np.flatnonzero(best != right), key=lambda i: -sure[i])[:_SHOWN]
    return {
        "texts": len(texts),
        "accuracy": float(np.mean(best == right)),
        "macro_f1": float(np.mean([_f1(figures) for figures in by_label.values()])),
        "loss": float(-np.log(np.maximum(found[np.arange(len(right)), right], 1e-30)).mean()),
        "calibration_error": calibration_error(sure, best == right),
        "most_common": Counter(labels).most_common(1)[0][1] / len(labels),
        "by_label": by_label,
        "mistakes": [
            {
                "text": texts[i],
                "label": labels[i],
                "answer": model.labels[best[i]],
                "probability": float(sure[i]),
            }
            for i in wrong
        ],
    }


def calibration_error(probabilities, right, bins=_BINS):
    """The expected calibration error.

    Args:
        probabilities: float (N,), of the answers.
        right: bool (N,), whether they are right.
        bins: into how many parts [0, 1] is cut.

    Returns:
        float in [0, 1].
    """
    probabilities, right = np.asarray(probabilities, "float64"), np.asarray(right, "float64")
    numbers = np.minimum((probabilities * bins).astype(int), bins - 1)
    gaps = np.bincount(numbers, probabilities - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(probabilities))


def _of_label(said, true):
    """Precision and recall of one label, of bool (N,); None of one that no text has."""
    both, texts = int(np.sum(said & true)), int(np.sum(true))
    if not texts:
        return None
    precision = both / max(1, int(np.sum(said)))
    return {"texts": texts, "precision": precision, "recall": both / texts}


def _f1(figures):
    precision, recall = figures["precision"], figures["recall"]
    return (
        0.0
        if math.isclose(precision + recall, 0)
        else 2 * precision * recall / (precision + recall)
    )
