import random

import pytest
from sacrebleu.metrics import BLEU

from zoo.evaluation import copied_lines_share, copied_share, distinct, self_bleu


def plainly_copied(texts, training, length):
    """`copied_share` with nothing but `in`."""
    copied = set()
    for row, text in enumerate(texts):
        for place in range(len(text) - length + 1):
            if any(text[place : place + length] in known for known in training):
                copied |= {(row, place + i) for i in range(length)}
    return len(copied) / max(1, sum(map(len, texts)))


@pytest.mark.parametrize(
    ("texts", "share"),
    [
        (["abcd"], 1.0),
        (["xabcdx"], 4 / 6),
        (["abcX", "Xbcd"], 0.75),
        (["abXcd"], 0.0),
        (["abcde"], 1.0),  # abcd, and cde in the other text
        (["cdab", "deab"], 0.0),  # no run reaches from one text into another
        (["abcabc"], 1.0),
        (["ab", "", "abc"], 3 / 5),
        ([""], 0.0),
        ([], 0.0),
    ],
)
def test_copied_share_of_cases_counted_by_hand(texts, share):
    assert copied_share(texts, ["abcd", "cde"], length=3) == pytest.approx(share)


@pytest.mark.parametrize("length", [1, 2, 5, 8])
def test_copied_share_equals_a_plain_search(length):
    rng = random.Random(0)
    draw = lambda size: "".join(rng.choices("ab字😀", k=size))  # noqa: E731
    training = [draw(60), draw(3), draw(40)]
    texts = [draw(30), training[0][10:25] + draw(9), draw(4)]
    expected = plainly_copied(texts, training, length)
    assert copied_share(texts, training, length) == pytest.approx(expected)
    assert 0 < expected


def test_a_copy_begins_at_thirty_characters():
    training = "".join(random.Random(1).choices("abcdefgh", k=500))
    assert copied_share([training[100:129]], [training]) == 0
    assert copied_share([training[100:130]], [training]) == 1


def test_texts_of_one_hash_are_told_apart(monkeypatch):
    monkeypatch.setattr("zoo.evaluation.diversity._BASE", 0)  # only the last character counts
    assert copied_share(["abc", "xbc"], ["abc"], length=3) == 0.5


def test_copied_lines_are_whole_lines():
    lines = lambda text: text.split("/")  # noqa: E731
    share = copied_lines_share(["ab/cd", "abc/ef", "ab/x"], ["ab/ef", "cde"], lines)
    assert share == 3 / 6
    assert copied_lines_share([], ["ab"], lines) == 0


@pytest.mark.parametrize(
    ("rows", "shares"),
    [
        (["abab"], [2 / 4, 2 / 3, 2 / 2]),
        (["aaaa", "ab"], [2 / 6, 2 / 4, 1 / 2]),
        ([[1, 2, 1], [2, 1, 3]], [3 / 6, 3 / 4, 2 / 2]),
        (["a"], [1, 0, 0]),
    ],
)
def test_distinct_counted_by_hand(rows, shares):
    assert [distinct(rows, size) for size in (1, 2, 3)] == pytest.approx(shares)


def test_self_bleu_is_the_mean_over_each_text_against_the_others():
    texts = ["the cat sat on the mat", "the cat sat on a mat today", "a dog ran off"]
    bleu = BLEU(effective_order=True)
    parts = [
        bleu.sentence_score(texts[0], [texts[1], texts[2]]).score,
        bleu.sentence_score(texts[1], [texts[0], texts[2]]).score,
        bleu.sentence_score(texts[2], [texts[0], texts[1]]).score,
    ]
    assert self_bleu(texts) == pytest.approx(sum(parts) / 3)
    assert min(parts[:2]) > 2 * parts[2]


def test_self_bleu_of_equal_texts_is_100_and_of_texts_without_a_common_sign_0():
    assert self_bleu(["春花秋月", "春花秋月"], tokenize="char") == pytest.approx(100)
    assert self_bleu(["春花秋月", "往事知多"], tokenize="char") == 0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: copied_share("ab", ["ab"]), TypeError, "texts must be a list of str"),
        (lambda: copied_share(["ab"], "ab"), TypeError, "training must be a list of str"),
        (lambda: copied_share(["ab"], ["ab"], 0), ValueError, "length must be >= 1; got length=0"),
        (lambda: copied_lines_share("ab", [], list), TypeError, "texts must be a list of str"),
        (lambda: distinct(["ab"], 0), ValueError, "size must be >= 1; got size=0."),
        (lambda: self_bleu(["ab"]), ValueError, "texts must hold at least two texts; got 1."),
        (lambda: self_bleu("ab"), TypeError, "texts must be a list of str; got texts='ab'."),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
