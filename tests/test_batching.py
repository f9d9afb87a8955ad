import collections
import random

import numpy as np
import pytest
import tensorflow as tf

from zoo.data.batching import bucketed_pairs

BATCH_TOKENS = 100


def number_rows(texts):
    return tf.strings.to_number(tf.strings.split(texts), tf.int32)


def encode(sources, targets):
    return number_rows(sources), number_rows(targets)


def random_pairs(count, longest=30):
    """Pairs of rows of numbers above 0; the first of a row tells it apart from the others."""
    rng = random.Random(0)

    def side(i, length):
        return " ".join(map(str, [i + 1] * length))

    lengths = [rng.randint(2, longest) for _ in range(count)]
    return [(side(i, n), side(i, max(1, n + rng.randint(-2, 2)))) for i, n in enumerate(lengths)]


def batches(pairs, max_length=40, **options):
    data = tf.data.Dataset.from_tensor_slices(tuple(map(list, zip(*pairs, strict=True))))
    found = bucketed_pairs(
        data, encode, batch_tokens=BATCH_TOKENS, max_length=max_length, **options
    )
    return found


def rows_of(batch):
    source, target = (side.numpy() for side in batch)
    return [(tuple(s[s > 0]), tuple(t[t > 0])) for s, t in zip(source, target, strict=True)]


def same(one, other):
    return len(one) == len(other) and all(
        np.array_equal(a, b) for x, y in zip(one, other, strict=True) for a, b in zip(x, y)
    )


@pytest.mark.parametrize("shuffle", [0, 50])
def test_every_pair_comes_exactly_once_an_epoch(shuffle):
    pairs = random_pairs(300)
    epoch = [row for batch in batches(pairs, shuffle=shuffle) for row in rows_of(batch)]
    expected = [tuple(tuple(map(int, side.split())) for side in pair) for pair in pairs]
    assert collections.Counter(epoch) == collections.Counter(expected)


def test_batches_stay_within_their_tokens_and_are_mostly_real():
    real = padded = 0
    for source, target in batches(random_pairs(1000), shuffle=1000):
        rows, longer = source.shape[0], max(source.shape[1], target.shape[1])
        assert source.dtype == target.dtype == tf.int32
        assert rows * longer <= BATCH_TOKENS
        real += int(tf.math.count_nonzero(source)) + int(tf.math.count_nonzero(target))
        padded += tf.size(source) + tf.size(target)
    assert real / int(padded) > 0.75


def test_pair_of_more_tokens_than_a_batch_is_a_batch_of_its_own():
    long = " ".join(["7"] * (BATCH_TOKENS + 50))
    (batch,) = batches([(long, "8 8")], max_length=200)
    assert batch[0].shape == (1, 150) and batch[1].shape == (1, 2)


def test_same_seed_gives_the_same_batches_and_another_seed_others():
    pairs = random_pairs(200)
    one, two, other = (list(batches(pairs, shuffle=200, seed=seed)) for seed in (3, 3, 4))
    assert same(one, two)
    assert not same(one, other)


def test_second_epoch_is_shuffled_anew():
    data = batches(random_pairs(200), shuffle=200, seed=3)
    assert not same(list(data), list(data))


@pytest.mark.parametrize("side", [0, 1])
def test_pairs_with_a_side_above_the_limit_are_left_out(side):
    pairs = [("1 1 1", "1 1 1"), ("2 2 2", "2 2 2"), ("3", "3")]
    too_long = [*pairs[1]]
    too_long[side] = "2 2 2 2"
    pairs[1] = tuple(too_long)
    kept = [row for batch in batches(pairs, max_length=3) for row in rows_of(batch)]
    assert sorted(kept) == [((1, 1, 1), (1, 1, 1)), ((3,), (3,))]
