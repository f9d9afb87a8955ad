"""The encoder-decoder Transformer over frames of speech."""

import keras
from keras import ops

from zoo.layers import masks
from zoo.models.transformer import Transformer

_LOWEST = -1.0  # number of a frame; what is below it fills up a batch


@keras.saving.register_keras_serializable(package="zoo")
class SpeechTransformer(Transformer):
    """Reads frames of speech, and gives at each target position the logits of the next token.

    Two convolutions of three frames, each with a stride of two, make one position of four frames;
    from there on it is the Transformer. A recording has many more frames than a sentence has
    words, and the strides bring the two nearer.

    Args:
        num_bands: numbers of a frame, M.
        target_vocab_size: number of target tokens, V.
        **options: those of `zoo.models.Transformer` but for the source's.

    Call arguments:
        inputs: a dict of `source`, float (B, F, M) in -1..1, filled up with -9 where a recording
            has ended, and `target`, int (B, T) that begins with the start token, padded with 0.
        return_attention_scores: whether the cross-attention weights are returned, too.

    Returns:
        Logits float32 (B, T, V); with `return_attention_scores` also float (B, layers, H, T, S),
        S = ceil(F / 4).

    Raises:
        ValueError: a number out of range, or widths that do not fit together.

    Reference:
        Chan et al. 2016, Listen, Attend and Spell (attention over shortened frames); Dong, Xu and
        Xu 2018, Speech-Transformer (two strided convolutions before the blocks).
    """

    def __init__(self, num_bands, target_vocab_size, **options):
        if num_bands < 1:
            raise ValueError(f"num_bands must be >= 1; got num_bands={num_bands}.")
        # The base has a table for source tokens: here it is the target's, and nothing reads it.
        super().__init__(target_vocab_size, target_vocab_size, share_embeddings=True, **options)
        self.num_bands = int(num_bands)
        model_dim = self._config["model_dim"]
        self.convolutions = [
            keras.layers.Conv1D(
                model_dim,
                3,
                strides=2,
                activation="relu",
                name=f"convolution_{i}",
                dtype=self.dtype_policy,
            )
            for i in range(2)
        ]

    def build(self, input_shape=None):
        width = self.num_bands
        for part in self.convolutions:
            part.build((None, None, width))
            width = part.filters
        super().build(input_shape)

    def encode(self, source, training=None):
        """Frames (B, F, M) -> memory (B, S, D) and its mask, bool (B, 1, S)."""
        real = source[:, :, 0] >= 2 * _LOWEST
        x = ops.where(ops.expand_dims(real, -1), source, 0.0)
        for part in self.convolutions:
            # One on each side, so that a position does not depend on how far a batch goes.
            x = part(ops.pad(x, ((0, 0), (1, 1), (0, 0))))
            real = real[:, ::2]
            x = x * ops.expand_dims(ops.cast(real, x.dtype), -1)
        if self.positions is not None:
            x = self.positions(x)
        x, mask = self.dropout_layer(x, training=training), masks.attention_mask(real)
        for block in self.encoder_blocks:
            x = block(x, attention_mask=mask, training=training)
        return self.encoder_norm(x), mask

    def get_config(self):
        config = super().get_config()
        for name in ("source_vocab_size", "share_embeddings"):
            del config[name]
        return {**config, "num_bands": self.num_bands}
