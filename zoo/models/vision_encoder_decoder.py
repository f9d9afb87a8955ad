"""A vision Transformer, and a language model that attends to what it has seen."""

import keras
from keras import ops

from zoo.layers import DecoderBlock, EncoderBlock, LearnedPositions, TokenEmbedding
from zoo.models.caption_transformer import CellDecoder


@keras.saving.register_keras_serializable(package="zoo")
class VisionEncoderDecoder(CellDecoder):
    """Reads the patches of an image with a Transformer, and writes with another one.

    The patches, already projected, get a class token in front and trained positions; pre-norm
    encoder blocks read them. The decoder is a language model with trained positions whose blocks
    attend to the patches, too; its embedding is also the output projection.

    Args:
        num_cells: number of patches, S.
        feature_dim: width of the projected patches and of the encoder.
        vocab_size: number of tokens, V.
        num_encoder_layers, num_encoder_heads, encoder_ff_dim, encoder_activation: of the encoder.
        encoder_norm_epsilon: what is added to the variance in its normalisations.
        num_decoder_layers, model_dim, num_heads, ff_dim, activation, norm_epsilon: of the decoder.
        max_length: the most positions that the decoder tells apart, the start token among them;
            later ones are taken for the last.
        dropout, attention_dropout: rates in the decoder.

    Call arguments:
        inputs, return_attention_scores: as of `zoo.models.CaptionTransformer`.

    Returns:
        As for `zoo.models.CaptionTransformer`; the weights are those of the patches, without the
        class token, so that they may sum to less than 1.

    Reference:
        Dosovitskiy et al. 2021, An Image is Worth 16x16 Words (the encoder); Radford et al. 2019,
        Language Models are Unsupervised Multitask Learners (the decoder); joined as in Li et al.
        2021, TrOCR.
    """

    def __init__(
        self,
        num_cells,
        feature_dim,
        vocab_size,
        num_encoder_layers=12,
        num_encoder_heads=12,
        encoder_ff_dim=3072,
        encoder_activation="gelu",
        encoder_norm_epsilon=1e-12,
        num_decoder_layers=12,
        model_dim=768,
        num_heads=12,
        ff_dim=3072,
        activation="gelu_tanh",
        norm_epsilon=1e-5,
        max_length=1024,
        dropout=0.1,
        attention_dropout=0.1,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self._config = {
            "num_cells": num_cells,
            "feature_dim": feature_dim,
            "vocab_size": vocab_size,
            "num_encoder_layers": num_encoder_layers,
            "num_encoder_heads": num_encoder_heads,
            "encoder_ff_dim": encoder_ff_dim,
            "encoder_activation": encoder_activation,
            "encoder_norm_epsilon": encoder_norm_epsilon,
            "num_decoder_layers": num_decoder_layers,
            "model_dim": model_dim,
            "num_heads": num_heads,
            "ff_dim": ff_dim,
            "activation": activation,
            "norm_epsilon": norm_epsilon,
            "max_length": max_length,
            "dropout": dropout,
            "attention_dropout": attention_dropout,
        }
        policy = self.dtype_policy
        self.cell_positions = LearnedPositions(num_cells + 1, name="cell_positions", dtype=policy)
        self.encoder_blocks = [
            EncoderBlock(
                num_encoder_heads,
                encoder_ff_dim,
                activation=encoder_activation,
                norm_epsilon=encoder_norm_epsilon,
                name=f"encoder_{i}",
                dtype=policy,
            )
            for i in range(num_encoder_layers)
        ]
        self.encoder_norm = keras.layers.LayerNormalization(
            epsilon=encoder_norm_epsilon, name="encoder_norm", dtype=policy
        )
        self.memory_dense = None
        if feature_dim != model_dim:
            self.memory_dense = keras.layers.Dense(model_dim, name="memory", dtype=policy)
        self.embedding = TokenEmbedding(
            vocab_size, model_dim, logits_bias=True, scale=False, name="embedding", dtype=policy
        )
        self.positions = LearnedPositions(max_length, name="positions", dtype=policy)
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=policy)
        self.token_dropout_layer = keras.layers.Dropout(0.0, dtype=policy)
        self.blocks = [
            DecoderBlock(
                num_heads,
                ff_dim,
                activation=activation,
                norm_epsilon=norm_epsilon,
                dropout=dropout,
                attention_dropout=attention_dropout,
                name=f"block_{i}",
                dtype=policy,
            )
            for i in range(num_decoder_layers)
        ]
        self.norm = keras.layers.LayerNormalization(epsilon=norm_epsilon, name="norm", dtype=policy)

    def build(self, input_shape=None):
        cells = (None, None, self._config["feature_dim"])
        shape = (None, None, self._config["model_dim"])
        self.class_token = self.add_weight(
            shape=(1, 1, self._config["feature_dim"]), initializer="zeros", name="class_token"
        )
        for part in (self.cell_positions, *self.encoder_blocks, self.encoder_norm):
            part.build(cells)
        if self.memory_dense is not None:
            self.memory_dense.build(cells)
        self.embedding.build(None)
        for part in (self.positions, self.norm):
            part.build(shape)
        for part in self.blocks:
            part.build(shape, shape)
        self.built = True

    def call(self, inputs, return_attention_scores=False, training=None):
        found = super().call(inputs, return_attention_scores, training)
        return (found[0], found[1][..., 1:]) if return_attention_scores else found

    def encode(self, source, training=None):
        """Projected patches (B, S, feature_dim) -> memory (B, 1 + S, D)."""
        first = ops.cast(self.class_token, source.dtype)
        first = ops.broadcast_to(first, (ops.shape(source)[0], 1, source.shape[-1]))
        x = self.cell_positions(ops.concatenate([first, source], axis=1))
        for block in self.encoder_blocks:
            x = block(x, training=training)
        x = self.encoder_norm(x)
        return x if self.memory_dense is None else self.memory_dense(x)

    def get_config(self):
        return {**super().get_config(), **self._config}
