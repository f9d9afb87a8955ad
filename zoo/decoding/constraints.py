"""Constraints: which tokens may come next.

A constraint is a function `(tokens, t, sources) -> allowed`: `tokens` int32 (N, t) so far, without
the start token; `t` int32 scalar; `sources` int32 (N,), the source of each row, 0 to B - 1;
`allowed` bool (N, V), or (1, V) where it is the same for all rows.
"""

import functools

import numpy as np
import tensorflow as tf


def suppress_tokens(ids, vocab_size):
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
    return lambda tokens, t, sources: tf.constant(allowed)


def force_tokens(ids, pad_id, vocab_size):
    """Token t of the answers of source b is `ids[b, t]`; where that is padding, it is free.

    A prefix is a row padded at its end; padding anywhere else leaves that place free. What follows
    the row is free.

    Args:
        ids: int32 (B, L).
        pad_id: int, the padding of `ids`.
        vocab_size: int, V.
    """
    places = _by_place(ids, pad_id)

    def constraint(tokens, t, sources):
        ids = places(t, sources)[:, None]
        return (ids == pad_id) | (tf.range(vocab_size) == ids)

    return constraint


def allowed_tokens(classes, masks):
    """Token t of the answers of source b is one of the class `classes[b, t]` of tokens.

    A class of -1 leaves its place free, and what follows the row is free. A class of the end token
    alone, last in a row, makes all answers of that source equally long.

    Args:
        classes: int32 (B, L), each in [-1, C).
        masks: bool (C, V), the tokens of each class.

    Raises:
        ValueError: a class that is none, or that has no tokens. In a graph only what is constant
            can be checked.
    """
    classes, masks = tf.convert_to_tensor(classes, tf.int32), tf.convert_to_tensor(masks, tf.bool)
    _check_template(tf.get_static_value(classes), tf.get_static_value(masks))
    places = _by_place(classes, -1)
    # The last row, where -1 ends up, allows all.
    masks = tf.pad(masks, [[0, 1], [0, 0]], constant_values=True)

    def constraint(tokens, t, sources):
        return tf.gather(masks, places(t, sources) % tf.shape(masks)[0])

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

    def constraint(tokens, t, sources):
        t = tf.minimum(t, width)
        same = tf.reduce_all(tokens[:, None, :t] == table[None, :, :t], axis=-1)  # (N, M)
        # Segment v of (M, N) gathers the sequences that go on with token v; -1 belongs to none.
        goes_on = tf.cast(tf.transpose(same), tf.int32)
        return tf.transpose(tf.math.unsorted_segment_max(goes_on, table[:, t], vocab_size)) > 0

    return constraint


def all_of(*constraints):
    """Allows what all of the constraints allow."""
    return lambda *rows: functools.reduce(
        tf.logical_and, [constraint(*rows) for constraint in constraints]
    )


def _by_place(table, free):
    """`(t, sources (N,)) -> (N,)`: what column t of `table` (B, L) says for each row."""
    width = tf.shape(table)[1]
    padded = tf.pad(table, [[0, 0], [0, 1]], constant_values=free)
    return lambda t, sources: tf.gather(padded[:, tf.minimum(t, width)], sources)


def _check_template(classes, masks):
    if masks is None:
        return
    for number in () if classes is None else np.unique(classes):
        if not -1 <= number < len(masks):
            raise ValueError(f"classes must lie in [-1, {len(masks)}); got {number}.")
    for number, mask in enumerate(masks):
        if not mask.any():
            raise ValueError(f"masks must allow a token in each class; got none in class {number}.")


def _checked(name, ids, vocab_size):
    ids = [int(i) for i in ids]
    for i in ids:
        if not 0 <= i < vocab_size:
            raise ValueError(f"{name} must lie in [0, vocab_size={vocab_size}); got {i}.")
    return ids
