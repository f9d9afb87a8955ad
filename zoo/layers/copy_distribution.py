"""Copying: an attention over the source as a distribution over the vocabulary."""

import keras
from keras import ops

from zoo.layers import masks
from zoo.layers.adapted import Adaptable

_LEAST = 1e-30  # of a probability whose logarithm is taken: below what float32 can tell from 0


@keras.saving.register_keras_serializable(package="zoo")
class CopyDistribution(Adaptable, keras.layers.Layer):
    """The next token is written from the vocabulary, or copied from the source.

    `P(w) = p_gen softmax(logits)_w + (1 - p_gen) sum of the weights of all s with source_s = w`,
    with `p_gen = sigmoid(v · state + b)`, all in float32. Source and target share one vocabulary. A
    word that is no token of its own is copied piece by piece.

    Args:
        generate_bias: where b starts: a large one lets a model write first and learn to copy later.

    Call arguments:
        state: float (N, T, C), what the gate `p_gen` sees; N = B·K, and rows n with the same n // K
            are beams of one source.
        logits: float (N, T, V), of the tokens where they are written.
        weights: float (N, T, S), attention over the source, of rows that sum to 1; where one sums
            to 0 nothing is copied.
        source: int (B, S), the tokens of the source. Padding has the weight 0.
        copyable: bool or 0 and 1, (N, T, S), which of them may be copied; what would go to the
            others is written, and adds to p_gen. By default all may.

    Returns:
        A pair of float32: the natural logarithm of P, (N, T, V), and p_gen, (N, T, 1).

    Raises:
        ValueError: shapes that do not fit together.

    Reference:
        See et al. 2017, Get To The Point: Summarization with Pointer-Generator Networks, section
        2.2 (logits = the argument of P_vocab's softmax, weights = a^t; the state holds what they
        name h*_t, s_t and x_t).
    """

    def __init__(self, generate_bias=0.0, **kwargs):
        super().__init__(autocast=False, **kwargs)  # probabilities are float32, whatever the policy
        self.generate_bias = float(generate_bias)

    def build(self, state_shape):
        self.gate_dense = keras.layers.Dense(
            1,
            bias_initializer=keras.initializers.Constant(self.generate_bias),
            name="gate",
            dtype=self.dtype_policy,
        )
        self.gate_dense.build(state_shape)
        self.built = True

    def call(self, state, logits, weights, source, copyable=None):
        lengths = weights.shape[1], logits.shape[1]
        if None not in lengths and lengths[0] != lengths[1]:
            raise ValueError(
                "weights must have the length of logits; "
                f"got weights of shape {tuple(weights.shape)}, logits {tuple(logits.shape)}."
            )
        gate = self.gate_dense(ops.cast(state, self.compute_dtype))
        p_gen = ops.sigmoid(ops.cast(gate, "float32"))
        weights = ops.cast(weights, "float32")
        # What cannot be copied is written, so that a source of padding alone loses nothing.
        if copyable is None:
            some = ops.sum(weights, axis=-1, keepdims=True) > 0.5
            p_gen = ops.where(some, p_gen, 1.0)
            shares = (1.0 - p_gen) * weights
        else:
            shares = (1.0 - p_gen) * weights * ops.cast(copyable, "float32")
            p_gen = 1.0 - ops.sum(shares, axis=-1, keepdims=True)
        copied = _at_their_tokens(shares, source, logits.shape[-1])
        # One exponential and one logarithm of what is as wide as the vocabulary: these are dear.
        logits = ops.cast(logits, "float32")
        most = ops.stop_gradient(ops.max(logits, axis=-1, keepdims=True))
        written = ops.exp(logits - most)
        written = written * (p_gen / ops.sum(written, axis=-1, keepdims=True))
        return ops.log(ops.maximum(written + copied, _LEAST)), p_gen

    def get_config(self):
        return {**super().get_config(), "generate_bias": self.generate_bias}


def _at_their_tokens(weights, source, vocab_size):
    """Weights (N, T, S) of source positions -> of tokens, (N, T, V): of equal tokens the sum."""
    batch = ops.shape(source)[0]
    folded = masks.merge_beams(weights, batch)  # (B, K·T, S)
    columns = ops.shape(folded)[1]
    by_position = ops.reshape(ops.transpose(folded, (0, 2, 1)), (-1, columns))
    first = ops.arange(batch, dtype="int32")[:, None] * vocab_size
    rows = ops.reshape(first + ops.cast(source, "int32"), (-1, 1))  # (B·S, 1)
    summed = ops.scatter(rows, by_position, (batch * vocab_size, columns))
    summed = ops.reshape(summed, (-1, vocab_size, columns))
    return masks.split_beams(ops.transpose(summed, (0, 2, 1)), weights)
