"""Additive attention in bounded memory."""

import keras
from keras import ops

from zoo.layers.attention import Attention

# Up to this many float32 terms (64 MiB), tanh(q + k) is taken for all pairs and units at once.
MAX_TERMS = 2**24


@keras.saving.register_keras_serializable(package="zoo")
class AdditiveAttention(Attention):
    """Attention whose score is a small network of query and key.

    `score(q, k) = scale · tanh(W_q q + W_k k)`, and `context = softmax(score) · value`.

    Memory is bounded: long inputs sum their scores one unit at a time, and the gradient computes
    the terms again, so that nothing of shape (B, T, S, units) is ever held.

    Args:
        units: width U of the hidden layer.
        use_bias: whether a bias is added inside the tanh.
        dropout: dropout rate on the weights.

    Call arguments and returns: see `zoo.layers.attention.Attention`.

    Raises:
        ValueError: `units` below 1, or shapes that do not fit together.

    Reference:
        Bahdanau et al. 2015, Neural Machine Translation by Jointly Learning to Align and
        Translate, appendix A.1.2 (scale = v_a, W_q = W_a, W_k = U_a).
    """

    def __init__(self, units, use_bias=False, dropout=0.0, **kwargs):
        super().__init__(dropout=dropout, **kwargs)
        if units < 1:
            raise ValueError(f"units must be >= 1; got units={units}.")
        self.units = int(units)
        self.use_bias = bool(use_bias)

    def build(self, query_shape, value_shape, key_shape=None):
        super().build(query_shape, value_shape, key_shape)
        self.query_dense = keras.layers.Dense(
            self.units, use_bias=False, name="query", dtype=self.dtype_policy
        )
        self.query_dense.build(query_shape)
        # The bias goes with the keys, which are projected once a source.
        self.key_dense = keras.layers.Dense(
            self.units, use_bias=self.use_bias, name="key", dtype=self.dtype_policy
        )
        self.key_dense.build(key_shape or value_shape)
        self.scale = self.add_weight(
            name="scale", shape=(self.units,), initializer="glorot_uniform"
        )

    def project_key(self, key):
        """`W_k key (+ bias)`: (B, S, Dk) -> (B, S, U). The layer must have been built."""
        return self.key_dense(key)

    def scores(self, query, projected_key):
        batch, length = ops.shape(query)[:2]
        pairs = batch * length * ops.shape(projected_key)[1]
        few = pairs <= MAX_TERMS // self.units

        def at_once():
            return self.scores_at_once(query, projected_key)

        def by_unit():
            queries = self.query_dense(query)
            query_units = ops.transpose(queries, (2, 0, 1))
            key_units = ops.transpose(projected_key, (2, 0, 1))
            scale = ops.cast(self.scale, queries.dtype)
            return ops.cast(_sum_of_units(query_units, key_units, scale), queries.dtype)

        if isinstance(few, bool):
            return at_once() if few else by_unit()
        return ops.cond(few, at_once, by_unit)

    def scores_at_once(self, query, projected_key):
        """The scores with all terms (B, T, S, U) in memory: for a few queries."""
        query = self.query_dense(query)
        query, key = ops.expand_dims(query, 2), ops.expand_dims(projected_key, 1)
        hidden = ops.tanh(query + key)  # (B, T, S, U)
        return ops.squeeze(ops.matmul(hidden, ops.cast(self.scale, query.dtype)[:, None]), -1)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "use_bias": self.use_bias}


@ops.custom_gradient
def _sum_of_units(query, key, scale):
    """Sum `scale[u] tanh(query[u] + key[u])` over u: (U, B, T), (U, B, S), (U,) -> (B, T, S).

    The terms have the dtype of the arguments; the sum and the gradient's sums are float32.
    """

    def add_unit(unit, scores):
        hidden = ops.tanh(query[unit][:, :, None] + key[unit][:, None, :])
        return scores + ops.cast(scale[unit] * hidden, "float32")

    units, batch, length = ops.shape(query)
    zeros = ops.zeros((batch, length, ops.shape(key)[2]), "float32")

    def gradient(*args, upstream=None):
        if upstream is None:  # given by name on torch, by position elsewhere
            (upstream,) = args

        def unit_gradient(terms):
            query, key, scale = terms
            hidden = ops.cast(ops.tanh(query[:, :, None] + key[:, None, :]), "float32")
            slope = upstream * ops.cast(scale, "float32") * (1 - hidden * hidden)
            gradients = ops.sum(slope, 2), ops.sum(slope, 1), ops.sum(upstream * hidden)
            return tuple(ops.cast(g, scale.dtype) for g in gradients)

        return tuple(ops.map(unit_gradient, (query, key, scale)))

    return ops.fori_loop(0, units, add_unit, zeros), gradient
