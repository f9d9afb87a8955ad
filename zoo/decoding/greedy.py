"""One row, one sequence: greedy search and sampling."""

from typing import Any, NamedTuple

import tensorflow as tf

from zoo.decoding.rows import growing_shapes


class _Loop(NamedTuple):
    tokens: tf.Tensor  # int32 (N, t)
    last: tf.Tensor  # int32 (N,)
    lengths: tf.Tensor  # int32 (N,)
    log_probs: tf.Tensor  # float32 (N,)
    done: tf.Tensor  # bool (N,)
    state: Any


def extend_rows(step, state, next_log_probs, choose, *, first, end_id, pad_id, limit):
    """Appends the chosen token to each row until its end token or its limit.

    Args:
        step: `(tokens (N,), state) -> (logits (N, V), state)`.
        state: nest of tensors with N rows.
        next_log_probs: `(logits, tokens (N, t), t) -> (N, V)`.
        choose: `(log_probs (N, V), t) -> int32 (N,)`.
        first: int32 (N,), the tokens to start from.
        end_id, pad_id: int.
        limit: int32 (N,), most new tokens of each row.

    Returns:
        tokens int32 (N, T), lengths int32 (N,), log_probs float32 (N,).
    """
    n = tf.shape(limit)[0]

    def body(loop):
        t = tf.shape(loop.tokens)[1]
        logits, state = step(loop.last, loop.state)
        log_probs = next_log_probs(logits, loop.tokens, t)
        chosen = choose(log_probs, t)
        gained = tf.gather(log_probs, chosen, batch_dims=1)
        last = tf.where(loop.done, pad_id, chosen)
        after = _Loop(
            tokens=tf.concat([loop.tokens, last[:, None]], axis=1),
            last=last,
            lengths=loop.lengths + tf.cast(~loop.done, tf.int32),
            log_probs=loop.log_probs + tf.where(loop.done, 0.0, gained),
            done=loop.done | (chosen == end_id) | (t + 1 >= limit),
            state=state,
        )
        return (after,)

    row = tf.TensorShape([None])
    (loop,) = tf.while_loop(
        lambda loop: ~tf.reduce_all(loop.done),
        body,
        (
            _Loop(
                tokens=tf.zeros([n, 0], tf.int32),
                last=first,
                lengths=tf.zeros([n], tf.int32),
                log_probs=tf.zeros([n]),
                done=limit <= 0,
                state=state,
            ),
        ),
        shape_invariants=(
            _Loop(tf.TensorShape([None, None]), row, row, row, row, growing_shapes(state)),
        ),
    )
    return loop.tokens, loop.lengths, loop.log_probs
