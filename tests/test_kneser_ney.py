import math

import numpy as np
import pytest

from zoo.evaluation import KneserNey

V = 7
RNG = np.random.default_rng(0)
CORPUS = [RNG.zipf(1.5, size=size) % (V - 1) for size in RNG.integers(1, 30, 40)]


def probability(model, history, token):
    return math.exp(model.log_prob([*history, token])[-1])


def reference(sequences, vocab_size, order):
    """The formulas of the docstring on dicts: a function `(history, token) -> probability`."""
    framed = [["^", *map(int, ids)] for ids in sequences]
    occurrences = {n: {} for n in range(1, order + 1)}
    for ids in framed:
        for end in range(1, len(ids)):
            for n in range(1, min(order, end + 1) + 1):
                gram = tuple(ids[end - n + 1 : end + 1])
                occurrences[n][gram] = occurrences[n].get(gram, 0) + 1
    counts = {order: occurrences[order]}
    for n in range(1, order):
        before = {gram: 0 for gram in occurrences[n]}
        for gram in occurrences[n + 1]:
            before[gram[1:]] += 1
        counts[n] = {g: occurrences[n][g] if g[0] == "^" else c for g, c in before.items()}
    discount = {}
    for n, table in counts.items():
        of = [sum(c == i for c in table.values()) for i in range(5)]
        found = [0.0, 0.5, 1.0, 1.5]
        if all(of[1:]):
            y = of[1] / (of[1] + 2 * of[2])
            wanted = [0, *(i - (i + 1) * y * of[i + 1] / of[i] for i in (1, 2, 3))]
            if all(0 <= d <= i for i, d in enumerate(wanted)):
                found = wanted
        discount[n] = found

    def probability(history, token):
        history = ["^", *history]
        p = 1 / vocab_size
        for n in range(1, min(order, len(history) + 1) + 1):
            h = tuple(history[len(history) - n + 1 :])
            follow = {g: c for g, c in counts[n].items() if g[:-1] == h}
            total = sum(follow.values())
            if total:
                taken = sum(discount[n][min(c, 3)] for c in follow.values())
                c = follow.get((*h, token), 0)
                p = (c - discount[n][min(c, 3)]) / total + taken / total * p
        return p

    return probability


def test_equals_numbers_worked_out_by_hand():
    # ^ a b a b (a = 0, b = 1), V = 3, bigrams: ^a 1, ab 2, ba 1; too few for other discounts than
    # 0.5, 1 and 1.5. Tokens before a: ^ and b; before b: a.
    model = KneserNey([[0, 1, 0, 1]], vocab_size=3, order=2)
    unigram = {  # c(a) = 2, c(b) = 1; D_2 = 1 and D_1 = 0.5 leave 1.5 of 3 for 1 / 3 each
        0: (2 - 1) / 3 + 1.5 / 3 / 3,
        1: (1 - 0.5) / 3 + 1.5 / 3 / 3,
        2: 1.5 / 3 / 3,
    }
    expected = {
        (): {0: (1 - 0.5) / 1 + 0.5 * unigram[0], 1: 0.5 * unigram[1], 2: 0.5 * unigram[2]},
        (0,): {0: 1 / 2 * unigram[0], 1: (2 - 1) / 2 + 1 / 2 * unigram[1], 2: unigram[2] / 2},
        (2,): unigram,
    }
    for history, row in expected.items():
        for token, wanted in row.items():
            # 1e-12: float64 sums of three terms.
            assert probability(model, history, token) == pytest.approx(wanted, rel=1e-12)


def test_discounts_come_from_the_counts_of_counts():
    # After 0 four tokens come once, two twice, one three times, one four times; 0 begins all.
    # Y = 4 / (4 + 2 · 2) = 0.5, so D_1 = 1 - 2 Y 2/4 = 0.5, D_2 = 2 - 3 Y 1/2 = 1.25, D_3 = 1.
    follows = [1, 2, 3, 4, *[5] * 2, *[6] * 2, *[7] * 3, *[8] * 4]
    model = KneserNey([[0, token] for token in follows], vocab_size=10, order=2)
    backoff = (4 * 0.5 + 2 * 1.25 + 1 + 1) / 15
    # One token comes before each of 0 .. 8: the unigrams have no n_2, so D_1 is the usual 0.5.
    unigram, floor = 0.5 / 9 + 0.5 / 10, 0.5 / 10
    for token, share in {1: 1 - 0.5, 5: 2 - 1.25, 7: 3 - 1, 8: 4 - 1}.items():
        wanted = share / 15 + backoff * unigram
        assert probability(model, [0], token) == pytest.approx(wanted, rel=1e-12)
    assert probability(model, [0], 9) == pytest.approx(backoff * floor, rel=1e-12)


@pytest.mark.parametrize("order", [2, 3, 5])
def test_equals_the_formulas_written_with_dicts(order):
    model, expected = KneserNey(CORPUS, V, order), reference(CORPUS, V, order)
    for history in ([], [0], [1, 1], [2, 0, 1], [1, 2, 1, 1, 2, 1], [6, 1], [1, 6]):
        for token in range(V):
            # 1e-9: float64 sums in another order.
            wanted = expected(history, token)
            assert probability(model, history, token) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("order", [2, 3, 6])
def test_probabilities_sum_to_one_after_any_history(order):
    model = KneserNey(CORPUS, V, order)
    seen = [list(ids[:length]) for ids in CORPUS[:9] for length in range(len(ids) + 1)]
    for history in [*seen, [6], [6, 6, 6], [5, 4, 3, 2, 1, 0], [1, 6, 1]]:
        total = sum(probability(model, history, token) for token in range(V))
        # 1e-12: float64 rounding of a sum of 7 terms.
        assert total == pytest.approx(1, abs=1e-12)


def test_a_token_never_seen_keeps_a_share_of_the_uniform_floor():
    small, large = KneserNey(CORPUS, V), KneserNey(CORPUS, 2 * V)
    assert 0 < probability(small, [1, 2], 6) < probability(small, [1, 2], 1)
    # Only the floor 1 / V knows how large the vocabulary is.
    halved = probability(small, [1, 2], 6) / 2
    assert probability(large, [1, 2], 6) == pytest.approx(halved, rel=1e-12)


def test_nothing_is_learned_across_the_end_of_a_sequence():
    apart, joined = KneserNey([[0, 1], [2, 3]], V, 3), KneserNey([[0, 1, 2, 3]], V, 3)
    assert probability(apart, [0, 1], 2) < probability(joined, [0, 1], 2)
    assert probability(apart, [], 2) > probability(joined, [], 2)


def test_the_order_of_the_sequences_does_not_matter():
    text = [1, 2, 1, 3, 1, 5]
    one, other = KneserNey(CORPUS, V, 4), KneserNey(CORPUS[::-1], V, 4)
    # 1e-12: the counts are the same; they are summed in another order.
    np.testing.assert_allclose(one.log_prob(text), other.log_prob(text), rtol=1e-12)


def test_a_longer_order_knows_a_regular_text_better():
    rhythm = [0, 0, 1, 0, 0, 2] * 50
    low, high = (KneserNey([rhythm], V, order).log_prob(rhythm).mean() for order in (2, 4))
    assert low < -0.5 < -0.1 < high < 0


def test_an_empty_sequence_has_no_tokens_to_score():
    assert KneserNey(CORPUS, V).log_prob([]).shape == (0,)


@pytest.mark.parametrize(
    ("sequences", "order", "message"),
    [
        ([[1]], 1, "order must be >= 2; got order=1."),
        ([], 3, "sequences must hold at least one token; got none."),
        ([[], []], 3, "sequences must hold at least one token; got none."),
        ([[1, 7]], 3, r"tokens must lie in \[0, vocab_size=7\); got 7."),
        ([[-1]], 3, r"tokens must lie in \[0, vocab_size=7\); got -1."),
    ],
)
def test_bad_arguments_are_named(sequences, order, message):
    with pytest.raises(ValueError, match=message):
        KneserNey(sequences, V, order)


def test_a_token_outside_the_vocabulary_has_no_probability():
    with pytest.raises(ValueError, match=r"tokens must lie in \[0, vocab_size=7\); got 9."):
        KneserNey(CORPUS, V).log_prob([1, 9])
