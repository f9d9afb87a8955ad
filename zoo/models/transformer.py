"""The encoder-decoder Transformer."""

import keras
from keras import ops

from zoo.layers import (
    Adaptable,
    DecoderBlock,
    EncoderBlock,
    SinusoidalPositions,
    TokenEmbedding,
    masks,
)


@keras.saving.register_keras_serializable(package="zoo")
class Transformer(Adaptable, keras.Model):
    """Reads source tokens, and gives at each target position the logits of the next token.

    The target embedding is also the output projection.

    Args:
        source_vocab_size: number of source tokens.
        target_vocab_size: number of target tokens, V.
        num_encoder_layers: number of encoder blocks.
        num_decoder_layers: number of decoder blocks.
        model_dim: width of every vector, D, a multiple of `num_heads`.
        num_heads: number of attention heads, H.
        ff_dim: inner width of the feed-forward layers.
        dropout: dropout rate of the embeddings and of the sublayers' outputs.
        attention_dropout: dropout rate of the attention weights.
        share_embeddings: whether source and target use one table (one vocabulary).
        rotary: rotary positions in self-attention instead of sinusoids added to the embeddings.
        sinusoids: dict of arguments of `zoo.layers.SinusoidalPositions`, for other ones than its
            own; or None.
        activation: name of the activation of the feed-forward layers.
        normalize_first: whether each sublayer has a norm before it, and the encoder and the decoder
            one at their end (pre-norm); or each has one after it (post-norm).
        norm_epsilon: what is added to the variance in the layer normalisations.
        logits_bias: whether a trained number is added to the logit of each token.

    Call arguments:
        inputs: a dict of `source`, int (B, S), and `target`, int (B, T) that begins with the start
            token. Padding is 0.
        return_attention_scores: whether the cross-attention weights are returned, too.

    Returns:
        Logits float32 (B, T, V); with `return_attention_scores` also float (B, layers, H, T, S).

    Reference:
        Vaswani et al. 2017, Attention Is All You Need (d_model = model_dim, N = layers).
    """

    def __init__(
        self,
        source_vocab_size,
        target_vocab_size,
        num_encoder_layers=3,
        num_decoder_layers=3,
        model_dim=256,
        num_heads=4,
        ff_dim=1024,
        dropout=0.1,
        attention_dropout=0.0,
        share_embeddings=False,
        rotary=False,
        sinusoids=None,
        activation="relu",
        normalize_first=True,
        norm_epsilon=1e-6,
        logits_bias=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if model_dim % num_heads:
            raise ValueError(
                "model_dim must be a multiple of num_heads; "
                f"got model_dim={model_dim}, num_heads={num_heads}."
            )
        if share_embeddings and source_vocab_size != target_vocab_size:
            raise ValueError(
                "share_embeddings needs one vocabulary; got "
                f"source_vocab_size={source_vocab_size}, target_vocab_size={target_vocab_size}."
            )
        self._config = {
            "source_vocab_size": source_vocab_size,
            "target_vocab_size": target_vocab_size,
            "num_encoder_layers": num_encoder_layers,
            "num_decoder_layers": num_decoder_layers,
            "model_dim": model_dim,
            "num_heads": num_heads,
            "ff_dim": ff_dim,
            "dropout": dropout,
            "attention_dropout": attention_dropout,
            "share_embeddings": share_embeddings,
            "rotary": rotary,
            "sinusoids": sinusoids,
            "activation": activation,
            "normalize_first": normalize_first,
            "norm_epsilon": norm_epsilon,
            "logits_bias": logits_bias,
        }
        policy = self.dtype_policy
        block = {
            "num_heads": num_heads,
            "ff_dim": ff_dim,
            "activation": activation,
            "dropout": dropout,
            "attention_dropout": attention_dropout,
            "rotary": rotary,
            "normalize_first": normalize_first,
            "norm_epsilon": norm_epsilon,
            "dtype": policy,
        }
        self.target_embedding = TokenEmbedding(
            target_vocab_size,
            model_dim,
            logits_bias=logits_bias,
            name="target_embedding",
            dtype=policy,
        )
        self.source_embedding = self.target_embedding
        if not share_embeddings:
            self.source_embedding = TokenEmbedding(
                source_vocab_size, model_dim, name="source_embedding", dtype=policy
            )
        self.positions = None
        if not rotary:
            self.positions = SinusoidalPositions(
                **(sinusoids or {}), name="positions", dtype=policy
            )
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=policy)

        def end_norm(name):  # after the last block of pre-norm, whose output has none
            if not normalize_first:
                return keras.layers.Identity(name=name, dtype=policy)
            return keras.layers.LayerNormalization(epsilon=norm_epsilon, name=name, dtype=policy)

        self.encoder_blocks = [
            EncoderBlock(**block, name=f"encoder_{i}") for i in range(num_encoder_layers)
        ]
        self.encoder_norm = end_norm("encoder_norm")
        self.decoder_blocks = [
            DecoderBlock(**block, name=f"decoder_{i}") for i in range(num_decoder_layers)
        ]
        self.decoder_norm = end_norm("decoder_norm")

    def build(self, input_shape=None):
        shape = (None, None, self._config["model_dim"])
        for part in (self.target_embedding, self.source_embedding):
            if not part.built:
                part.build(None)
        if self.positions is not None:
            self.positions.build(shape)
        for part in (*self.encoder_blocks, self.encoder_norm, self.decoder_norm):
            part.build(shape)
        for part in self.decoder_blocks:
            part.build(shape, shape)
        self.built = True

    def call(self, inputs, return_attention_scores=False, training=None):
        memory = self.encode(inputs["source"], training=training)
        x, weights = self.decode(inputs["target"], memory, training=training)
        logits = self.target_embedding.logits(x)
        return (logits, weights) if return_attention_scores else logits

    def encode(self, source, training=None):
        """Source int (B, S) -> memory (B, S, D) and its mask, bool (B, 1, S)."""
        mask = masks.attention_mask(masks.padding_mask(source))
        x = self._embed(self.source_embedding, source, 0, training)
        for block in self.encoder_blocks:
            x = block(x, attention_mask=mask, training=training)
        return self.encoder_norm(x), mask

    def decode(self, target, memory, training=None):
        """Target int (B, T) and `encode`'s answer -> what logits are made from, (B, T, D).

        The cross-attention weights (B, layers, H, T, S) come with it.
        """
        memory, mask = memory
        x = self._embed(self.target_embedding, target, 0, training)
        weights = []
        for block in self.decoder_blocks:
            x, layer_weights = block(
                x, memory, memory_mask=mask, return_attention_scores=True, training=training
            )
            weights.append(layer_weights)
        return self.decoder_norm(x), ops.stack(weights, axis=1)

    def prefill(self, memory):
        """What decoding needs of `encode`'s answer; see ARCHITECTURE.md, the decoding protocol."""
        memory, mask = memory
        static = (tuple(block.project_memory(memory) for block in self.decoder_blocks), mask)
        rows = ops.shape(memory)[0]
        return static, tuple((block.empty_cache(rows),) for block in self.decoder_blocks)

    def make_decode_step(self, beams_per_input=1):
        """One step of decoding, as a function; see ARCHITECTURE.md, the decoding protocol."""
        decode, project = (
            self.make_decoder_step(beams_per_input),
            self.target_embedding.output_projection(),
        )

        def step(tokens, static, state):
            x, state = decode(tokens, static, state)
            return project(x), state

        return step

    def make_decoder_step(self, beams_per_input=1):
        """As `make_decode_step`, but the step gives x (N, D) in place of logits."""
        steps = [block.make_decode_step(beams_per_input) for block in self.decoder_blocks]

        def step(tokens, static, state):
            memory_caches, mask = static
            past = ops.shape(state[0][0][0])[2]
            x, caches = self._embed(self.target_embedding, tokens[:, None], past, False)[:, 0], []
            for block, memory_cache, cache in zip(steps, memory_caches, state, strict=True):
                x, cache = block(x, cache, memory_cache, mask)
                caches.append(cache)
            return self.decoder_norm(x), tuple(caches)

        return step

    def _embed(self, embedding, tokens, offset, training):
        x = embedding(tokens)
        if self.positions is not None:
            x = self.positions(x, offset=offset)
        return self.dropout_layer(x, training=training)

    def get_config(self):
        return {**super().get_config(), **self._config}
