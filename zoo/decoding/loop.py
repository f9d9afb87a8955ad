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

    def stretch(loop):
        if renewal is None:
            more, start = goes_on, loop
        else:
            is_due, renew = renewal
            start = loop._replace(state=renew(loop.state))

            def more(loop):
                return goes_on(loop) & ~is_due(loop.state)

        return tf.while_loop(more, lambda x: (body(x),), (start,), shape_invariants=(shapes,))

    if renewal is None:
        return stretch(loop)[0]
    return tf.while_loop(goes_on, stretch, (loop,), shape_invariants=(shapes,))[0]
