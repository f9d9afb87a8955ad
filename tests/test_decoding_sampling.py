"""Processors and sampling on numbers that can be checked by hand."""

import math

import numpy as np
import pytest
import tensorflow as tf

from zoo.decoding.logits import forbid_repeated_ngrams, next_log_probs, penalise_repetition
from zoo.decoding.sampling import sample, truncate, uniform

PROBS = [0.15, 0.4, 0.05, 0.3, 0.1]
ON = tf.ones([1, 1])


def kept(probs=PROBS, **options):
    """The token ids that survive, as a set, for one row."""
    logits, ids = truncate(tf.math.log([probs]), **options)
    return set(ids.numpy()[np.isfinite(logits)])


def draw(probs, u, temperature=1.0, **options):
    log_probs = tf.tile(tf.math.log([probs]), [len(u), 1])
    u = tf.constant(u, tf.float32)
    return sample(log_probs, u, temperature=temperature * ON, **options).numpy()


# Chi-square of 0.9999: a right generator fails one in ten thousand choices of the fixed seeds.
CHI_SQUARE = {3: 21.1, 15: 44.3, 255: 347.7}


def chi_square(counts, expected):
    return float(np.sum((counts - expected) ** 2 / expected))


def test_top_k_keeps_the_k_best():
    assert kept(top_k=2) == {1, 3}
    assert kept(top_k=9) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize(
    ("top_p", "expected"),
    [(0.39, {1}), (0.41, {1, 3}), (0.69, {1, 3}), (0.71, {1, 3, 0}), (1.0, {0, 1, 2, 3, 4})],
)
def test_top_p_keeps_the_fewest_that_reach_it(top_p, expected):
    assert kept(top_p=top_p * ON) == expected


@pytest.mark.parametrize(
    ("min_p", "expected"), [(0.0, {0, 1, 2, 3, 4}), (0.3, {0, 1, 3}), (0.7, {1, 3}), (0.8, {1})]
)
def test_min_p_keeps_what_is_near_the_best(min_p, expected):
    assert kept(min_p=min_p * ON) == expected


def test_top_p_counts_the_probabilities_that_top_k_left():
    # Of 0.4, 0.3, 0.15 the first two hold 0.82, of all five 0.7.
    assert kept(top_p=0.8 * ON) == {0, 1, 3}
    assert kept(top_k=3, top_p=0.8 * ON) == {1, 3}


def test_filters_may_differ_by_row():
    logits, ids = truncate(tf.math.log([PROBS, PROBS]), top_p=tf.constant([[0.2], [0.75]]))
    sets = [set(ids.numpy()[b][np.isfinite(logits[b])]) for b in range(2)]
    assert sets == [{1}, {0, 1, 3}]


def test_sampling_inverts_the_cumulative_distribution():
    # Best first, 1, 3, 0, 4, 2, the sums are 0.4, 0.7, 0.85, 0.95, 1.
    u = [0.0, 0.399, 0.401, 0.699, 0.701, 0.849, 0.851, 0.949, 0.951, 1 - 2**-23]
    assert draw(PROBS, u).tolist() == [1, 1, 3, 3, 0, 0, 4, 4, 2, 2]


def test_a_filter_that_drops_nothing_changes_no_draw():
    u = np.arange(500) / 500
    free = draw(PROBS, u).tolist()
    assert draw(PROBS, u, top_p=ON).tolist() == draw(PROBS, u, top_k=5).tolist() == free


def test_a_token_of_probability_zero_is_never_drawn():
    u = np.arange(64) / 64
    assert set(draw([0.0, 0.5, 0.0, 0.5, 0.0], [*u, 1 - 2**-23])) == {1, 3}


def test_temperature_sharpens_and_near_zero_takes_the_best():
    u = np.arange(1000) / 1000
    share = [np.mean(draw([0.2, 0.8], u, temperature) == 1) for temperature in (1.0, 0.5, 0.0)]
    # At 1/2 the odds are squared: 16 to 1. The grid of u is a thousandth wide.
    np.testing.assert_allclose(share, [0.8, 16 / 17, 1.0], atol=1e-3)


def test_uniform_numbers_fill_the_unit_interval_along_every_part_of_the_key():
    count = tf.range(4096)
    zero = tf.zeros_like(count)
    for key in ((count, 0, zero), (zero, 0, count), (zero + 7, count, zero), (-count, 5, zero + 1)):
        u = uniform(*key).numpy()
        assert u.min() >= 0 and u.max() < 1
        assert chi_square(np.histogram(u, 16, (0, 1))[0], 4096 / 16) < CHI_SQUARE[15]


def test_uniform_numbers_of_neighbouring_keys_are_independent():
    seeds = tf.range(8192)
    index = tf.zeros_like(seeds)
    here = uniform(seeds, 3, index)
    for other in (
        uniform(seeds + 1, 3, index),
        uniform(seeds, 4, index),
        uniform(seeds, 3, index + 1),
        uniform(index + 3, 0, seeds),
    ):
        pairs = np.histogram2d(here.numpy(), other.numpy(), 16, [(0, 1), (0, 1)])[0]
        assert chi_square(pairs, 8192 / 256) < CHI_SQUARE[255]


def test_draws_follow_the_distribution():
    probs = np.array([0.1, 0.2, 0.3, 0.4], "float32")
    u = uniform(tf.range(5000), 0, tf.zeros([5000], tf.int32))
    counts = np.bincount(draw(probs, u), minlength=4)
    assert chi_square(counts, 5000 * probs) < CHI_SQUARE[3]


def test_repetition_penalty_divides_positive_and_multiplies_negative_logits_once():
    logits = tf.constant([[1.5, -2.0, 0.0, 4.0], [1.5, -2.0, 0.0, 4.0]])
    found = penalise_repetition(logits, tf.constant([[3, 1, 3], [0, 2, 2]]), 2.0 * ON)
    assert found.numpy().tolist() == [[1.5, -4.0, 0.0, 2.0], [0.75, -2.0, 0.0, 4.0]]


@pytest.mark.parametrize(
    ("size", "tokens", "expected"),
    [
        (1, [4, 2], {4, 2}),
        (2, [1, 2, 3, 1], {2}),
        (2, [1, 1], {1}),
        (3, [1, 2, 3, 1, 2], {3}),
        (3, [1, 2, 4, 1, 2, 3, 1, 2], {3, 4}),
        (3, [1, 2], set()),
        (2, [], set()),
    ],
)
def test_ngram_rule_forbids_exactly_what_would_repeat(size, tokens, expected):
    other = [0] * len(tokens)  # rows do not mix
    found = forbid_repeated_ngrams(
        tf.zeros([2, 5]), tf.reshape(tf.constant([tokens, other], tf.int32), [2, -1]), size
    ).numpy()
    assert set(np.flatnonzero(np.isinf(found[0]))) == expected
    assert (found <= 0).all() and not np.isinf(found[1, 1:]).any()


def test_forbidding_does_not_raise_the_probability_of_the_rest():
    constraint = lambda tokens, t: tf.constant([[True, False, True]])  # noqa: E731
    found = next_log_probs(
        tf.math.log([[0.2, 0.7, 0.1]]),
        tf.zeros([1, 0], tf.int32),
        0,
        end_id=2,
        constraint=constraint,
    )
    # One float32 log and one log-softmax.
    np.testing.assert_allclose(found[0], [math.log(0.2), -math.inf, math.log(0.1)], rtol=1e-6)
