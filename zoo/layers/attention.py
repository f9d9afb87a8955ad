"""What the attention layers with one head share: everything but the score."""

import keras
from keras import ops

from zoo.layers import masks
from zoo.layers.adapted import Adaptable


class Attention(Adaptable, keras.layers.Layer):
    """Base of attention with one head.

    `weights = softmax(scores(query, key))` over the keys that the mask allows,
    `context = weights · value`. There is no projection of the values or of the context.

    A subclass says how a query is compared with a key: it defines `scores`; `project_key` if keys
    are transformed before they are compared; and `build`, which calls `super().build`.

    Args:
        dropout: dropout rate on the weights.

    Call arguments:
        query: float (B, T, Dq), or (N, T, Dq) with N = B·K: rows n with the same n // K are beams
            of one source and share its keys and values.
        value: float (B, S, Dv).
        key: float (B, S, Dk). Default: `value`.
        attention_mask: bool (B, T, S) or (B, 1, S), True = may attend; (B, 1, S) for N > B rows. A
            query that may attend to nothing gets a context and weights of 0. Of a padding mask
            (B, S) it is `mask[:, None, :]`.
        use_causal_mask: whether query t may attend only to keys s <= t.
        return_attention_scores: whether the weights are returned, too.
        training: whether dropout is on.
        projected_key: (B, S, ...) as from `project_key`, instead of `key`: step-by-step decoding
            projects the keys of a source once.
        query_mask, value_mask, key_mask: bool (B, T) and (B, S), the masks that Keras carries from
            layer to layer (`Embedding(mask_zero=True)`). What is masked is not attended to; of
            `query` the mask is handed on with the context.

    Returns:
        The context (B, T, Dv); with `return_attention_scores` also the weights (B, T, S), before
        dropout. Both have N rows where `query` has.

    Raises:
        ValueError: `dropout` outside [0, 1), or shapes that do not fit together.
        TypeError: a mask of floats.
    """

    def __init__(self, dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout must be in [0, 1); got dropout={dropout}.")
        self.dropout = float(dropout)
        self.supports_masking = True  # the mask of the query is that of the output

    def build(self, query_shape, value_shape, key_shape=None):
        self._check_shapes(query_shape, value_shape, key_shape or value_shape)
        self.dropout_layer = keras.layers.Dropout(self.dropout, dtype=self.dtype_policy)
        self.built = True

    def project_key(self, key):
        """Transform keys (B, S, Dk) into what `scores` compares with a query."""
        return key

    def scores(self, query, projected_key):
        """Compare queries (B, T, Dq) with projected keys (B, S, ...): scores (B, T, S)."""
        raise NotImplementedError

    def call(
        self,
        query,
        value,
        key=None,
        attention_mask=None,
        use_causal_mask=False,
        return_attention_scores=False,
        training=None,
        projected_key=None,
        query_mask=None,
        value_mask=None,
        key_mask=None,
    ):
        if projected_key is None:
            key = value if key is None else key
            self._check_shapes(query.shape, value.shape, key.shape)
            projected_key = self.project_key(key)
        else:
            self._check_shapes(query.shape, value.shape, projected_key.shape)
        mask = self._mask(query, value, attention_mask, use_causal_mask)
        mask = masks.with_keras_masks(mask, 0, value_mask, key_mask)

        folded = masks.merge_beams(query, ops.shape(value)[0])
        weights = masks.masked_softmax(self.scores(folded, projected_key), mask)  # (B, K·T, S)
        context = ops.matmul(self.dropout_layer(weights, training=training), value)
        context = masks.split_beams(context, query)
        if return_attention_scores:
            return context, masks.split_beams(weights, query)
        return context

    def compute_output_shape(self, query_shape, value_shape, key_shape=None):
        return (*query_shape[:-1], value_shape[-1])

    def compute_output_spec(
        self,
        query,
        value,
        key=None,
        attention_mask=None,
        use_causal_mask=False,
        return_attention_scores=False,
        training=None,
        projected_key=None,
        query_mask=None,
        value_mask=None,
        key_mask=None,
    ):
        shape = self.compute_output_shape(query.shape, value.shape)
        context = keras.KerasTensor(shape, dtype=self.compute_dtype)
        if return_attention_scores:
            weights_shape = (*query.shape[:-1], value.shape[1])
            return context, keras.KerasTensor(weights_shape, dtype=self.compute_dtype)
        return context

    def get_config(self):
        return {**super().get_config(), "dropout": self.dropout}

    def _check_shapes(self, query_shape, value_shape, key_shape):
        shapes = {"query": query_shape, "value": value_shape, "key": key_shape}
        for name, shape in shapes.items():
            if len(shape) != 3:
                raise ValueError(
                    f"{name} must have rank 3 (batch, length, width); got shape {tuple(shape)}."
                )
        rows, batch = query_shape[0], value_shape[0]
        if rows is not None and batch and rows % batch:
            raise ValueError(
                "the rows of query must be a multiple of the rows of value; "
                f"got query of shape {tuple(query_shape)}, value of shape {tuple(value_shape)}."
            )
        if None not in (value_shape[1], key_shape[1]) and value_shape[1] != key_shape[1]:
            raise ValueError(
                "key must have the length of value; "
                f"got key of shape {tuple(key_shape)}, value of shape {tuple(value_shape)}."
            )

    def _mask(self, query, value, attention_mask, use_causal_mask):
        (rows, length), (batch, key_length) = query.shape[:2], value.shape[:2]
        beams = None not in (rows, batch) and rows != batch
        attention_mask = masks.checked(attention_mask, batch, length, key_length, beams)
        if not use_causal_mask:
            return masks.attention_mask(attention_mask)
        if beams:
            raise ValueError(
                "use_causal_mask needs as many rows of query as of value; "
                f"got use_causal_mask=True, {rows} and {batch} rows."
            )
        causal = masks.causal_mask(ops.shape(query)[1], ops.shape(value)[1])
        return masks.attention_mask(attention_mask, causal)
