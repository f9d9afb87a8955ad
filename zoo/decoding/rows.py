"""What both searches share: the answer, and the rows of the state."""

import functools
from typing import NamedTuple

import tensorflow as tf


class Hypotheses(NamedTuple):
    """R answers for each of B sources.

    Attributes:
        tokens: int32 (B, R, T), without the start token, with the end token, then padding.
        lengths: int32 (B, R), the end token included.
        log_probs: float32 (B, R), the sum of the natural-log probabilities of the tokens: the
            model's own after `repetition_penalty`, whatever filter, penalty or constraint led to
            the choice. Minus infinity marks an answer that does not exist (length 0): a search
            under a constraint may find fewer than R.
    """

    tokens: tf.Tensor
    lengths: tf.Tensor
    log_probs: tf.Tensor


def end_tokens(end_id):
    """What a search takes as `end_id`, an int or several -> a tuple of int."""
    return tuple(end_id) if isinstance(end_id, (list, tuple)) else (end_id,)


def is_end(ids, ends):
    """Which of some tokens are in a tuple of them: bool, of the shape of `ids`."""
    return functools.reduce(tf.logical_or, [ids == end for end in ends])


def repeat_rows(state, times):
    """Each row of a nest `times` times in a row: row n then belongs to source n // times."""
    if times == 1:
        return state
    return tf.nest.map_structure(lambda x: tf.repeat(x, times, axis=0), state)


def gather_rows(state, rows):
    """Rows (N,) of every tensor of a nest."""
    return tf.nest.map_structure(lambda x: tf.gather(x, rows), state)


def rows_of(sources, times):
    """The places of sources (b,) -> those of their rows (b * times,)."""
    return tf.reshape(sources[:, None] * times + tf.range(times), [-1])


def row_shapes(static):
    """Loop invariants of a nest of tensors whose number of rows changes, and nothing else."""
    return tf.nest.map_structure(lambda x: tf.TensorShape([None, *x.shape[1:]]), static)


def growing_shapes(state):
    """Loop invariants of a state: axis 0 and each axis of static size 0 may change."""

    def shape(x):
        sizes = [None if size == 0 else size for size in x.shape]
        return tf.TensorShape([None] + sizes[1:])

    return tf.nest.map_structure(shape, state)


def column(value, times):
    """An option as (1, 1), or, given for each source as (B,), as (B * times, 1)."""
    value = tf.convert_to_tensor(value, tf.float32)
    if value.shape.rank == 0:
        return tf.reshape(value, [1, 1])
    return tf.repeat(value, times)[:, None]
