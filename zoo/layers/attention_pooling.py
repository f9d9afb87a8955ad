"""A sequence as one vector: attention with a query that is learned."""

import keras
from keras import ops

from zoo.layers import masks
from zoo.layers.adapted import Adaptable


@keras.saving.register_keras_serializable(package="zoo")
class AttentionPooling(Adaptable, keras.layers.Layer):
    """The weighted mean of the positions of a sequence, with weights that are learned.

    `weights = softmax(query · tanh(W x + b))` over the positions that the mask allows, and
    `pooled = weights · x`. It is additive attention with one learned query for all sequences.

    Args:
        units: width U of the hidden layer and of the query.

    Call arguments:
        x: float (B, S, D).
        mask: bool, or int with 0 and 1, (B, S), True = counts; also the mask that Keras carries
            beside `x`. A sequence that has no such position gives a vector and weights of 0.
        return_attention_scores: whether the weights are returned, too.

    Returns:
        (B, D); with `return_attention_scores` also the weights, float32 (B, S).

    Raises:
        ValueError: `units` below 1, shapes that do not fit together, or a mask of other integers.
        TypeError: a mask of floats.

    Reference:
        Yang et al. 2016, Hierarchical Attention Networks for Document Classification, equations 5
        to 7 (query = u_w); Lin et al. 2017, A Structured Self-attentive Sentence Embedding.
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        if units < 1:
            raise ValueError(f"units must be >= 1; got units={units}.")
        self.units = int(units)
        self.supports_masking = True

    def build(self, x_shape):
        _check_rank(x_shape)
        self.hidden_dense = keras.layers.Dense(
            self.units, activation="tanh", name="hidden", dtype=self.dtype_policy
        )
        self.hidden_dense.build(x_shape)
        self.query = self.add_weight(
            name="query", shape=(self.units,), initializer="glorot_uniform"
        )
        self.built = True

    def call(self, x, mask=None, return_attention_scores=False):
        _check_rank(x.shape)
        if mask is not None:
            mask = _checked(mask, x.shape)
        hidden = self.hidden_dense(x)
        scores = ops.matmul(hidden, ops.cast(self.query, hidden.dtype)[:, None])
        scores = ops.cast(ops.squeeze(scores, -1), "float32")  # (B, S)
        weights = masks.masked_softmax(scores, mask)
        pooled = ops.squeeze(ops.matmul(ops.expand_dims(ops.cast(weights, x.dtype), 1), x), 1)
        return (pooled, weights) if return_attention_scores else pooled

    def compute_mask(self, inputs, previous_mask=None):
        return None  # a vector has no positions

    def compute_output_shape(self, x_shape):
        return (x_shape[0], x_shape[-1])

    def compute_output_spec(self, x, mask=None, return_attention_scores=False):
        pooled = keras.KerasTensor(self.compute_output_shape(x.shape), dtype=self.compute_dtype)
        if return_attention_scores:
            return pooled, keras.KerasTensor(x.shape[:2], dtype="float32")
        return pooled

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def _check_rank(shape):
    if len(shape) != 3:
        raise ValueError(f"x must have rank 3 (batch, length, width); got shape {tuple(shape)}.")


def _checked(mask, shape):
    """The mask of a sequence of a shape (B, S, D), as bool (B, S)."""
    mask = masks.as_bool(mask, "mask")
    fits = (None in pair or pair[0] == pair[1] for pair in zip(mask.shape, shape[:2]))
    if len(mask.shape) != 2 or not all(fits):
        raise ValueError(
            "mask must have the first two axes of x; "
            f"got mask of shape {tuple(mask.shape)}, x of shape {tuple(shape)}."
        )
    return mask
