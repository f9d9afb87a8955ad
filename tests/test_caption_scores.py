"""The scores of captions: cases by hand, and the figures of pycocoevalcap on the same sentences."""

import math
import random

import numpy as np
import pytest

from zoo.evaluation.caption_scores import bleu_scores, cider_d, rouge_l
from zoo.evaluation.captions import measure_captions, names_the_thing, nouns, words

A = "a dog runs on the beach".split()


def test_a_caption_that_is_a_reference_has_bleu_and_rouge_one():
    assert bleu_scores([A], [[A, ["a"]]]) == pytest.approx([1.0] * 4)
    assert rouge_l([A], [[A, ["a"]]]) == [1.0]


def test_short_captions_pay_the_brevity_penalty():
    assert bleu_scores([A[:3]], [[A]])[0] == pytest.approx(math.exp(1 - 6 / 3))


def test_rouge_counts_words_in_order():
    # "a runs beach": 3 of 3 words, 3 of 6; beta 1.2.
    expected = (1 + 1.44) * 1 * 0.5 / (0.5 + 1.44)
    assert rouge_l([["a", "runs", "beach"]], [[A]]) == [pytest.approx(expected)]
    assert rouge_l([["beach", "the", "on"]], [[A]])[0] < expected


def test_cider_ignores_words_that_all_images_share():
    references = [[["a", "dog"]], [["a", "cat"]]]
    same, other = cider_d([["a", "dog"], ["a", "dog"]], references)
    assert same > 0 and other == 0


def test_empty_captions_score_zero():
    assert bleu_scores([[]], [[A]]) == [0.0] * 4
    assert rouge_l([[]], [[A]]) == [0.0]
    assert cider_d([[], A], [[A], [A]])[0] == 0.0


def test_no_captions_are_refused():
    with pytest.raises(ValueError, match="got 0 hypotheses"):
        bleu_scores([], [])
    with pytest.raises(ValueError, match="1 of them empty"):
        cider_d([A], [[]])


def test_scores_are_those_of_pycocoevalcap():
    bleu = pytest.importorskip("pycocoevalcap.bleu.bleu")
    cider = pytest.importorskip("pycocoevalcap.cider.cider")
    rouge = pytest.importorskip("pycocoevalcap.rouge.rouge")
    draw = random.Random(1)
    vocabulary = "a the dog cat man runs jumps on over snow beach red".split()

    def sentence():
        return draw.choices(vocabulary, k=draw.randint(4, 12))

    hypotheses = [sentence() for _ in range(30)]
    references = [
        [[draw.choice(vocabulary) if draw.random() < 0.2 else w for w in h] for _ in range(5)]
        for h in hypotheses
    ]
    references[0] = [sentence()[:3] for _ in range(5)]
    ours = {i: [" ".join(tokens)] for i, tokens in enumerate(hypotheses)}
    theirs = {i: [" ".join(tokens) for tokens in row] for i, row in enumerate(references)}
    expected, _ = bleu.Bleu(4).compute_score(theirs, ours, verbose=0)
    # 1e-6: theirs adds small numbers to counts against division by zero
    np.testing.assert_allclose(bleu_scores(hypotheses, references), expected, rtol=1e-6)
    _, expected = cider.Cider().compute_score(theirs, ours)
    np.testing.assert_allclose(cider_d(hypotheses, references), expected, rtol=1e-9, atol=1e-12)
    _, expected = rouge.Rouge().compute_score(theirs, ours)
    np.testing.assert_allclose(rouge_l(hypotheses, references), expected, rtol=1e-9)


def test_words_are_cut_without_case_and_punctuation():
    assert words("A man's T-shirt , red .", "en") == ["a", "man's", "t-shirt", "red"]


def test_chinese_is_cut_into_words():
    pytest.importorskip("jieba")
    assert words("两只狗在雪地里奔跑。", "zh")[-1] == "奔跑"


def test_copied_and_distinct_captions_are_counted():
    captions = ["a dog", "a dog", "a red cat"]
    result = measure_captions(captions, [["a dog runs"]] * 3, ["A dog ."], "en")
    assert result["distinct"] == 2 and result["copied"] == pytest.approx(2 / 3)
    assert result["words"] == pytest.approx(7 / 3) and result["reference_words"] == 3


def test_nouns_are_singular_and_no_place_in_the_picture():
    assert nouns("two cats sit in front of the boxes".split()) == {"cat", "box"}
    assert nouns("men women and children".split()) == {"man", "woman", "child"}


def test_a_caption_names_the_thing_that_most_people_name():
    people = ["a cat on a bed", "two cats sleep", "an orange cat lies on a blanket"]
    people = [text.split() for text in people]
    assert names_the_thing("a cat sits".split(), people)
    assert not names_the_thing("a dog on a bed".split(), people)
    assert names_the_thing("a dog".split(), [["it", "moves"]]) is None


def test_english_captions_are_measured_by_what_they_name():
    references = [["a cat sleeps", "the cat"], ["a bus stops", "a red bus"]]
    measured = measure_captions(["a cat", "a dog"], references, [], "en")
    assert measured["named"] == 0.5
    assert "named" not in measure_captions(["猫", "狗"], [["猫"], ["狗"]], [], "zh")
