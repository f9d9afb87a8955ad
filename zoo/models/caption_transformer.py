"""A Transformer decoder over the cells of an image."""

import keras
from keras import ops

from zoo.layers import Adaptable, DecoderBlock, SinusoidalPositions, TokenEmbedding


class CellDecoder(Adaptable, keras.Model):
    """What captioners share whose decoder attends to the cells of an image.

    A subclass makes the parts `embedding`, `positions`, `dropout_layer`, `token_dropout_layer`,
    `blocks` and `norm`, and `encode`, from features of cells to the memory (B, S, D).
    """

    def call(self, inputs, return_attention_scores=False, training=None):
        memory = self.encode(inputs["source"], training=training)
        x = self._embed(inputs["target"], 0, training)
        weights = []
        for block in self.blocks:
            # As in decoding, the keys and values of an image serve all its captions.
            x, layer_weights = block(
                x,
                memory_cache=block.project_memory(memory),
                return_attention_scores=True,
                training=training,
            )
            weights.append(layer_weights)
        logits = self._logits(x)
        return (logits, ops.stack(weights, axis=1)) if return_attention_scores else logits

    def prefill(self, memory):
        """What decoding needs of `encode`'s answer; see ARCHITECTURE.md, the decoding protocol."""
        static = tuple(block.project_memory(memory) for block in self.blocks)
        rows = ops.shape(memory)[0]
        return static, tuple((block.empty_cache(rows),) for block in self.blocks)

    def make_decode_step(self, beams_per_input=1):
        """One step of decoding, as a function; see ARCHITECTURE.md, the decoding protocol."""
        steps = [block.make_decode_step(beams_per_input) for block in self.blocks]
        project = self.embedding.output_projection()

        def step(tokens, static, state):
            past = ops.shape(state[0][0][0])[2]
            x, caches = self._embed(tokens[:, None], past, training=False)[:, 0], []
            for block, memory_cache, cache in zip(steps, static, state, strict=True):
                x, cache = block(x, cache, memory_cache)
                caches.append(cache)
            return project(self.norm(x)), tuple(caches)

        return step

    def _embed(self, tokens, offset, training):
        x = self.embedding(tokens)
        shown = ops.ones_like(x[:, :, :1])
        x = x * self.token_dropout_layer(shown, training=training)
        return self.dropout_layer(self.positions(x, offset=offset), training=training)

    def _logits(self, x):
        return self.embedding.logits(self.norm(x))


@keras.saving.register_keras_serializable(package="zoo")
class CaptionTransformer(CellDecoder):
    """Looks at the features of an image's cells, and gives the logits of each next token.

    A cell is projected, `memory = norm(W f + position)`, with a learned position; there is no
    encoder beside that, since the cells come from a network that has mixed them already. Pre-norm
    decoder blocks attend to the memory; the embedding is also the output projection.

    Args:
        num_cells: number of cells, S.
        feature_dim: width of a cell's features.
        vocab_size: number of tokens, V.
        num_layers: number of decoder blocks.
        model_dim: width of every vector, D, a multiple of `num_heads`.
        num_heads: number of attention heads, H.
        ff_dim: inner width of the feed-forward layers.
        dropout: dropout rate of the memory, the embeddings and the sublayers' outputs.
        token_dropout: share of the target tokens that are not shown in training, so that the
            next one must be read off the image.

    Call arguments:
        inputs: a dict of `source`, float (B, S, feature_dim), and `target`, int (N, T) that begins
            with the start token, padded with 0; N = B·K, and rows n with the same n // K are
            captions of one image.
        return_attention_scores: whether the cross-attention weights are returned, too.

    Returns:
        Logits float32 (N, T, V); with `return_attention_scores` also float (N, layers, H, T, S),
        for which N must be B.

    Raises:
        ValueError: a number out of range, or widths that do not fit together.

    Reference:
        Vaswani et al. 2017, Attention Is All You Need; over a grid of image features: Cornia et
        al. 2020, Meshed-Memory Transformer for Image Captioning (without its memory and mesh).
    """

    def __init__(
        self,
        num_cells,
        feature_dim,
        vocab_size,
        num_layers=2,
        model_dim=256,
        num_heads=4,
        ff_dim=1024,
        dropout=0.1,
        token_dropout=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if model_dim % num_heads:
            raise ValueError(
                "model_dim must be a multiple of num_heads; "
                f"got model_dim={model_dim}, num_heads={num_heads}."
            )
        for name, number in (("num_cells", num_cells), ("feature_dim", feature_dim)):
            if number < 1:
                raise ValueError(f"{name} must be >= 1; got {name}={number}.")
        self._config = {
            "num_cells": num_cells,
            "feature_dim": feature_dim,
            "vocab_size": vocab_size,
            "num_layers": num_layers,
            "model_dim": model_dim,
            "num_heads": num_heads,
            "ff_dim": ff_dim,
            "dropout": dropout,
            "token_dropout": token_dropout,
        }
        policy = self.dtype_policy
        self.cell_dense = keras.layers.Dense(model_dim, name="cell", dtype=policy)
        self.cell_positions = keras.layers.Embedding(
            num_cells, model_dim, name="cell_positions", dtype=policy
        )
        self.memory_norm = keras.layers.LayerNormalization(
            epsilon=1e-6, name="memory_norm", dtype=policy
        )
        self.embedding = TokenEmbedding(vocab_size, model_dim, name="embedding", dtype=policy)
        self.positions = SinusoidalPositions(name="positions", dtype=policy)
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=policy)
        self.token_dropout_layer = keras.layers.Dropout(token_dropout, dtype=policy)
        self.blocks = [
            DecoderBlock(num_heads, ff_dim, dropout=dropout, name=f"block_{i}", dtype=policy)
            for i in range(num_layers)
        ]
        self.norm = keras.layers.LayerNormalization(epsilon=1e-6, name="norm", dtype=policy)

    def build(self, input_shape=None):
        shape = (None, None, self._config["model_dim"])
        self.cell_dense.build((None, None, self._config["feature_dim"]))
        for part in (self.cell_positions, self.embedding):
            part.build(None)
        for part in (self.memory_norm, self.positions, self.norm):
            part.build(shape)
        for part in self.blocks:
            part.build(shape, shape)
        self.built = True

    def encode(self, source, training=None):
        """Features (B, S, feature_dim) -> memory (B, S, D)."""
        cells = self.cell_dense(self.dropout_layer(source, training=training))
        cells = cells + self.cell_positions(ops.arange(self._config["num_cells"]))
        return self.dropout_layer(self.memory_norm(cells), training=training)

    def get_config(self):
        return {**super().get_config(), **self._config}
