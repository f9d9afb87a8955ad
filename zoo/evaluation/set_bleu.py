"""BLEU of many texts against a set: how much what is written looks like it, or like itself."""

import collections
import math
import statistics

_ALMOST_NONE = 0.1  # matches that a text has of n-grams of which it has none, as in Texygen


def set_bleu(texts, references, order):
    """The mean BLEU of texts, each with all the references, over n-grams of characters.

    Args:
        texts, references: lists of str.
        order: int, the longest n-gram: 2 for BLEU-2.

    Returns:
        float in [0, 100].

    Raises:
        TypeError: a list is one string.
        ValueError: an empty list, or `order` below 1.

    Reference:
        Papineni et al. 2002; with a whole test set as references and smoothing method 1 of Chen and
        Cherry 2014: Zhu et al. 2018, Texygen.
    """
    _check("texts", texts, 1)
    _check("references", references, 1)
    ceilings = _Ceilings(references, order)
    return 100 * statistics.fmean(ceilings.bleu(text) for text in texts)


def self_set_bleu(texts, order):
    """The mean BLEU of texts, each with all the others as references; low is diverse.

    Args:
        texts: list of at least two str.
        order: see `set_bleu`.

    Returns:
        float in [0, 100].

    Raises:
        TypeError, ValueError: see `set_bleu`.
    """
    _check("texts", texts, 2)
    ceilings = _Ceilings(texts, order)
    return 100 * statistics.fmean(ceilings.bleu(text, i) for i, text in enumerate(texts))


class _Ceilings:
    """How often each n-gram stands in one of the references at most.

    The second highest number is kept, too, for who must not be compared with himself.
    """

    def __init__(self, references, order):
        if order < 1:
            raise ValueError(f"order must be >= 1; got order={order}.")
        self._order = order
        self._lengths = collections.Counter(map(len, references))
        self._best = {}  # n-gram -> (number, place of the reference), and the number in another
        for place, reference in enumerate(references):
            for n in range(1, order + 1):
                for gram, count in _grams(reference, n).items():
                    self._note(gram, count, place)

    def _note(self, gram, count, place):
        best, owner, second = self._best.get(gram, (0, None, 0))
        if count > best:
            self._best[gram] = count, place, best
        elif count > second:
            self._best[gram] = best, owner, count

    def bleu(self, text, place=None):
        """BLEU of a text, which is the reference at `place` itself, if it is one."""
        if not text:
            return 0.0
        logs = []
        for n in range(1, min(self._order, len(text)) + 1):
            found = sum(
                min(count, self._ceiling(gram, place)) for gram, count in _grams(text, n).items()
            )
            logs.append(math.log((found or _ALMOST_NONE) / (len(text) - n + 1)))
        return self._brevity(len(text), place is not None) * math.exp(statistics.fmean(logs))

    def _ceiling(self, gram, place):
        best, owner, second = self._best.get(gram, (0, None, 0))
        return second if place is not None and owner == place else best

    def _brevity(self, length, own):
        """The penalty of a text that is shorter than the reference of the nearest length."""
        lengths = self._lengths - collections.Counter([length] if own else [])
        nearest = min(lengths, key=lambda other: (abs(other - length), other))
        return min(1.0, math.exp(1 - nearest / length))


def _grams(text, n):
    return collections.Counter(text[i : i + n] for i in range(len(text) - n + 1))


def _check(name, texts, least):
    if isinstance(texts, str):
        raise TypeError(f"{name} must be a list of str; got {name}={texts!r:.80}.")
    if len(texts) < least:
        raise ValueError(f"{name} must hold at least {least} texts; got {len(texts)}.")
