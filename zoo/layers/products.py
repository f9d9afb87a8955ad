"""Products of many small matrices: those of attention."""

import keras
from keras import ops


def product(x, y, transposed=False):
    """A product for each head.

    Args:
        x: (B, G, T, C).
        y: (B, G, C, S), or (B, G, S, C) with
        transposed: whether the last two axes of `y` change places.

    Returns:
        (B, G, T, S).
    """
    return ops.matmul(x, ops.transpose(y, (0, 1, 3, 2)) if transposed else y)


def small_batch_matmul(x, y, transposed=False):
    """The same where T is one row or a few, as in a step of decoding.

    On TensorFlow by an operation that oneDNN does not take over: there it needs 20 µs more a call
    and for one row twice the time. It has no kernel for float16.
    """
    if keras.backend.backend() != "tensorflow" or x.dtype == "float16":
        return product(x, y, transposed)
    import tensorflow as tf

    return tf.raw_ops.BatchMatMulV3(x=x, y=y, Tout=x.dtype, adj_y=transposed)
