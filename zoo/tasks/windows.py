"""The windows in which a language model with a bounded context reads a text that is longer."""

import tensorflow as tf


class Windows:
    """Windows over positions 0 to S - 1 of texts, as the search of `TransformerLM` renews them.

    The first holds the first C positions. Each further one begins with position 0, the start token,
    and the newest C // 2 - 1 positions before it, and goes on to C positions in all; what it is for
    are the positions that no window before it has.

    Args:
        context: int or int32 scalar, C.
        length: int32 scalar, S.
    """

    def __init__(self, context, length):
        self._context, self._length = context, length
        self._kept = context // 2
        self._fresh = context - self._kept  # positions that a further window is for
        self._width = tf.minimum(context, length)
        self._count = 1 + tf.maximum(length - context + self._fresh - 1, 0) // self._fresh  # W

    def cut(self, values, fill, start=None):
        """Values (B, S) of positions -> (B·W, C or less) of each window, and `fill` at its end.

        Each window but the first begins with `prefill`, where that is given.
        """
        values = tf.pad(values, [[0, 0], [0, 1]], constant_values=fill)
        local = tf.range(self._width)[None]
        first = self._context + (tf.range(self._count)[:, None] - 1) * self._fresh
        places = tf.where((first < self._context) | (local == 0), local, first - self._kept + local)
        places = tf.minimum(places, self._length)  # (W, C)
        found = tf.gather(values, places, axis=1)  # (B, W, C)
        if start is not None:
            begins = (tf.range(self._count)[:, None] > 0) & (local == 0)
            found = tf.where(begins, start, found)
        return tf.reshape(found, [-1, self._width])

    def rows(self, values, positions):
        """Values (B·W, C, ...) -> (B, T, ...), of positions (B, T) in the windows for them."""
        values = tf.reshape(
            values, tf.concat([[-1, self._count * self._width], tf.shape(values)[2:]], axis=0)
        )
        window, local = self._place(positions)
        return tf.gather(values, window * self._width + local, batch_dims=1)

    def attention(self, weights, positions):
        """Weights (B·W, layers, H, C, C) -> (B, layers, H, T, S) of positions (B, T)."""
        layers, heads = weights.shape[1:3]
        found = self.rows(tf.transpose(weights, [0, 3, 1, 2, 4]), positions)
        found = tf.reshape(found, [*tf.unstack(tf.shape(positions)), layers, heads, self._width])
        window, _ = self._place(positions)
        first = self._context + (window - 1) * self._fresh
        shift = tf.where(window == 0, 0, first - self._kept)[..., None]  # (B, T, 1)
        sources = tf.range(self._length)[None, None]
        columns = sources - shift
        inside = (columns > 0) & (columns < self._width)
        columns = tf.where(inside, columns, 0)  # (B, T, S), position 0 in column 0 of all windows
        inside |= sources == 0
        found = tf.gather(found, columns, axis=4, batch_dims=2)
        found = tf.where(inside[:, :, None, None], found, 0.0)
        return tf.transpose(found, [0, 2, 3, 1, 4])

    def _place(self, positions):
        """The window that is for each position, and its place in it."""
        over = positions - self._context
        window = tf.where(over < 0, 0, 1 + over // self._fresh)
        return window, tf.where(over < 0, positions, self._kept + over % self._fresh)
