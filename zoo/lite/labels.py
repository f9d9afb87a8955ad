"""What a classifier answers, from its probabilities."""

import numbers

import numpy as np


def named(probabilities, labels, top_k=None):
    """The label of the highest probability; with `top_k` the best pairs of label and probability.

    Args:
        probabilities: floats, one for each of `labels`.
        labels: list of str.
        top_k: None, or int >= 1.

    Returns:
        str, or a list of `(str, float)`, at most `top_k` of them, best first.

    Raises:
        TypeError, ValueError: `top_k` is something else.
    """
    if top_k is None:
        return labels[int(np.argmax(probabilities))]
    if isinstance(top_k, bool) or not isinstance(top_k, numbers.Integral):
        raise TypeError(f"top_k must be an int or None; got top_k={top_k!r}.")
    if top_k < 1:
        raise ValueError(f"top_k must be >= 1; got top_k={top_k}.")
    order = np.argsort(-np.asarray(probabilities), kind="stable")[:top_k]
    return [(labels[i], float(probabilities[i])) for i in order]
