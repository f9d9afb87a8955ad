"""The causal Transformer over items: what somebody will choose next."""

import keras
from keras import ops

from zoo.layers import Adaptable, DecoderBlock, TokenEmbedding


@keras.saving.register_keras_serializable(package="zoo")
class SASRec(Adaptable, keras.Model):
    """Reads the items of a history, and gives at each place the logits of the next one.

    Pre-norm blocks with rotary positions, so that what counts is how long ago an item was chosen;
    the embedding is also the output projection.

    Args:
        num_items: number of items, C; they are numbered from 1.
        context_length: the most items that are looked at together.
        num_layers: number of blocks.
        model_dim: width of every vector, D, a multiple of `num_heads`.
        num_heads: number of heads, H.
        ff_dim: inner width of the feed-forward layers.
        dropout: dropout rate of the embeddings and of the sublayers' outputs.
        attention_dropout: dropout rate of the attention weights.
        activation: name of the activation of the feed-forward layers.

    Call arguments:
        items: int (B, T), T at most `context_length`, each row filled up with 0 at its end.
        return_attention_scores: whether the attention weights are returned, too.

    Returns:
        Logits float32 (B, T, C + 1), of which the first is of padding; with
        `return_attention_scores` also float (B, layers, H, T, T).

    Raises:
        ValueError: numbers that do not fit together.

    Reference:
        Kang and McAuley 2018, Self-Attentive Sequential Recommendation; trained on the softmax over
        all items: Klenitskiy and Vasilev 2023, Turning Dross Into Gold Loss: is BERT4Rec really
        better than SASRec?
    """

    def __init__(
        self,
        num_items,
        context_length=200,
        num_layers=2,
        model_dim=64,
        num_heads=2,
        ff_dim=256,
        dropout=0.2,
        attention_dropout=0.0,
        activation="gelu",
        **kwargs,
    ):
        super().__init__(**kwargs)
        for name, number in (("num_items", num_items), ("context_length", context_length)):
            if number < 1:
                raise ValueError(f"{name} must be >= 1; got {name}={number}.")
        if model_dim % num_heads:
            raise ValueError(
                "model_dim must be a multiple of num_heads; "
                f"got model_dim={model_dim}, num_heads={num_heads}."
            )
        self.num_items = int(num_items)
        self.context_length = int(context_length)
        self._config = {
            "num_items": num_items,
            "context_length": context_length,
            "num_layers": num_layers,
            "model_dim": model_dim,
            "num_heads": num_heads,
            "ff_dim": ff_dim,
            "dropout": dropout,
            "attention_dropout": attention_dropout,
            "activation": activation,
        }
        policy = self.dtype_policy
        self.embedding = TokenEmbedding(num_items + 1, model_dim, name="embedding", dtype=policy)
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=policy)
        self.blocks = [
            DecoderBlock(
                num_heads,
                ff_dim,
                cross_attention=False,
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

    def call(self, items, return_attention_scores=False, training=None):
        x, weights = self._read(items, training)
        logits = self._logits(self.norm(x), training)
        return (logits, weights) if return_attention_scores else logits

    def following(self, items):
        """What comes after the newest item of each row.

        Args:
            items: as of a call.

        Returns:
            Logits float32 (B, C + 1), and what the newest item of each row attended to, float32
            (B, layers, H, T). Those of a row of padding alone mean nothing.
        """
        x, weights = self._read(items, training=False)
        newest = ops.maximum(ops.sum(ops.cast(ops.not_equal(items, 0), "int32"), axis=1) - 1, 0)
        x = ops.take_along_axis(x, newest[:, None, None], axis=1)[:, 0]
        weights = ops.take_along_axis(weights, newest[:, None, None, None, None], axis=3)
        return self.embedding.logits(self.norm(x)), ops.cast(weights[:, :, :, 0], "float32")

    def _read(self, items, training):
        length = items.shape[1]
        if length is not None and length > self.context_length:
            raise ValueError(
                f"items must have at most context_length={self.context_length} columns; "
                f"got {length}."
            )
        x, weights = self.dropout_layer(self.embedding(items), training=training), []
        for block in self.blocks:  # causal, so that no item sees the padding behind it
            x, of_layer = block(x, return_attention_scores=True, training=training)
            weights.append(of_layer)
        return x, ops.stack(weights, axis=1)

    def _logits(self, x, training):
        if not training:
            return self.embedding.logits(x)
        # The loss is a mean over thousands of places, in which what is rounded cancels out.
        table = ops.cast(self.embedding.table, x.dtype)
        return ops.cast(ops.matmul(x, ops.transpose(table)), "float32")

    def get_config(self):
        return {**super().get_config(), **self._config}
