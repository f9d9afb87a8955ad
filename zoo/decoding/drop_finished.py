"""Sources whose answers are found leave the batch, so that the others have the machine."""

import tensorflow as tf

from zoo.decoding.rows import Hypotheses, gather_rows, row_shapes


def drop_finished(loop, static, *, extend, done, answers, take, shapes, batch_size, shrink):
    """Runs a search in rounds; each ends when half of its sources are done, and these leave.

    A round copies what the others still need once, so that a batch of B sources costs at most
    log2(B) such copies, and its longest answers are not paid for by all rows.

    Args:
        loop: a search before its first step.
        static: nest of tensors with B rows.
        extend: `(loop, static, sources int32 (b,), most) -> loop`, goes on until at most `most` of
            the sources are unfinished.
        done: `loop -> bool (b,)`.
        answers: `loop -> Hypotheses`.
        take: `(loop, places int32 (c,)) -> loop` of these sources alone.
        shapes: of `loop`, as loop invariants.
        batch_size: int or int32 scalar, B.
        shrink: whether to; without it, one round goes on until all sources are done.

    Returns:
        `Hypotheses` of all B sources.
    """
    sources = tf.range(batch_size)
    if not shrink:
        return answers(extend(loop, static, sources, 0))

    def a_round(sources, static, loop, found):
        loop = extend(loop, static, sources, tf.size(sources) // 2)
        found = _written(found, sources, answers(loop))
        stay = tf.cast(tf.where(~done(loop))[:, 0], tf.int32)
        rest = gather_rows((sources, static), stay)
        return *rest, take(loop, stay), found

    found = answers(loop)
    many = found.lengths.shape[1]
    *_, found = tf.while_loop(
        lambda sources, *_: tf.size(sources) > 0,
        a_round,
        (sources, static, loop, found),
        shape_invariants=(
            tf.TensorShape([None]),
            row_shapes(static),
            shapes,
            Hypotheses(tf.TensorShape([None, many, None]), *[tf.TensorShape([None, many])] * 2),
        ),
    )
    return found


def _written(found, sources, answers):
    """The answers so far, with those of some sources anew; a later round has longer ones."""
    # One place more than there are tokens, since there is no scatter into nothing.
    new = _padded(answers, 1)
    old = _padded(found, tf.shape(new.tokens)[2] - tf.shape(found.tokens)[2])
    pairs = zip(old, new, strict=True)
    return Hypotheses(*(tf.tensor_scatter_nd_update(x, sources[:, None], y) for x, y in pairs))


def _padded(found, places):
    return found._replace(tokens=tf.pad(found.tokens, [[0, 0], [0, 0], [0, places]]))
