"""Baselines that know words and no meaning: overlap, cosine of TF-IDF, BM25."""

import math
from collections import Counter

from zoo.text import words

_K1, _B = 1.2, 0.75  # of BM25, the usual values


class Lexical:
    """Scores of a text for a query by the words that they share.

    Args:
        texts: list of str, among which is counted how rare a word is.
    """

    def __init__(self, texts):
        split = [words(text) for text in texts]
        self._count = len(split)
        self._holding = Counter(word for one in split for word in set(one))
        self._length = sum(map(len, split)) / max(1, len(split))

    def rarity(self, word):
        holding = self._holding[word]
        return math.log(1 + (self._count - holding + 0.5) / (holding + 0.5))

    def overlap(self, query, text):
        """The sum of the rarity of the words that both have."""
        return sum(self.rarity(word) for word in set(words(query)) & set(words(text)))

    def cosine(self, query, text):
        """The cosine of the two as counts of words, each times its rarity."""
        one, other = (Counter(words(side)) for side in (query, text))

        def product(a, b):
            return sum(a[word] * b[word] * self.rarity(word) ** 2 for word in a)

        return product(one, other) / (math.sqrt(product(one, one) * product(other, other)) or 1)

    def bm25(self, query, text):
        """BM25, as Robertson and Zaragoza 2009."""
        counts = Counter(words(text))
        norm = _K1 * (1 - _B + _B * sum(counts.values()) / self._length)
        return sum(
            self.rarity(word) * counts[word] * (_K1 + 1) / (counts[word] + norm)
            for word in words(query)
        )


BASELINES = {
    "words shared, by rarity": Lexical.overlap,
    "cosine of TF-IDF": Lexical.cosine,
    "BM25": Lexical.bm25,
}
