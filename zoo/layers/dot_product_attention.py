"""Dot-product attention with one head and the scores of Luong."""

import math

import keras
from keras import ops

from zoo.layers.additive_attention import AdditiveAttention
from zoo.layers.attention import Attention

SCORES = ("dot", "scaled", "general", "concat")


@keras.saving.register_keras_serializable(package="zoo")
class DotProductAttention(Attention):
    """Attention by a product of query and key.

    | `score` | score of query q and key k |
    |---|---|
    | `"dot"` | `q · k` |
    | `"scaled"` | `q · k / sqrt(D)` |
    | `"general"` | `q · W k` |
    | `"concat"` | `v · tanh(W [q; k])`, which is `AdditiveAttention` with `W = [W_q, W_k]` |

    Args:
        score: one of the above.
        units: width of the hidden layer of `"concat"`. Default: the width of `key`.
        dropout: dropout rate on the weights.

    Call arguments and returns: see `zoo.layers.attention.Attention`. For `"dot"` and `"scaled"`
    query and key must have the same width D.

    Raises:
        ValueError: an unknown `score`, `units` below 1 or without `"concat"`, or shapes that do not
            fit together.

    Reference:
        Luong et al. 2015, Effective Approaches to Attention-based Neural Machine Translation,
        section 3.1 (q = h_t, k = h_s, W = W_a, v = v_a). Scaled: Vaswani et al. 2017, section
        3.2.1.
    """

    def __init__(self, score="scaled", units=None, dropout=0.0, **kwargs):
        super().__init__(dropout=dropout, **kwargs)
        if score not in SCORES:
            raise ValueError(f"score must be one of {', '.join(SCORES)}; got score={score!r}.")
        if units is not None and (score != "concat" or units < 1):
            raise ValueError(
                f"units must be >= 1, and only with score='concat'; got units={units}, "
                f"score={score!r}."
            )
        self.score = score
        self.units = units

    def build(self, query_shape, value_shape, key_shape=None):
        super().build(query_shape, value_shape, key_shape)
        key_shape = key_shape or value_shape
        if self.score == "general":
            self.key_dense = keras.layers.Dense(
                query_shape[-1], use_bias=False, name="key", dtype=self.dtype_policy
            )
            self.key_dense.build(key_shape)
        elif self.score == "concat":
            self.additive = AdditiveAttention(
                self.units or key_shape[-1], name="additive", dtype=self.dtype_policy
            )
            self.additive.build(query_shape, value_shape, key_shape)

    def project_key(self, key):
        """Keys (B, S, Dk) -> `W key` (B, S, Dq), `W_k key` (B, S, U) or, as they are, `key`."""
        if self.score == "general":
            return self.key_dense(key)
        if self.score == "concat":
            return self.additive.project_key(key)
        return key

    def scores(self, query, projected_key):
        if self.score == "concat":
            return self.additive.scores(query, projected_key)
        if self.score == "scaled":
            query = query / math.sqrt(query.shape[-1])
        return ops.matmul(query, ops.transpose(projected_key, (0, 2, 1)))

    def get_config(self):
        return {**super().get_config(), "score": self.score, "units": self.units}

    def _check_shapes(self, query_shape, value_shape, key_shape):
        super()._check_shapes(query_shape, value_shape, key_shape)
        if self.score in ("dot", "scaled") and query_shape[-1] != key_shape[-1]:
            raise ValueError(
                f"query and key must have the same width with score={self.score!r}; "
                f"got query of shape {tuple(query_shape)}, key of shape {tuple(key_shape)}."
            )
