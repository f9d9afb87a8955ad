"""The decoder-only Transformer."""

import keras
from keras import ops

from zoo.layers import DecoderBlock, TokenEmbedding, masks


@keras.saving.register_keras_serializable(package="zoo")
class TransformerLM(keras.Model):
    """Reads tokens, and gives at each position the logits of the next one.

    Pre-norm blocks with rotary positions; the embedding is also the output projection.

    Args:
        vocab_size: number of tokens, V.
        context_length: the most positions that are looked at together, the start token among them.
            Decoding may go on for longer; see `step`.
        num_layers: number of blocks.
        model_dim: width of every vector, D, a multiple of `num_heads`.
        num_heads: number of query heads, H.
        ff_dim: inner width of the feed-forward layers.
        num_kv_heads: number of key/value heads. Default: `num_heads`.
        dropout: dropout rate of the embeddings and of the sublayers' outputs.
        attention_dropout: dropout rate of the attention weights.
        activation: name of the activation of the feed-forward layers.
        start_id: the token that begins every row.

    Call arguments:
        tokens: int (B, T), T at most `context_length`, the first of each row the start token.
        return_attention_scores: whether the attention weights are returned, too.

    Returns:
        Logits float32 (B, T, V); with `return_attention_scores` also float (B, layers, H, T, T).

    Raises:
        ValueError: numbers that do not fit together.

    Reference:
        Radford et al. 2019, Language Models are Unsupervised Multitask Learners; rotary positions:
        Su et al. 2021; grouped heads: Ainslie et al. 2023.
    """

    def __init__(
        self,
        vocab_size,
        context_length=256,
        num_layers=6,
        model_dim=256,
        num_heads=4,
        ff_dim=1024,
        num_kv_heads=None,
        dropout=0.1,
        attention_dropout=0.0,
        activation="relu",
        start_id=2,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if model_dim % num_heads:
            raise ValueError(
                "model_dim must be a multiple of num_heads; "
                f"got model_dim={model_dim}, num_heads={num_heads}."
            )
        if context_length < 4:
            raise ValueError(f"context_length must be >= 4; got context_length={context_length}.")
        self.context_length = int(context_length)
        self.start_id = int(start_id)
        self._config = {
            "vocab_size": vocab_size,
            "context_length": context_length,
            "num_layers": num_layers,
            "model_dim": model_dim,
            "num_heads": num_heads,
            "ff_dim": ff_dim,
            "num_kv_heads": num_kv_heads,
            "dropout": dropout,
            "attention_dropout": attention_dropout,
            "activation": activation,
            "start_id": start_id,
        }
        policy = self.dtype_policy
        self.embedding = TokenEmbedding(vocab_size, model_dim, name="embedding", dtype=policy)
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=policy)
        self.blocks = [
            DecoderBlock(
                num_heads,
                ff_dim,
                cross_attention=False,
                num_kv_heads=num_kv_heads,
                activation=activation,
                dropout=dropout,
                attention_dropout=attention_dropout,
                rotary=True,
                name=f"block_{i}",
                dtype=policy,
            )
            for i in range(num_layers)
        ]
        self.norm = keras.layers.LayerNormalization(epsilon=1e-6, name="norm", dtype=policy)

    def build(self, input_shape=None):
        shape = (None, None, self._config["model_dim"])
        for part in (self.embedding, *self.blocks, self.norm):
            part.build(shape)
        self.built = True

    def call(self, tokens, return_attention_scores=False, training=None):
        length = tokens.shape[1]
        if length is not None and length > self.context_length:
            raise ValueError(
                f"tokens must have at most context_length={self.context_length} columns; "
                f"got {length}."
            )
        x = self.dropout_layer(self.embedding(tokens), training=training)
        weights = []
        for block in self.blocks:
            x, layer_weights = block(x, return_attention_scores=True, training=training)
            weights.append(layer_weights)
        logits = self._logits(x)
        return (logits, ops.stack(weights, axis=1)) if return_attention_scores else logits

    def start(self, prompt):
        """Reads prompts but for their last token, with which the first `step` begins.

        Args:
            prompt: int (B, S), S < `context_length`, each row filled up with padding, 0, at its
                left.

        Returns:
            See ARCHITECTURE.md, the decoding protocol. The state is the caches of the blocks and
            the P tokens in them, int (B, P).
        """
        # One more column of padding: there is something to read where a prompt is one token long.
        return (), self._read(ops.pad(prompt[:, :-1], [[0, 0], [1, 0]]))

    def step(self, tokens, static, state):
        """One step of N rows: tokens int (N,) -> logits float32 (N, V) and the new state.

        Where the context is full, the start token and the newest half of it are read again, so
        that the model never sees more than it was trained on, and never less than half.
        """
        seen = state[1]
        kept = self.context_length // 2 - 1
        caches, seen = ops.cond(
            ops.shape(seen)[1] >= self.context_length,
            lambda: self._read(
                ops.concatenate(
                    [ops.full_like(seen[:, :1], self.start_id), seen[:, -kept:]], axis=1
                )
            ),
            lambda: state,
        )
        seen = ops.concatenate([seen, tokens[:, None]], axis=1)
        mask = masks.attention_mask(masks.padding_mask(seen))
        x, new_caches = self.embedding(tokens[:, None]), []
        for block, cache in zip(self.blocks, caches, strict=True):
            x, cache = block(x, attention_mask=mask, cache=cache)
            new_caches.append(cache)
        return self._logits(x)[:, 0], (tuple(new_caches), seen)

    def _read(self, tokens):
        """Tokens (N, P), padded at the left -> the state after them."""
        mask = masks.attention_mask(masks.padding_mask(tokens))
        x, caches = self.embedding(tokens), []
        for block in self.blocks:
            cache = block.empty_cache(ops.shape(tokens)[0])
            x, cache = block(x, attention_mask=mask, cache=cache)
            caches.append(cache)
        return tuple(caches), tokens

    def _logits(self, x):
        return ops.cast(self.embedding.logits(self.norm(x)), "float32")

    def get_config(self):
        return {**super().get_config(), **self._config}
