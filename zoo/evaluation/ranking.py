"""Measures of an order: how early what was sought comes.

Ties: of items with the same score, those that fit least are taken to come first. So a tie never
helps, whatever the order in which the items came.
"""

import numpy as np


def ranked(scores, grades):
    """The grades in the order of the scores, the highest first; of a tie the worst first.

    Args:
        scores: float (N,).
        grades: int or bool (N,), how well each item fits, 0 for not at all.

    Returns:
        (N,), as `grades`.
    """
    scores, grades = np.asarray(scores), np.asarray(grades)
    return grades[np.lexsort((grades, -scores))]


def average_precision(scores, grades):
    """The mean, over the items that fit, of the share of fitting ones down to each; 0.0 of none."""
    places = np.flatnonzero(ranked(scores, grades) > 0)
    if not len(places):
        return 0.0
    return float(np.mean(np.arange(1, len(places) + 1) / (places + 1)))


def reciprocal_rank(scores, grades):
    """1 / the place of the first item that fits; 0.0 where none does."""
    places = np.flatnonzero(ranked(scores, grades) > 0)
    return 1 / (1 + int(places[0])) if len(places) else 0.0


def ndcg(scores, grades, k, ideal=None):
    """Normalised discounted cumulative gain of the first `k`; the gain of an item is its grade.

    Args:
        scores, grades: as of `ranked`.
        k: int.
        ideal: all grades above 0, where `grades` has only some of them. Default: `grades`.

    Returns:
        float in [0, 1], 0.0 where nothing fits.

    Reference:
        Järvelin and Kekäläinen 2002, Cumulated Gain-based Evaluation of IR Techniques; the gain is
        linear, as in trec_eval.
    """
    best = np.sort(np.asarray(grades if ideal is None else ideal))[::-1]
    most = _gain(best[:k])
    return _gain(ranked(scores, grades)[:k]) / most if most else 0.0


def _gain(grades):
    return float(np.sum(grades / np.log2(np.arange(2, len(grades) + 2))))


def paired_bootstrap(ours, theirs, samples=10_000, seed=1):
    """How sure it is that one system is better than another on the same queries.

    Args:
        ours, theirs: float (N,), a figure for each query.
        samples: how often N queries are drawn with replacement.
        seed: of the draws.

    Returns:
        dict: `difference` of the means, `low` and `high` of its 95 % interval, and `p`, the share
        of samples in which ours is not better.

    Reference:
        Efron and Tibshirani 1993; Sakai 2006, Evaluating Evaluation Metrics Based on the Bootstrap.
    """
    differences = np.asarray(ours, "float64") - np.asarray(theirs, "float64")
    rng = np.random.default_rng(seed)
    means = np.array(
        [
            differences[rng.integers(len(differences), size=len(differences))].mean()
            for _ in range(samples)
        ]
    )
    low, high = np.quantile(means, (0.025, 0.975))
    return {
        "difference": float(differences.mean()),
        "low": float(low),
        "high": float(high),
        "p": float(np.mean(means <= 0)),
    }
