"""Stops: an answer ends where its tokens have spelled what it was to stop at.

What has been spelled so far is one number a row, kept in the state beside the model's own: the
state of an automaton, which a table moves on with each token. So it goes where rows go, with beams,
draws and sources that leave, and costs a step one lookup. A row that is caught may only end, for
nothing: its next token is the end token with probability 1, one step after.
"""

import tensorflow as tf

_UNBEGUN = -1  # the first token that a step reads belongs to no answer


def watched_state(state, rows):
    """The state of a search before its first token, with what the answers have spelled: nothing."""
    return state, tf.fill([rows], _UNBEGUN)


def watched_step(step, table, end_id):
    """A step that lets a row end when it is caught.

    Args:
        step: `(tokens (N,), static, state) -> (logits (N, V), state)`.
        table: int32 (Q, V), the state of the automaton after each token; 0 is its first state, and
            the last one is being caught, which is for good.
        end_id: int.

    Returns:
        The same for a state from `watched_state`.
    """
    caught = tf.shape(table)[0] - 1

    def watched(tokens, static, state):
        state, spelled = state
        moved = tf.gather_nd(table, tf.stack([tf.maximum(spelled, 0), tokens], axis=1))
        spelled = tf.where(spelled == _UNBEGUN, 0, moved)
        logits, state = step(tokens, static, state)
        logits = tf.cast(logits, tf.float32)
        only_end = tf.where(tf.range(tf.shape(logits)[1]) == end_id, 0.0, -float("inf"))
        return tf.where((spelled == caught)[:, None], only_end, logits), (state, spelled)

    return watched


def watched_context_shift(context_shift):
    """A context_shift for a state from `watched_state`; see `zoo.decoding.loop.run`."""
    if context_shift is None:
        return None
    shift_is_due, shift = context_shift
    return lambda state: shift_is_due(state[0]), lambda state: (shift(state[0]), state[1])
