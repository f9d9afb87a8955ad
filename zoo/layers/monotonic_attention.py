"""Multi-head attention that forgets: what lies further back weighs less."""

import keras
from keras import ops

from zoo.layers import masks
from zoo.layers.multi_head_attention import MultiHeadAttention


@keras.saving.register_keras_serializable(package="zoo")
class MonotonicAttention(MultiHeadAttention):
    """Attention whose scores decay with the distance, by a rate that each head learns.

    `weights_t = softmax_s(exp(-rate_h d(t, s)) q_t k_s / sqrt(key_dim))`. The distance of key s
    counts what was attended to between s and t, so that what lies behind much that is alike is
    further away than what lies behind something else:

        d(t, s) = sqrt(|t - s| * sum_(s < r <= t) softmax(q_t k_r / sqrt(key_dim)))

    Arguments and call as of `MultiHeadAttention`; for self-attention and for keys at the times of
    the queries, under a causal mask.

    Reference:
        Ghosh, Heffernan and Lan 2020, Context-Aware Attentive Knowledge Tracing, section 3.2; the
        root is that of the authors' code (https://github.com/arghosh/AKT).
    """

    def build(self, query_shape, value_shape=None, key_shape=None):
        super().build(query_shape, value_shape, key_shape)
        self.rate = self.add_weight(
            shape=(self.num_heads, 1, 1),
            initializer="zeros",
            name="rate",
            dtype="float32",
            autocast=False,  # scores are compared in float32
        )

    def select(self, scores, mask):
        scores = ops.cast(scores, "float32")
        mask = None if mask is None else mask[:, None]
        # The distance is measured, not learned through.
        shares = masks.masked_softmax(ops.stop_gradient(scores), mask)
        # Summed from the end, so that what is small is exact: its root is not.
        from_here = ops.flip(ops.cumsum(ops.flip(shares, axis=-1), axis=-1), axis=-1)
        between = ops.maximum(from_here - shares, 0.0)
        length, source = ops.shape(scores)[2], ops.shape(scores)[3]
        # The last query is at the time of the last key.
        times = ops.arange(length, dtype="float32")[:, None] + ops.cast(source - length, "float32")
        apart = ops.abs(times - ops.arange(source, dtype="float32")[None])
        distance = ops.stop_gradient(ops.sqrt(apart * between))
        decay = ops.clip(ops.exp(-ops.softplus(self.rate) * distance), 1e-5, 1.0)
        return ops.cast(masks.masked_softmax(scores * decay, mask), self.compute_dtype)
