"""The loop of a search, with stops where a model renews its state."""

import tensorflow as tf


def run(loop, goes_on, body, shapes, context_shift=None):
    """`tf.while_loop` over a named tuple that has a `state`.

    A model whose context is bounded now and then reads the newest part of it anew. That is done
    between stretches of steps, each a loop of its own, so that a step pays nothing for it.

    Args:
        loop: named tuple of tensors, with `state`.
        goes_on: `loop -> bool scalar`.
        body: `loop -> loop`.
        shapes: of `loop`, as loop invariants.
        context_shift: `(shift_is_due, shift)`, functions `state -> bool scalar` and `state ->
            state`, or None. A state that was just shifted must not be due.

    Returns:
        The last `loop`.
    """

    def steps(goes_on, body, loop):
        return tf.while_loop(goes_on, lambda x: (body(x),), (loop,), shape_invariants=(shapes,))[0]

    if context_shift is None:
        return steps(goes_on, body, loop)
    shift_is_due, shift = context_shift

    def stretch(loop):
        loop = loop._replace(state=shift(loop.state))
        return steps(lambda x: goes_on(x) & ~shift_is_due(x.state), body, loop)

    return steps(goes_on, stretch, loop)
