"""The best tokens of long rows."""

import tensorflow as tf

_CHUNKS = (64, 80, 50, 48, 100, 40, 32, 125)  # widths, the fastest first


def top_k(scores, k):
    """`tf.math.top_k` of long rows, in a fraction of its time.

    A row is cut into chunks. Its k best are in the k chunks whose maxima are the best: only these
    are searched. Of equal scores any may be taken.

    Args:
        scores: float32 (N, V). Rows are cut where V is known, large, and divided by a good width.
        k: int; with fewer tokens all are taken.

    Returns:
        The values, best first, float32 (N, k), and their places int32 (N, k).
    """
    length = scores.shape[1]
    width = next((w for w in _CHUNKS if length and length % w == 0 and length >= 4 * k * w), None)
    if width is None:
        return tf.math.top_k(scores, tf.minimum(k, tf.shape(scores)[1]))
    chunks = tf.reshape(scores, [-1, length // width, width])
    _, places = tf.math.top_k(tf.reduce_max(chunks, axis=2), k)
    best = tf.reshape(tf.gather(chunks, places, batch_dims=1), [-1, k * width])
    values, index = tf.math.top_k(best, k)
    return values, tf.gather(places, index // width, batch_dims=1) * width + index % width
