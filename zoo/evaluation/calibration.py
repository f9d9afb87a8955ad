"""Whether a translator knows when it does not know: quality of its answers by how sure it was."""

import json
from pathlib import Path

import numpy as np
from sacrebleu.metrics import CHRF

from zoo.evaluation.files import read_text, write_atomically
from zoo.evaluation.progress import progress

_BATCH = 64
_QUANTILES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)


def answer_quality(model, pairs):
    """How sure a translator is of its answers, in several ways, and how good they are.

    Args:
        model: `zoo.Translator`.
        pairs: list of N `(source, reference)`.

    Returns:
        dict of float arrays (N,): `"a token"`, the mean natural-log probability of the answer's
        tokens; `"a character"`, the same of its characters; `"an answer"`, their sum; and `"chrf"`,
        of the answer by its reference, 0 to 100.
    """
    measure, rows = CHRF(), []
    batches = [pairs[i : i + _BATCH] for i in range(0, len(pairs), _BATCH)]
    for batch in progress(batches, "answers"):
        answers = model.generate([source for source, _ in batch], return_dict=True)
        for out, (_, reference) in zip(answers, batch, strict=True):
            quality = measure.sentence_score(out.text, [reference]).score
            rows.append((out.token_score, out.score / max(1, len(out.text)), out.score, quality))
    names = "a token", "a character", "an answer", "chrf"
    return dict(zip(names, np.array(rows, "float64").reshape(-1, len(names)).T, strict=True))


def calibration(found):
    """The curve of quality over score, and how well each score orders the answers.

    Args:
        found: dict from `answer_quality`, of at least two answers.

    Returns:
        dict: `answers`, how many; `rank_correlation`, for each score Spearman's with chrF;
        `curve`, a list of `{"share", "below", "chrf", "others"}`: the mean chrF of the `share` of
        answers that have the lowest mean log-probability a token, none of it above `below`, and of
        the `others`, None where there are none.
    """
    scores, quality = found["a token"], found["chrf"]
    order, curve = np.argsort(scores, kind="stable"), []
    for share in _QUANTILES:
        count = max(1, round(share * len(order)))
        low, high = quality[order[:count]], quality[order[count:]]
        curve.append(
            {
                "share": share,
                "below": float(scores[order[count - 1]]),
                "chrf": float(low.mean()),
                "others": float(high.mean()) if len(high) else None,
            }
        )
    ranks = {name: _rank_correlation(found[name], quality) for name in found if name != "chrf"}
    return {"answers": len(order), "rank_correlation": ranks, "curve": curve}


def write_calibration(directory, result):
    """Adds what `calibration` found to `metrics.json` of a model's folder, for its card.

    Raises:
        FileNotFoundError: `directory` does not hold it.
    """
    metrics = {**json.loads(read_text(directory, "metrics.json")), "calibration": result}
    text = json.dumps(metrics, indent=2, ensure_ascii=False) + "\n"
    write_atomically(Path(directory) / "metrics.json", text)


def _rank_correlation(a, b):
    """Spearman's: the correlation of the ranks, ties having the mean of theirs."""
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])


def _ranks(values):
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]
