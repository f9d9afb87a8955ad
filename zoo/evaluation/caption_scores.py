"""BLEU, CIDEr-D and ROUGE-L of captions with several references, as the COCO evaluation counts.

All take `hypotheses`, a list of token lists, and `references`, for each a list of token lists.
"""

import collections
import math

_SIGMA = 6.0  # of CIDEr-D's penalty on a difference of length
_BETA = 1.2  # of ROUGE-L: recall counts more than precision


def bleu_scores(hypotheses, references):
    """BLEU-1 to BLEU-4 of the whole corpus, with the brevity penalty of the closest lengths.

    Returns:
        list of four floats, 0 to 1.

    Reference:
        Papineni et al. 2002, BLEU: a Method for Automatic Evaluation of Machine Translation.
    """
    _check(hypotheses, references)
    matched, total, length, closest = [0] * 4, [0] * 4, 0, 0
    for hypothesis, others in zip(hypotheses, references, strict=True):
        length += len(hypothesis)
        lengths = (len(other) for other in others)
        closest += min(lengths, key=lambda n: (abs(n - len(hypothesis)), n))
        for n in range(1, 5):
            counts = _ngrams(hypothesis, n)
            most = collections.Counter()
            for other in others:
                most |= _ngrams(other, n)
            matched[n - 1] += sum((counts & most).values())
            total[n - 1] += sum(counts.values())
    if not length:
        return [0.0] * 4
    brevity = min(1.0, math.exp(1 - closest / length))
    scores, log_sum = [], 0.0
    for n, (hits, tries) in enumerate(zip(matched, total, strict=True), start=1):
        log_sum += math.log(hits / tries) if hits else -math.inf
        scores.append(brevity * math.exp(log_sum / n))
    return scores


def cider_d(hypotheses, references):
    """CIDEr-D: how much of the words that matter a caption shares with its references, times 10.

    Returns:
        list of floats, one for each caption; the score of the corpus is their mean.

    Reference:
        Vedantam et al. 2015, CIDEr: Consensus-based Image Description Evaluation.
    """
    _check(hypotheses, references)
    judge = CiderD(references)
    return [judge(i, hypothesis) for i, hypothesis in enumerate(hypotheses)]


class CiderD:
    """`cider_d` for one caption at a time, of images whose references are known before.

    A caption becomes for n = 1..4 a vector of its n-grams, each weighted by how few images have it
    in their references; those of an image are compared with the caption by the cosine, clipped
    where the caption says something more often, and less where lengths differ.

    Args:
        references: for each image a list of token lists.

    Call arguments:
        index: of the image.
        hypothesis: token list.

    Returns:
        float.
    """

    def __init__(self, references):
        self._images = collections.Counter()
        for others in references:
            self._images.update(
                {gram for other in others for n in range(1, 5) for gram in _ngrams(other, n)}
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
                for gram, count in _ngrams(tokens, n).items()
            }
            found.append((weights, math.sqrt(sum(x * x for x in weights.values()))))
        return found


def rouge_l(hypotheses, references):
    """ROUGE-L: F-measure of the longest common subsequence, by the best reference.

    Returns:
        list of floats, one for each caption; the score of the corpus is their mean.

    Reference:
        Lin 2004, ROUGE: A Package for Automatic Evaluation of Summaries.
    """
    _check(hypotheses, references)
    scores = []
    for hypothesis, others in zip(hypotheses, references, strict=True):
        common = [_common_subsequence(hypothesis, other) for other in others]
        precision = max(common) / max(1, len(hypothesis))
        recall = max(c / max(1, len(other)) for c, other in zip(common, others, strict=True))
        above = (1 + _BETA**2) * precision * recall
        scores.append(above / (recall + _BETA**2 * precision) if above else 0.0)
    return scores


def _check(hypotheses, references):
    if not hypotheses or len(hypotheses) != len(references) or not all(references):
        raise ValueError(
            "references must hold at least one for each of at least one hypothesis; "
            f"got {len(hypotheses)} hypotheses and references for {len(references)}, "
            f"{sum(not others for others in references)} of them empty."
        )


def _ngrams(tokens, n):
    return collections.Counter(zip(*(tokens[i:] for i in range(n)), strict=False))


def _clipped_cosine(mine, other):
    (mine, length), (other, other_length) = mine, other
    shared = sum(min(mine[gram], other[gram]) * other[gram] for gram in mine.keys() & other.keys())
    return shared / (length * other_length) if length and other_length else 0.0


def _common_subsequence(a, b):
    """Length of the longest common subsequence."""
    row = [0] * (len(b) + 1)
    for x in a:
        diagonal = 0
        for j, y in enumerate(b, start=1):
            diagonal, row[j] = row[j], diagonal + 1 if x == y else max(row[j], row[j - 1])
    return row[-1]
