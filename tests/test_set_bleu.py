import random

import pytest
from sacrebleu.metrics import BLEU

from zoo.evaluation.set_bleu import self_set_bleu, set_bleu


def by_sacrebleu(text, references, order):
    # "floor" is smoothing method 1 of Chen and Cherry.
    metric = BLEU(tokenize="char", max_ngram_order=order, smooth_method="floor", smooth_value=0.1)
    return metric.sentence_score(text, references).score


def rows(count, seed):
    rng = random.Random(seed)
    return ["".join(rng.choices("abcde", k=rng.randint(6, 12))) for _ in range(count)]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_each_text_against_all_references_equals_sacrebleu(order):
    texts, references = rows(8, 1), rows(5, 2)
    expected = sum(by_sacrebleu(text, references, order) for text in texts) / len(texts)
    assert set_bleu(texts, references, order) == pytest.approx(expected)


@pytest.mark.parametrize("order", [2, 4])
def test_each_text_against_the_others_equals_sacrebleu(order):
    texts = [*rows(6, 3), "abcabc", "abcabc"]  # one twice is a reference of itself
    expected = sum(
        by_sacrebleu(text, texts[:i] + texts[i + 1 :], order) for i, text in enumerate(texts)
    )
    assert self_set_bleu(texts, order) == pytest.approx(expected / len(texts))


def test_the_ends_of_the_scale():
    assert set_bleu(["abcd"], ["xabcdx", "abcd"], 4) == pytest.approx(100)
    assert set_bleu([""], ["abc"], 2) == 0
    assert self_set_bleu(["abcd"] * 3, 4) == pytest.approx(100)


def test_wrong_arguments():
    with pytest.raises(TypeError, match="texts must be a list of str; got texts='ab'"):
        set_bleu("ab", ["ab"], 2)
    with pytest.raises(TypeError, match="references must be a list of str"):
        set_bleu(["ab"], "ab", 2)
    with pytest.raises(ValueError, match="references must hold at least 1 texts; got 0"):
        set_bleu(["ab"], [], 2)
    with pytest.raises(ValueError, match="texts must hold at least 2 texts; got 1"):
        self_set_bleu(["ab"], 2)
    with pytest.raises(ValueError, match="order must be >= 1; got order=0"):
        set_bleu(["ab"], ["ab"], 0)
