"""The encoder-decoder Transformer that can copy."""

import math

import keras
from keras import ops

from zoo.layers import CopyDistribution, DotProductAttention, masks
from zoo.models.transformer import Transformer


@keras.saving.register_keras_serializable(package="zoo")
class PointerGenerator(Transformer):
    """A Transformer whose next token is written, or copied from the source.

    On top of the decoder one more attention, with one head, points at the source:

        weights = softmax(x W memory / sqrt(D)),  context = weights · memory,
        P = p_gen softmax(E x) + (1 - p_gen) weights at their tokens,
        p_gen = sigmoid(v · [x; context] + b)

    with x the output of the decoder and E the target embedding. Source and target share their
    vocabulary, and with `share_embeddings` their table, too.

    Args:
        source_vocab_size, target_vocab_size: number of tokens, V, the same for both.
        coverage: weight in training of what is attended to again and again: the mean over the
            target tokens of the sum over s of `min(weights_s, sum of the weights_s before)`.
        **options: the others of `zoo.models.Transformer`.

    Call arguments:
        inputs: as of `Transformer`.
        return_attention_scores: whether the weights of the copying attention are returned, too.

    Returns:
        Natural-log probabilities float32 (B, T, V), which serve as logits: their softmax is the
        exponential. With `return_attention_scores` also float (B, 1, 1, T, S): one layer, one head.

    Raises:
        ValueError: two vocabularies, a number out of range.

    Reference:
        See et al. 2017, Get To The Point: Summarization with Pointer-Generator Networks, sections
        2.2 and 2.3 (weights = a^t, context = h*_t, x = s_t); on a Transformer: Gehrmann et al.
        2018, Bottom-Up Abstractive Summarization, section 5.
    """

    def __init__(self, source_vocab_size, target_vocab_size, coverage=0.0, **options):
        if source_vocab_size != target_vocab_size:
            raise ValueError(
                "source and target must have one vocabulary to copy; got "
                f"source_vocab_size={source_vocab_size}, target_vocab_size={target_vocab_size}."
            )
        if not coverage >= 0:
            raise ValueError(f"coverage must be >= 0; got coverage={coverage}.")
        super().__init__(source_vocab_size, target_vocab_size, **options)
        self.coverage = float(coverage)
        policy = self.dtype_policy
        self.copy_attention = DotProductAttention("general", name="copy_attention", dtype=policy)
        self.copy_distribution = CopyDistribution(name="copy_distribution", dtype=policy)

    def build(self, input_shape=None):
        shape = (None, None, self._config["model_dim"])
        self.copy_attention.build(shape, shape)
        self.copy_distribution.build((None, None, 2 * shape[-1]))
        super().build(input_shape)

    def call(self, inputs, return_attention_scores=False, training=None):
        memory, mask, source = self.encode(inputs["source"], training=training)
        x, _ = self.decode(inputs["target"], (memory, mask), training)
        logits = self.target_embedding.logits(x)
        keys = self.copy_attention.project_key(memory)
        log_probs, weights, _ = self._mixed(x, logits, (memory, keys, mask, source))
        if training and self.coverage:
            self.add_loss(self.coverage * _repetition(weights, inputs["target"]))
        return (log_probs, weights[:, None, None]) if return_attention_scores else log_probs

    def encode(self, source, training=None):
        """Source int (B, S) -> memory (B, S, D), its mask, bool (B, 1, S), and the source."""
        return (*super().encode(source, training), source)

    def prefill(self, memory):
        """What decoding needs of `encode`'s answer; see ARCHITECTURE.md, the decoding protocol."""
        memory, mask, source = memory
        static, state = super().prefill((memory, mask))
        keys = self.copy_attention.project_key(memory)
        return (static, (memory, keys, mask, source)), state

    def make_decode_step(self, beams_per_input=1):
        """One step of decoding, as a function; see ARCHITECTURE.md, the decoding protocol."""
        decode, project = (
            self.make_decoder_step(beams_per_input),
            self.target_embedding.output_projection(),
        )

        def step(tokens, static, state):
            own, sources = static
            x, state = decode(tokens, own, state)
            log_probs, *_ = self._mixed(x[:, None], project(x)[:, None], sources)
            return log_probs[:, 0], state

        return step

    def copied(self, inputs, tokens):
        """How likely each next token was copied, given that it came.

        Args:
            inputs: as of a call.
            tokens: int (B, T), what came behind each token of `inputs["target"]`.

        Returns:
            float32 (B, T), the share of copying in the probability of the token.
        """
        memory, mask, source = self.encode(inputs["source"])
        x, _ = self.decode(inputs["target"], (memory, mask))
        logits = self.target_embedding.logits(x)
        keys = self.copy_attention.project_key(memory)
        log_probs, _, p_gen = self._mixed(x, logits, (memory, keys, mask, source))

        def of_tokens(values):
            return ops.take_along_axis(values, tokens[..., None], axis=-1)[..., 0]

        written = of_tokens(ops.log_softmax(logits)) - of_tokens(log_probs)
        return 1.0 - p_gen[..., 0] * ops.exp(written)

    def _mixed(self, x, logits, sources):
        """Vectors (N, T, D), logits (N, T, V) -> log-probabilities, copy weights and p_gen."""
        return pointed(self.copy_attention, self.copy_distribution, x, logits, sources)

    def get_config(self):
        return {**super().get_config(), "coverage": self.coverage}


def pointed(copy_attention, copy_distribution, x, logits, sources, copyable=None):
    """What is written from the vocabulary, or copied from where one more attention points.

    Args:
        copy_attention: a `zoo.layers.DotProductAttention` with the score "general".
        copy_distribution: a `zoo.layers.CopyDistribution`.
        x: float (N, T, D), the output of the decoder; N = B·K.
        logits: float (N, T, V), what it would write.
        sources: memory (B, S, D), its projected keys, its mask, bool (B, 1, S), and its tokens, int
            (B, S).
        copyable: see `zoo.layers.CopyDistribution`.

    Returns:
        Log-probabilities float32 (N, T, V), the weights (N, T, S) and p_gen (N, T, 1).
    """
    memory, keys, mask, tokens = sources
    context, weights = copy_attention(
        x * (1 / math.sqrt(x.shape[-1])),
        memory,
        attention_mask=mask,
        projected_key=keys,
        return_attention_scores=True,
    )
    state = ops.concatenate([x, context], axis=-1)
    log_probs, p_gen = copy_distribution(state, logits, weights, tokens, copyable)
    return log_probs, weights, p_gen


def _repetition(weights, target):
    """How much of the attention (B, T, S) falls where it was before: a number."""
    weights = ops.cast(weights, "float32")
    before = ops.cumsum(weights, axis=1) - weights
    real = ops.cast(masks.padding_mask(target), "float32")
    again = ops.sum(ops.minimum(weights, before), axis=-1) * real
    return ops.sum(again) / ops.maximum(ops.sum(real), 1.0)
