"""The loop of a search, with stops where a model renews its state."""

import tensorflow as tf


def run(loop, goes_on, body, shapes, renewal=None):
    """`tf.while_loop` over a named tuple that has a `state`.

    A model whose context is bounded now and then reads the newest part of it anew. That is done
    between stretches of steps, each a loop of its own, so that a step pays nothing for it.

    Args:
        loop: named tuple of tensors, with `state`.
        goes_on: `loop -> bool scalar`.
        body: `loop -> loop`.
        shapes: of `loop`, as loop invariants.
        renewal: `(is_due, renew)`, functions `state -> bool scalar` and `state -> state`, or None.
            A state that was just renewed must not be due.

    Returns:
        The last `loop`.
    """

    def steps(goes_on, body, loop):
        return tf.while_loop(goes_on, lambda x: (body(x),), (loop,), shape_invariants=(shapes,))[0]

    if renewal is None:
        return steps(goes_on, body, loop)
    is_due, renew = renewal

    def stretch(loop):
        loop = loop._replace(state=renew(loop.state))
        return steps(lambda x: goes_on(x) & ~is_due(x.state), body, loop)

    return steps(goes_on, stretch, loop)
