"""Constraints: which tokens may come next.

A constraint is a function `(tokens, t) -> allowed`: `tokens` int32 (N, t) so far, without the start
token; `t` int32 scalar; `allowed` bool (N, V), or (1, V) where it is the same for all rows.
"""

import functools

import numpy as np
import tensorflow as tf


def banned(ids, vocab_size):
    """Forbids some tokens everywhere.

    Args:
        ids: iterable of int, each in [0, vocab_size).
        vocab_size: int, V.

    Raises:
        ValueError: an id outside the vocabulary.
    """
    ids = _checked("ids", ids, vocab_size)
    allowed = np.ones([1, vocab_size], bool)
    allowed[:, ids] = False
    return lambda tokens, t: tf.constant(allowed)


def forced(prefix, pad_id, vocab_size):
    """Row b of `prefix` is how the answers of source b begin; what follows is free.

    Args:
        prefix: int32 (B, P), each row padded at its end.
        pad_id: int, the padding of `prefix`.
        vocab_size: int, V.
    """
    width = tf.shape(prefix)[1]
    padded = tf.pad(prefix, [[0, 0], [0, 1]], constant_values=pad_id)

    def constraint(tokens, t):
        ids = padded[:, tf.minimum(t, width)]
        ids = tf.repeat(ids, tf.shape(tokens)[0] // tf.shape(ids)[0])[:, None]
        return (ids == pad_id) | (tf.range(vocab_size) == ids)

    return constraint


def prefix_trie(sequences, vocab_size, end_id):
    """Allows exactly the given sequences, each followed by the end token.

    Args:
        sequences: list of lists of int, without the end token.
        vocab_size: int, V.
        end_id: int, the end token.

    Raises:
        ValueError: no sequence, or an id outside the vocabulary.

    Reference: De Cao et al. 2021, Autoregressive Entity Retrieval, section 3.2.
    """
    if not sequences:
        raise ValueError(f"sequences must hold at least one sequence; got {sequences!r}.")
    width = max(map(len, sequences)) + 1
    rows = [[*_checked("sequences", ids, vocab_size), end_id] for ids in sequences]
    # The last column stays -1: nothing may follow the longest sequence.
    table = tf.constant([row + [-1] * (width + 1 - len(row)) for row in rows], tf.int32)

    def constraint(tokens, t):
        t = tf.minimum(t, width)
        same = tf.reduce_all(tokens[:, None, :t] == table[None, :, :t], axis=-1)  # (N, M)
        # Segment v of (M, N) gathers the sequences that go on with token v; -1 belongs to none.
        goes_on = tf.cast(tf.transpose(same), tf.int32)
        return tf.transpose(tf.math.unsorted_segment_max(goes_on, table[:, t], vocab_size)) > 0

    return constraint


def all_of(*constraints):
    """Allows what all of the constraints allow."""
    return lambda tokens, t: functools.reduce(
        tf.logical_and, [constraint(tokens, t) for constraint in constraints]
    )


def _checked(name, ids, vocab_size):
    ids = [int(i) for i in ids]
    for i in ids:
        if not 0 <= i < vocab_size:
            raise ValueError(f"{name} must lie in [0, vocab_size={vocab_size}); got {i}.")
    return ids
