"""One row, one sequence: greedy search and sampling."""

from typing import Any, NamedTuple

import tensorflow as tf

from zoo.decoding.loop import run
from zoo.decoding.rows import gather_rows, growing_shapes, is_end


class Rows(NamedTuple):
    """Sequences in the making; with it a search can be interrupted and taken up again."""

    tokens: tf.Tensor  # int32 (N, t)
    last: tf.Tensor  # int32 (N,)
    lengths: tf.Tensor  # int32 (N,)
    log_probs: tf.Tensor  # float32 (N,)
    done: tf.Tensor  # bool (N,)
    state: Any


def begin_rows(state, *, first, limit):
    """N sequences before their first token.

    Args:
        state: nest of tensors with N rows.
        first: int32 (N,), the tokens to start from.
        limit: int32 (N,), most new tokens of each row.

    Returns:
        `Rows`.
    """
    n = tf.shape(limit)[0]
    return Rows(
        tokens=tf.zeros([n, 0], tf.int32),
        last=first,
        lengths=tf.zeros([n], tf.int32),
        log_probs=tf.zeros([n]),
        done=limit <= 0,
        state=state,
    )


def extend_rows(
    rows,
    step,
    next_log_probs,
    choose,
    *,
    times,
    ends,
    pad_id,
    limit,
    most=0,
    until=None,
    context_shift=None,
):
    """Appends the chosen token to each row until an end token or its limit.

    Args:
        rows: `Rows`.
        step: `(tokens (N,), state) -> (logits (N, V), state)`.
        next_log_probs: `(logits, tokens (N, t), t) -> (N, V)`.
        choose: `(log_probs (N, V), t) -> int32 (N,)`.
        times: int, the rows of a source.
        ends: tuple of int, the tokens that end a row.
        pad_id: int.
        limit: int32 (N,), most new tokens of each row.
        most: int32 scalar, stop when at most so many sources are unfinished.
        until: int32 scalar, stop at this many tokens for now; None for no such stop.
        context_shift: see `zoo.decoding.loop.run`.

    Returns:
        `Rows`.
    """

    def body(rows):
        t = tf.shape(rows.tokens)[1]
        logits, state = step(rows.last, rows.state)
        log_probs = next_log_probs(logits, rows.tokens, t)
        chosen = choose(log_probs, t)
        gained = tf.gather(log_probs, chosen, batch_dims=1)
        last = tf.where(rows.done, pad_id, chosen)
        return Rows(
            tokens=tf.concat([rows.tokens, last[:, None]], axis=1),
            last=last,
            lengths=rows.lengths + tf.cast(~rows.done, tf.int32),
            log_probs=rows.log_probs + tf.where(rows.done, 0.0, gained),
            done=rows.done | is_end(chosen, ends) | (t + 1 >= limit),
            state=state,
        )

    def goes_on(rows):
        more = tf.reduce_sum(tf.cast(~sources_done(rows, times), tf.int32)) > most
        return more if until is None else more & (tf.shape(rows.tokens)[1] < until)

    return run(rows, goes_on, body, rows_shapes(rows), context_shift)


def sources_done(rows, times):
    """Whether all rows of a source are done: bool (N / times,)."""
    return tf.reduce_all(tf.reshape(rows.done, [-1, times]), axis=1)


def take_rows(rows, places):
    """Some of the rows, int32 (M,), alone."""
    return Rows(*gather_rows(tuple(rows), places))


def rows_shapes(rows):
    """Loop invariants of `Rows`."""
    row = tf.TensorShape([None])
    return Rows(tf.TensorShape([None, None]), row, row, row, row, growing_shapes(rows.state))
