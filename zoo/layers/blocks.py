"""Encoder and decoder blocks of a Transformer."""

import keras
from keras import ops

from zoo.layers import masks
from zoo.layers.adapted import Adaptable, overrides, step_by_call
from zoo.layers.multi_head_attention import MultiHeadAttention

_ACTIVATIONS = {
    "gelu_tanh": lambda x: ops.gelu(x, approximate=True),
    "gelu_sigmoid": lambda x: x * ops.sigmoid(1.702 * x),
}
_NORMALIZATIONS = {
    "layer": keras.layers.LayerNormalization,
    "rms": keras.layers.RMSNormalization,
}


def normalization(kind, epsilon, **kwargs):
    """A layer that normalises the last axis.

    Args:
        kind: "layer" for mean and variance (Ba et al. 2016), "rms" for the root of the mean square
            alone (Zhang and Sennrich 2019).
        epsilon: what is added to the variance, or to the mean square.
        **kwargs: arguments of every Keras layer.

    Raises:
        ValueError: another kind.
    """
    if kind not in _NORMALIZATIONS:
        raise ValueError(
            f"normalization must be one of {', '.join(_NORMALIZATIONS)}; "
            f"got normalization={kind!r}."
        )
    return _NORMALIZATIONS[kind](epsilon=epsilon, **kwargs)


@keras.saving.register_keras_serializable(package="zoo")
class FeedForward(Adaptable, keras.layers.Layer):
    """Two dense layers at each position alone: `W_2 activation(W_1 x)`.

    With a gate, a third one: `W_2 (activation(W_g x) * W_1 x)`.

    Args:
        ff_dim: width between the two.
        activation: name of an activation: one of Keras, "gelu_tanh" or "gelu_sigmoid", which are
            the two approximations of "gelu".
        use_bias: whether the dense layers have a bias.
        gated: whether there is a gate.

    Call arguments:
        x: (B, T, D).

    Returns:
        (B, T, D).

    Reference:
        Vaswani et al. 2017, section 3.3 (d_ff = ff_dim). The gate: Shazeer 2020, GLU Variants
        Improve Transformer; approximations: Hendrycks and Gimpel 2016, Gaussian Error Linear Units.
    """

    def __init__(self, ff_dim, activation="relu", use_bias=True, gated=False, **kwargs):
        super().__init__(**kwargs)
        if ff_dim < 1:
            raise ValueError(f"ff_dim must be >= 1; got ff_dim={ff_dim}.")
        self.ff_dim = int(ff_dim)
        self.activation = activation
        self.use_bias = bool(use_bias)
        self.gated = bool(gated)
        self.supports_masking = True

    def build(self, x_shape):
        activation = _ACTIVATIONS.get(self.activation, self.activation)
        self.inner = self._dense("inner", self.ff_dim, x_shape, None if self.gated else activation)
        if self.gated:
            self.gate = self._dense("gate", self.ff_dim, x_shape, activation)
        self.outer = self._dense("outer", x_shape[-1], (*x_shape[:-1], self.ff_dim))
        self.built = True

    def _dense(self, name, units, input_shape, activation=None):
        dense = keras.layers.Dense(
            units,
            activation=activation,
            use_bias=self.use_bias,
            name=name,
            dtype=self.dtype_policy,
        )
        dense.build(input_shape)
        return dense

    def call(self, x):
        inner = self.inner(x)
        return self.outer(self.gate(x) * inner if self.gated else inner)

    def get_config(self):
        return {
            **super().get_config(),
            "ff_dim": self.ff_dim,
            "activation": self.activation,
            "use_bias": self.use_bias,
            "gated": self.gated,
        }


class _Block(Adaptable, keras.layers.Layer):
    """What the two blocks share: their arguments, and how a sublayer is wrapped.

    That is `x + dropout(sublayer(norm(x)))`, or `norm(x + dropout(sublayer(x)))` where
    `normalize_first` is False. Where the block is `parallel`, the feed-forward layer reads what the
    block does. A subclass may set `attention_class`, a subclass of
    `MultiHeadAttention` with its arguments.
    """

    attention_class = MultiHeadAttention

    def __init__(
        self,
        num_heads,
        ff_dim,
        num_kv_heads=None,
        activation="relu",
        dropout=0.0,
        attention_dropout=0.0,
        rotary=False,
        normalize_first=True,
        norm_epsilon=1e-6,
        normalization="layer",
        gated=False,
        use_bias=True,
        head_dim=None,
        parallel=False,
        qk_norm=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.ff_dim = ff_dim
        self.num_kv_heads = num_kv_heads
        self.activation = activation
        self.dropout = float(dropout)
        self.attention_dropout = float(attention_dropout)
        self.rotary = rotary
        self.normalize_first = bool(normalize_first)
        self.norm_epsilon = float(norm_epsilon)
        self.normalization = normalization
        self.gated = bool(gated)
        self.use_bias = bool(use_bias)
        self.head_dim = head_dim
        self.parallel = bool(parallel)
        self.qk_norm = bool(qk_norm)
        self.supports_masking = True  # the mask of x is that of the output

    def _before(self, norm, x):
        """The input of a sublayer."""
        return norm(x) if self.normalize_first else x

    def _after(self, norm, x):
        """`x`, to which the output of the sublayer was added, as the next sublayer finds it."""
        return x if self.normalize_first else norm(x)

    def _attention(self, name, x_shape, rotary=False):
        model_dim = x_shape[-1]
        if self.head_dim is None and model_dim % self.num_heads:
            raise ValueError(
                "model_dim must be a multiple of num_heads; "
                f"got model_dim={model_dim}, num_heads={self.num_heads}."
            )
        layer = self.attention_class(
            self.num_heads,
            model_dim // self.num_heads if self.head_dim is None else self.head_dim,
            num_kv_heads=self.num_kv_heads,
            dropout=self.attention_dropout,
            use_bias=self.use_bias,
            rotary=rotary,
            qk_norm=self.norm_epsilon if self.qk_norm else None,
            name=name,
            dtype=self.dtype_policy,
        )
        layer.build(x_shape, x_shape)
        return layer

    def _norm(self, name, x_shape):
        layer = normalization(
            self.normalization, self.norm_epsilon, name=name, dtype=self.dtype_policy
        )
        layer.build(x_shape)
        return layer

    def _feed_forward(self, x_shape):
        layer = FeedForward(
            self.ff_dim,
            self.activation,
            self.use_bias,
            self.gated,
            name="feed_forward",
            dtype=self.dtype_policy,
        )
        layer.build(x_shape)
        return layer

    def _fed(self, x, block_input, training=False):
        """`x` after the feed-forward layer, which may read the input of the block instead."""
        read = block_input if self.parallel else x
        fed = self.feed_forward(self._before(self.feed_forward_norm, read))
        return self._after(self.feed_forward_norm, x + self.dropout_layer(fed, training=training))

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "ff_dim": self.ff_dim,
            "num_kv_heads": self.num_kv_heads,
            "activation": self.activation,
            "dropout": self.dropout,
            "attention_dropout": self.attention_dropout,
            "rotary": self.rotary,
            "normalize_first": self.normalize_first,
            "norm_epsilon": self.norm_epsilon,
            "normalization": self.normalization,
            "gated": self.gated,
            "use_bias": self.use_bias,
            "head_dim": self.head_dim,
            "parallel": self.parallel,
            "qk_norm": self.qk_norm,
        }


@keras.saving.register_keras_serializable(package="zoo")
class EncoderBlock(_Block):
    """Self-attention, then a feed-forward layer, each as `x + dropout(sublayer(norm(x)))`.

    Args:
        num_heads: number of attention heads, without `head_dim` a divisor of the width D of the
            input.
        ff_dim: inner width of the feed-forward layer.
        num_kv_heads: number of key/value heads. Default: `num_heads`.
        activation: name of the activation of the feed-forward layer.
        dropout: dropout rate of the sublayers' outputs.
        attention_dropout: dropout rate of the attention weights.
        rotary: whether self-attention uses rotary positions; or a dict, how: see
            `MultiHeadAttention`.
        normalize_first: False for `norm(x + dropout(sublayer(x)))`, as the first Transformers had
            it (post-norm).
        norm_epsilon: what is added to the variance in the normalisations.
        normalization: "layer" or "rms", see `zoo.layers.blocks.normalization`.
        gated: whether the feed-forward layer has a gate.
        use_bias: whether attention and the feed-forward layer have biases.
        head_dim: width of a head. Default: D / `num_heads`.
        parallel: whether the feed-forward layer reads the input of the block, as attention does:
            `x + attention(norm(x)) + feed_forward(norm(x))`.
        qk_norm: whether queries and keys of each head are normalised, see `MultiHeadAttention`.

    Call arguments:
        x: (B, S, D).
        attention_mask: bool (B, 1, S) or (B, S, S), True = may attend; or None.
        return_attention_scores: whether the weights (B, H, S, S) are returned, too.

    Returns:
        (B, S, D), or a pair with the weights.

    Reference:
        Xiong et al. 2020, On Layer Normalization in the Transformer Architecture (pre-norm);
        Vaswani et al. 2017, section 3.1 (post-norm); parallel: Black et al. 2022, GPT-NeoX-20B,
        section 2.1.
    """

    def build(self, x_shape):
        self.attention_norm = self._norm("attention_norm", x_shape)
        self.attention = self._attention("attention", x_shape, self.rotary)
        self.feed_forward_norm = self._norm("feed_forward_norm", x_shape)
        self.feed_forward = self._feed_forward(x_shape)
        self.dropout_layer = keras.layers.Dropout(self.dropout, dtype=self.dtype_policy)
        self.built = True

    def call(self, x, attention_mask=None, return_attention_scores=False, training=None):
        normed = self._before(self.attention_norm, x)
        attended, weights = self.attention(
            normed,
            normed,
            attention_mask=attention_mask,
            return_attention_scores=True,
            training=training,
        )
        attended = self.dropout_layer(attended, training=training)
        x = self._fed(self._after(self.attention_norm, x + attended), x, training)
        return (x, weights) if return_attention_scores else x


@keras.saving.register_keras_serializable(package="zoo")
class DecoderBlock(_Block):
    """Causal self-attention, cross-attention to a memory, then a feed-forward layer.

    Each is applied as `x + dropout(sublayer(norm(x)))`, or as `normalize_first` says. Arguments as
    for `EncoderBlock`, and

    Args:
        cross_attention: whether there is a memory to attend to. Without it the block is that of a
            language model.

    Call arguments:
        x: (B, T, D), or (N, T, D) with `memory_cache` of B rows, N = B·K (beams).
        memory: (B, S, D), or None where `memory_cache` is given.
        memory_mask: bool (B, 1, S), or (B, S) as Keras carries it beside `memory`, True = may
            attend; or None.
        attention_mask: the same for self-attention, beside the causal mask: bool (N, 1, P + T) or
            (N, T, P + T) with P cached positions, or None.
        cache: None (the whole target at once), or the self-attention cache of the earlier
            positions; see `MultiHeadAttention`.
        offset: position of the first token; see `MultiHeadAttention`.
        memory_cache: keys and values of the memory, from `project_memory`.
        return_attention_scores: whether the weights of cross-attention (B, H, T, S) (of
            self-attention (B, H, T, T) without a memory) are returned, too.

    Returns:
        (B, T, D); then the weights if asked for; then the new cache if one was given.
    """

    def __init__(self, num_heads, ff_dim, cross_attention=True, **kwargs):
        super().__init__(num_heads, ff_dim, **kwargs)
        self.cross_attention = bool(cross_attention)

    def build(self, x_shape, memory_shape=None):
        self.self_attention_norm = self._norm("self_attention_norm", x_shape)
        self.self_attention = self._attention("self_attention", x_shape, self.rotary)
        if self.cross_attention:
            self.memory_attention_norm = self._norm("memory_attention_norm", x_shape)
            self.memory_attention = self._attention("memory_attention", x_shape)
        self.feed_forward_norm = self._norm("feed_forward_norm", x_shape)
        self.feed_forward = self._feed_forward(x_shape)
        self.dropout_layer = keras.layers.Dropout(self.dropout, dtype=self.dtype_policy)
        self.built = True

    def project_memory(self, memory):
        """Keys and values of a memory (B, S, D), computed once for all steps and beams."""
        return self.memory_attention.project(memory)

    def empty_cache(self, batch_size):
        """The self-attention cache before the first position."""
        return self.self_attention.empty_cache(batch_size)

    def make_decode_step(self, beams_per_input=1):
        """One new position of each row, as a function for the loop of decoding.

        What depends on the weights alone is computed here, once.

        Args:
            beams_per_input: int, K, the rows in succession that share one memory.

        Returns:
            A function `(x (N, D), cache, memory_cache=None, memory_mask=None, **own) -> (x (N, D),
            cache)`: what a call with `x[:, None]` gives, without dropout. `cache` and `own` as for
            the function of `MultiHeadAttention.make_decode_step`, the rest as for a call.
        """
        if overrides(self, DecoderBlock, "call"):
            return self._called_step
        attend = self.self_attention.make_decode_step()

        def step(x, cache, memory_cache=None, memory_mask=None, **own):
            block_input = x
            attended, cache = attend(self._before(self.self_attention_norm, x), cache, **own)
            x = self._after(self.self_attention_norm, x + attended)
            if self.cross_attention:
                normed = self._before(self.memory_attention_norm, x)
                found = self.memory_attention.cross_attend_step(
                    normed, memory_cache, memory_mask, beams_per_input
                )
                x = self._after(self.memory_attention_norm, x + found)
            return self._fed(x, block_input), cache

        return step

    def _called_step(self, x, cache, memory_cache=None, memory_mask=None, **own):
        def call(x, cache):
            return self(x, memory_cache=memory_cache, memory_mask=memory_mask, cache=cache, **own)

        return step_by_call(call, x, cache)

    def call(
        self,
        x,
        memory=None,
        memory_mask=None,
        attention_mask=None,
        cache=None,
        offset=None,
        memory_cache=None,
        return_attention_scores=False,
        training=None,
    ):
        block_input = x
        normed = self._before(self.self_attention_norm, x)
        # One new position at a time sees all earlier ones: the mask would be all True.
        attended, weights, *new_cache = self.self_attention(
            normed,
            normed,
            attention_mask=attention_mask,
            use_causal_mask=cache is None or x.shape[1] != 1,
            return_attention_scores=True,
            cache=cache,
            offset=offset,
            training=training,
        )
        attended = self.dropout_layer(attended, training=training)
        x = self._after(self.self_attention_norm, x + attended)

        if self.cross_attention:
            normed = self._before(self.memory_attention_norm, x)
            if memory_mask is not None and len(memory_mask.shape) == 2:
                memory_mask = masks.attention_mask(memory_mask)
            attended, weights, *_ = self.memory_attention(
                normed,
                memory if memory_cache is None else None,
                attention_mask=memory_mask,
                return_attention_scores=True,
                cache=memory_cache,
                training=training,
            )
            attended = self.dropout_layer(attended, training=training)
            x = self._after(self.memory_attention_norm, x + attended)

        x = self._fed(x, block_input, training)
        results = [x] + [weights] * return_attention_scores + new_cache
        return results[0] if len(results) == 1 else tuple(results)

    def get_config(self):
        return {**super().get_config(), "cross_attention": self.cross_attention}
