"""An n-gram language model: the baseline of every language model that is trained here."""

import numpy as np

_USUAL_DISCOUNTS = (0.5, 1.0, 1.5)


class KneserNey:
    """Interpolated n-gram model with modified Kneser-Ney smoothing.

    `p_n(w | h) = (c(hw) - D(c(hw))) / c(h) + backoff(h) · p_{n-1}(w | h')`, where h' is h without
    its oldest token, and p_0 is 1 / V. At the highest order c counts occurrences; below, c(hw) is
    the number of different tokens before hw, but occurrences where hw begins a sequence, which
    nothing precedes. `D` takes D_1, D_2 or D_3+ from a count of 1, 2, or 3 and more:
    `Y = n_1 / (n_1 + 2 n_2)`, `D_i = i - (i + 1) Y n_{i+1} / n_i`, with n_i the n-grams of count i.
    Where a text is too small to estimate them, they are 0.5, 1 and 1.5. `backoff(h)` is what the
    discounts took from c(h), so that the probabilities sum to 1 after any history.

    Args:
        sequences: iterable of lists or arrays of int, the training text; each begins anew. An end
            token is an ordinary last token: give it where ends are to be predicted.
        vocab_size: int, V; each token is in [0, V).
        order: int, the longest n-gram, at least 2.

    Raises:
        ValueError: `order` below 2, no tokens, or a token outside the vocabulary.

    Reference:
        Chen and Goodman 1999, An Empirical Study of Smoothing Techniques for Language Modeling,
        section 3.
    """

    def __init__(self, sequences, vocab_size, order=5):
        if order < 2:
            raise ValueError(f"order must be >= 2; got order={order}.")
        self.vocab_size = int(vocab_size)
        self.order = int(order)
        tokens = np.concatenate([[self.vocab_size]] + [self._framed(ids) for ids in sequences])
        if len(tokens) == np.count_nonzero(tokens == self.vocab_size):
            raise ValueError("sequences must hold at least one token; got none.")
        # For each n = 1 .. order: the n-grams as sorted keys, their shares (c - D) / c(h) and the
        # backoffs of their histories. A last element answers for what was never seen, index -1.
        self._keys, self._shares, self._backoffs = [], [], []
        self._count(tokens)

    def log_prob(self, ids):
        """Natural-log probability of each token of one sequence, given those before it.

        Args:
            ids: int (T,), each in [0, V).

        Returns:
            float64 (T,).

        Raises:
            ValueError: a token outside the vocabulary.
        """
        tokens = self._framed(ids)
        probs = np.full(len(tokens), 1 / self.vocab_size)
        histories = np.zeros(len(tokens), np.int64)
        for keys, shares, backoffs in zip(self._keys, self._shares, self._backoffs, strict=True):
            grams = self._join(histories, tokens)
            found = np.minimum(np.searchsorted(keys, grams), len(keys) - 1)
            found = np.where((histories >= 0) & (keys[found] == grams), found, -1)
            probs = shares[found] + backoffs[histories] * probs
            histories = self._shift(found, tokens)
        return np.log(probs[1:])

    def _framed(self, ids):
        """Int64 (1 + T,): the ids after the boundary, the token V that is never predicted."""
        ids = np.asarray(ids, np.int64)
        outside = ids[(ids < 0) | (ids >= self.vocab_size)]
        if outside.size:
            raise ValueError(
                f"tokens must lie in [0, vocab_size={self.vocab_size}); got {outside[0]}."
            )
        return np.concatenate([[self.vocab_size], ids])

    def _join(self, histories, tokens):
        """The keys of n-grams: the number of the history and its next token."""
        return histories * (self.vocab_size + 1) + tokens

    def _shift(self, grams, tokens):
        """The n-gram before each token, -1 before a boundary: no history reaches across it."""
        before = np.concatenate([[-1], grams[:-1]])
        return np.where(tokens == self.vocab_size, -1, before)

    def _count(self, tokens):
        levels = []
        grams = histories = np.zeros(len(tokens), np.int64)  # the empty n-gram, number 0
        for _ in range(self.order):
            places = np.flatnonzero(histories >= 0)
            keys, first, numbers, occurrences = np.unique(
                self._join(histories, tokens)[places],
                return_index=True,
                return_inverse=True,
                return_counts=True,
            )
            levels.append((keys, occurrences, grams[places[first]]))
            grams = np.full(len(tokens), -1)
            grams[places] = numbers
            histories = self._shift(grams, tokens)

        boundary = self.vocab_size
        begins = np.zeros(1, bool)
        for level, (keys, counts, _) in enumerate(levels):
            begins = begins[keys // (boundary + 1)] | (keys == boundary)
            if level + 1 < self.order:
                # One different longer n-gram is one different token before that which it ends with.
                before = np.bincount(levels[level + 1][2], minlength=len(keys))
                counts = np.where(begins, counts, before)
            self._smooth(keys, np.where(keys == boundary, 0, counts))

    def _smooth(self, keys, counts):
        """Adds the n-grams of the next order: their keys, sorted, and their counts c."""
        histories = keys // (self.vocab_size + 1)
        size = len(self._keys[-1]) if self._keys else 1
        taken = np.concatenate([[0.0], _discounts(counts)])[np.minimum(counts, 3)]
        totals = np.bincount(histories, counts, size)
        removed = np.bincount(histories, taken, size)
        backoffs = np.divide(removed, totals, out=np.ones(size), where=totals > 0)
        shares = (counts - taken) / np.maximum(totals, 1)[histories]
        self._keys.append(keys)
        self._shares.append(np.append(shares, 0.0))
        self._backoffs.append(np.append(backoffs, 1.0))


def _discounts(counts):
    """D_1, D_2 and D_3+, from the numbers of n-grams that occur once to four times."""
    n = np.bincount(np.minimum(counts, 5), minlength=6)
    if not np.all(n[1:5]):
        return _USUAL_DISCOUNTS
    y = n[1] / (n[1] + 2 * n[2])
    discounts = [i - (i + 1) * y * n[i + 1] / n[i] for i in (1, 2, 3)]
    within = all(0 < discount <= i for i, discount in enumerate(discounts, 1))
    return discounts if within else _USUAL_DISCOUNTS
