"""CIDEr-D, as a measure of captions and as a reward of those who write them."""

import collections
import math

_SIGMA = 6.0  # of the penalty on a difference of length


class CiderD:
    """CIDEr-D of one caption at a time, of images whose references are known before.

    A caption becomes for n = 1..4 a vector of its n-grams, each weighted by how few images have it
    in their references; those of an image are compared with the caption by the cosine, clipped
    where the caption says something more often, and less where lengths differ.

    Args:
        references: for each image a list of token lists.

    Call arguments:
        index: of the image.
        hypothesis: token list.

    Returns:
        float, 0 to 10.

    Reference:
        Vedantam et al. 2015, CIDEr: Consensus-based Image Description Evaluation.
    """

    def __init__(self, references):
        self._images = collections.Counter()
        for others in references:
            self._images.update(
                {gram for other in others for n in range(1, 5) for gram in ngrams(other, n)}
            )
        self._log_all = math.log(len(references))
        # The reference implementation takes the number of bigrams for the length.
        self._references = [
            [(max(0, len(other) - 1), self._vectors(other)) for other in others]
            for others in references
        ]

    def __call__(self, index, hypothesis):
        mine, length, total = self._vectors(hypothesis), max(0, len(hypothesis) - 1), 0.0
        for other_length, vectors in self._references[index]:
            penalty = math.exp(-((length - other_length) ** 2) / (2 * _SIGMA**2))
            total += penalty * sum(map(_clipped_cosine, mine, vectors)) / 4
        return 10 * total / len(self._references[index])

    def _vectors(self, tokens):
        """For each n, the weight of each n-gram and the length of their vector."""
        found = []
        for n in range(1, 5):
            weights = {
                gram: count * (self._log_all - math.log(max(1, self._images[gram])))
                for gram, count in ngrams(tokens, n).items()
            }
            found.append((weights, math.sqrt(sum(x * x for x in weights.values()))))
        return found


def ngrams(tokens, n):
    """The runs of n tokens of a list, counted."""
    return collections.Counter(zip(*(tokens[i:] for i in range(n)), strict=False))


def _clipped_cosine(mine, other):
    (mine, length), (other, other_length) = mine, other
    shared = sum(min(mine[gram], other[gram]) * other[gram] for gram in mine.keys() & other.keys())
    return shared / (length * other_length) if length and other_length else 0.0
