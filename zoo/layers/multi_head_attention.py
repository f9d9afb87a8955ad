"""Multi-head attention with grouped keys, rotary positions and a key/value cache."""

import functools
import math

import keras
from keras import ops

from zoo.layers import masks, products
from zoo.layers.adapted import Adaptable, is_plain, overrides, step_by_call
from zoo.layers.rotary import rotate, rotated_width, stretch


@keras.saving.register_keras_serializable(package="zoo")
class MultiHeadAttention(Adaptable, keras.layers.Layer):
    """Several scaled dot-product attentions side by side, each with its own projections.

    `head_h = softmax(q_h k_h^T / sqrt(key_dim)) v_h`, with `q_h = query W_q`, `k_h = key W_k`,
    `v_h = value W_v` cut into heads; the heads are concatenated and projected by `W_o`.

    Args:
        num_heads: number of query heads, H.
        key_dim: width of one head.
        num_kv_heads: number of key/value heads, a divisor of `num_heads`; each serves
            `num_heads / num_kv_heads` query heads (grouped-query attention). Default: `num_heads`.
        output_dim: width of the output. Default: the width of `query`.
        dropout: dropout rate on the attention weights.
        use_bias: whether the four projections have a bias.
        rotary: whether queries and keys are rotated by their positions (self-attention only); or a
            dict of `base`, `scaling` and `share`, how: see `zoo.layers.rotary.rotate`.
        qk_norm: None, or the epsilon of an RMSNorm of each head's queries and keys, before they are
            rotated; the trained scale is that of all heads.

    Call arguments:
        query: (B, T, D). With value=None also (N, T, D), N = B·K: K rows in succession (beams)
            attend to one row of the cache, under a mask (B, 1, S); the weights are (B, H, K·T, S).
        value: (B, S, D_v), or None to attend to `cache` as it stands.
        key: (B, S, D_k). Default: `value`.
        attention_mask: bool (B, T, S) or (B, 1, S), True = may attend: of a padding mask (B, S) it
            is `mask[:, None, :]`.
        query_mask, value_mask, key_mask: bool (B, T) and (B, S), the masks that Keras carries from
            layer to layer (`Embedding(mask_zero=True)`). What is masked is not attended to; of
            `query` the mask is handed on with the output.
        use_causal_mask: whether query t sees only the keys up to its own position.
        return_attention_scores: whether the weights are returned, too.
        cache: None, or a pair (keys, values), each (B, num_kv_heads, P, key_dim) with P >= 0.
            The new keys and values are appended to it.
        offset: position of the first query and the first new key, an int or an int tensor, for
            rotary positions. Default: the length of the cache.

    Returns:
        The output (B, T, output_dim); then, if asked for, the weights (B, H, T, S), the softmax of
        the scores, before dropout; then, if a cache was given, the cache to pass to the next call.

    Raises:
        ValueError: a number below 1, or `num_kv_heads` that does not divide `num_heads`; a mask of
            another shape.
        TypeError: a mask of floats.

    A subclass may replace `project_query`, `project` (keys and values; rotations come after both),
    `select` (from scores to weights) or `call`; decoding follows it.

    Reference:
        Vaswani et al. 2017, Attention Is All You Need, section 3.2.2 (h = num_heads,
        d_k = key_dim). Grouped heads: Ainslie et al. 2023. Rotary positions: Su et al. 2021.
        Normalised queries and keys: Henry et al. 2020; here as in Yang et al. 2025, Qwen3.
    """

    def __init__(
        self,
        num_heads,
        key_dim,
        num_kv_heads=None,
        output_dim=None,
        dropout=0.0,
        use_bias=True,
        rotary=False,
        qk_norm=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        num_kv_heads = num_heads if num_kv_heads is None else num_kv_heads
        for name, number in (
            ("num_heads", num_heads),
            ("key_dim", key_dim),
            ("num_kv_heads", num_kv_heads),
        ):
            if number < 1:
                raise ValueError(f"{name} must be >= 1; got {name}={number}.")
        if num_heads % num_kv_heads:
            raise ValueError(
                "num_kv_heads must divide num_heads; "
                f"got num_kv_heads={num_kv_heads}, num_heads={num_heads}."
            )
        if rotary and key_dim % 2:
            raise ValueError(f"key_dim must be even with rotary=True; got key_dim={key_dim}.")
        self.num_heads = int(num_heads)
        self.key_dim = int(key_dim)
        self.num_kv_heads = int(num_kv_heads)
        self.output_dim = output_dim
        self.dropout = float(dropout)
        self.use_bias = bool(use_bias)
        self.rotary = rotary if isinstance(rotary, dict) else bool(rotary)
        how = {"base": 10_000.0, "scaling": None, "share": 1.0}
        how |= rotary if isinstance(rotary, dict) else {}
        if rotary:  # raises where there is something wrong
            stretch(rotated_width(key_dim, how["share"]), how["base"], how["scaling"])
        self._rotate = functools.partial(rotate, **how)
        self.qk_norm = None if qk_norm is None else float(qk_norm)
        self.supports_masking = True  # the mask of the query is that of the output

    def build(self, query_shape, value_shape=None, key_shape=None):
        if value_shape is None:
            raise ValueError(
                "value must be given in the first call, which creates the weights; got value=None."
            )
        kv_dim = self.num_kv_heads * self.key_dim
        self.query_dense = self._dense("query", self.num_heads * self.key_dim, query_shape)
        self.key_dense = self._dense("key", kv_dim, key_shape or value_shape)
        self.value_dense = self._dense("value", kv_dim, value_shape)
        self.output_dense = self._dense(
            "output",
            self.output_dim or query_shape[-1],
            (None, None, self.num_heads * self.key_dim),
        )
        self.dropout_layer = keras.layers.Dropout(self.dropout, dtype=self.dtype_policy)
        self.query_norm = self.key_norm = None
        if self.qk_norm is not None:
            self.query_norm, self.key_norm = self._head_norm("query"), self._head_norm("key")
        self.built = True

    def _head_norm(self, name):
        norm = keras.layers.RMSNormalization(
            epsilon=self.qk_norm, name=f"{name}_norm", dtype=self.dtype_policy
        )
        norm.build((None, None, None, self.key_dim))
        return norm

    def _dense(self, name, units, input_shape):
        dense = keras.layers.Dense(
            units, use_bias=self.use_bias, name=name, dtype=self.dtype_policy
        )
        dense.build(input_shape)
        return dense

    def project_query(self, query):
        """Queries (B, T, D) as heads: (B, num_heads, T, key_dim)."""
        queries = self._split_heads(self.query_dense(query), self.num_heads)
        return queries if self.query_norm is None else self.query_norm(queries)

    def project(self, value, key=None):
        """Keys and values of `value` as a cache, for cross-attention that decodes step by step.

        Args:
            value: (B, S, D_v).
            key: (B, S, D_k). Default: `value`.

        Returns:
            A pair (keys, values), each (B, num_kv_heads, S, key_dim).
        """
        key = value if key is None else key
        keys = self._split_heads(self.key_dense(key), self.num_kv_heads)
        keys = keys if self.key_norm is None else self.key_norm(keys)
        return keys, self._split_heads(self.value_dense(value), self.num_kv_heads)

    def make_decode_step(self):
        """Self-attention of one new position, as a function for the loop of decoding.

        The kernels of query, key and value are put side by side here, once, so that a step has one
        product for the three. Where one of them is quantised, adapted (LoRA) or of a subclass, each
        is called by itself.

        Returns:
            A function `(x (N, D), cache, attention_mask=None, offset=None) -> (output (N,
            output_dim), cache)`: what a call with `x[:, None]` gives, without dropout. All as for a
            call, but `cache` is a tuple of parts in succession, each a pair (keys, values); the new
            position is appended to the last one, so that with a long part before it little is
            copied.
        """
        if overrides(self, MultiHeadAttention, "call"):
            return self._called_step
        if overrides(self, MultiHeadAttention, "project", "project_query") or not all(
            map(is_plain, (self.query_dense, self.key_dense, self.value_dense))
        ):
            project = self._project_each
        else:
            project = self._joined_projection()

        def step(x, cache, attention_mask=None, offset=None):
            queries, keys, values = project(x)
            if self.rotary:
                if offset is None:
                    offset = sum(ops.shape(keys)[2] for keys, _ in cache)
                queries, keys = self._rotate(queries, offset), self._rotate(keys, offset)
            cache = (*cache[:-1], _appended(cache[-1], keys, values))
            return self._attend_step(queries, cache, attention_mask), cache

        return step

    def _joined_projection(self):
        """Query, key and value of a position (N, D) by one product: each (N, heads, 1, key_dim)."""
        parts = self.query_dense, self.key_dense, self.value_dense
        kernel = ops.concatenate([ops.cast(part.kernel, self.compute_dtype) for part in parts], 1)
        bias = (
            ops.concatenate([ops.cast(part.bias, self.compute_dtype) for part in parts], 0)
            if self.use_bias
            else None
        )
        ends = (self.num_heads * self.key_dim, (self.num_heads + self.num_kv_heads) * self.key_dim)
        heads = self.num_heads, self.num_kv_heads, self.num_kv_heads

        def project(x):
            projected = ops.matmul(x, kernel)
            if bias is not None:
                projected = projected + bias
            queries, keys, values = (
                ops.reshape(part, (-1, count, 1, self.key_dim))
                for part, count in zip(ops.split(projected, ends, axis=1), heads, strict=True)
            )
            if self.query_norm is not None:
                queries, keys = self.query_norm(queries), self.key_norm(keys)
            return queries, keys, values

        return project

    def _project_each(self, x):
        """The same, each by the layer's own methods."""
        x = x[:, None]
        return self.project_query(x), *self.project(x)

    def _called_step(self, x, cache, attention_mask=None, offset=None):
        def call(x, cache):
            return self(x, x, attention_mask=attention_mask, cache=cache, offset=offset)

        return step_by_call(call, x, cache)

    def cross_attend_step(self, x, cache, attention_mask=None, beams_per_input=1):
        """Cross-attention of one position a row, for the loop of decoding.

        Args:
            x: (N, D), N = B·K.
            cache: keys and values of B sources, as from `project`.
            attention_mask: bool (B, 1, S), True = may attend; or None.
            beams_per_input: int, K, the rows in succession that attend to one source.

        Returns:
            (N, output_dim).
        """
        if overrides(self, MultiHeadAttention, "call"):
            found = self(x[:, None], attention_mask=attention_mask, cache=cache)
            return found[0][:, 0]
        queries = self.project_query(ops.reshape(x, (-1, beams_per_input, x.shape[-1])))
        return self._attend_step(queries, (cache,), attention_mask)

    def _attend_step(self, queries, parts, mask):
        """What queries (B, H, K, Dh) of a step find, as for `_attend` -> (B·K, output_dim)."""
        context, _ = self._attend(queries, parts, mask, products.small_batch_matmul)
        joined = (-1, self.num_heads * self.key_dim)
        return self.output_dense(ops.reshape(self._join_heads(context), joined))

    def empty_cache(self, batch_size):
        """A cache of length 0: a pair of tensors (B, num_kv_heads, 0, key_dim)."""
        shape = (batch_size, self.num_kv_heads, 0, self.key_dim)
        return ops.zeros(shape, self.compute_dtype), ops.zeros(shape, self.compute_dtype)

    def call(
        self,
        query,
        value=None,
        key=None,
        attention_mask=None,
        use_causal_mask=False,
        return_attention_scores=False,
        training=None,
        cache=None,
        offset=None,
        query_mask=None,
        value_mask=None,
        key_mask=None,
    ):
        if value is None and cache is None:
            raise ValueError("value must be given where there is no cache; got value=None.")
        past = 0 if cache is None else ops.shape(cache[0])[2]
        offset = past if offset is None else offset
        folded = query
        if value is None:
            keys, values = cache
            folded = masks.merge_beams(query, ops.shape(keys)[0])
        else:
            keys, values = self.project(value, key)
            if self.rotary:
                keys = self._rotate(keys, offset)
            if cache is not None:
                keys, values = _appended(cache, keys, values)
        queries = self.project_query(folded)  # (B, H, T, Dh)
        if self.rotary:
            queries = self._rotate(queries, offset)

        causal = None
        if use_causal_mask:
            causal = masks.causal_mask(ops.shape(queries)[2], ops.shape(keys)[2], offset=past)
        mask = masks.attention_mask(
            masks.checked(attention_mask, keys.shape[0], query.shape[1], keys.shape[2]), causal
        )
        if value is not None:
            mask = masks.with_keras_masks(mask, past, value_mask, key_mask)
        context, weights = self._attend(
            queries, ((keys, values),), mask, products.product, training
        )
        results = [masks.split_beams(self.output_dense(self._join_heads(context)), query)]
        if return_attention_scores:
            results.append(weights)
        if cache is not None:
            results.append((keys, values))
        return results[0] if len(results) == 1 else tuple(results)

    def _split_heads(self, x, num_heads):
        """(B, T, heads·Dh) -> (B, heads, T, Dh)."""
        if x.shape[1] == 1:  # one step of decoding: the transpose would move nothing
            return ops.reshape(x, (-1, num_heads, 1, self.key_dim))
        x = ops.reshape(x, (-1, ops.shape(x)[1], num_heads, self.key_dim))
        return ops.transpose(x, (0, 2, 1, 3))

    def _join_heads(self, x):
        """(B, H, T, Dh) -> (B, T, H·Dh)."""
        length = ops.shape(x)[2]
        if not isinstance(length, int) or length != 1:
            x = ops.transpose(x, (0, 2, 1, 3))
        return ops.reshape(x, (-1, length, self.num_heads * self.key_dim))

    def _attend(self, queries, parts, mask, product, training=False):
        """Scores, weights and their sums of values.

        Args:
            queries: (B, H, T, Dh).
            parts: pairs of keys and values (B, G, S_i, Dh) in succession.
            mask: bool (B, 1, S) or (B, T, S), S the sum of all S_i; or None.
            product: of `zoo.layers.products`.

        Returns:
            The context (B, H, T, Dh), and the weights before dropout (B, H, T, S).
        """
        length, groups = ops.shape(queries)[2], self.num_kv_heads
        # The query heads of a group are more query rows to the same keys.
        queries = queries * (1.0 / math.sqrt(self.key_dim))
        by_group = (-1, groups, self.num_heads // groups * length)
        if groups != self.num_heads:
            queries = ops.reshape(queries, (*by_group, self.key_dim))
        scores = [product(queries, keys, transposed=True) for keys, _ in parts]
        scores = scores[0] if len(scores) == 1 else ops.concatenate(scores, axis=-1)
        source = ops.shape(scores)[3]
        if groups != self.num_heads:
            scores = ops.reshape(scores, (-1, self.num_heads, length, source))
        weights = self.select(scores, mask)

        dropped = self.dropout_layer(weights, training=training)
        if groups != self.num_heads:
            dropped = ops.reshape(dropped, (*by_group, source))
        if len(parts) == 1:
            context = product(dropped, parts[0][1])  # (B, G, H/G·T, Dh)
        else:
            context, start = 0.0, 0
            for _, values in parts:
                end = start + ops.shape(values)[2]
                context, start = context + product(dropped[..., start:end], values), end
        if groups != self.num_heads:
            context = ops.reshape(context, (-1, self.num_heads, length, self.key_dim))
        return context, weights

    def select(self, scores, mask):
        """From scores to weights: softmax. A subclass may select in another way.

        Args:
            scores: float (B, H, T, S).
            mask: bool (B, 1, S) or (B, T, S), True = may attend; or None.

        Returns:
            The weights, shape and dtype of `scores`, 0 where the mask is False.
        """
        return masks.masked_softmax(scores, None if mask is None else mask[:, None])

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "num_kv_heads": self.num_kv_heads,
            "output_dim": self.output_dim,
            "dropout": self.dropout,
            "use_bias": self.use_bias,
            "rotary": self.rotary,
            "qk_norm": self.qk_norm,
        }


def _appended(cache, *new):
    """Keys and values (B, G, P, Dh) of a cache with the new ones (B, G, T, Dh) behind them."""
    return tuple(
        ops.concatenate([ops.cast(old, part.dtype), part], axis=2)
        for old, part in zip(cache, new, strict=True)
    )
