"""Queries and documents as a vector for each token, which meet only when they are compared."""

import keras
from keras import ops

from zoo.layers import Adaptable, masks

_HIDDEN = -1e9  # a score that leaves nothing after a softmax
_TINY = 1e-6  # instead of a division by 0


@keras.saving.register_keras_serializable(package="zoo")
class LateInteraction(Adaptable, keras.Model):
    """Scores documents for queries: each query token counts with the document token most like it.

        x_i = E[t_i],  v_i = normalised(W x_i + tanh(conv(x))_i)
        score(q, d) = sum_i weight_i max_j v_i · v_j,   sum_i weight_i = 1

    A document's vectors know nothing of a query, so that they are made once for all queries. The
    weight of a token is learned, and begins with how rare it is.

    Args:
        vocab_size: number of tokens, V.
        model_dim: width of an embedded token.
        vector_dim: width D of the vectors that are compared.
        kernel_size: how many tokens the convolution sees.
        scale: by which a score is multiplied before it becomes a logit.
        dropout: dropout rate of the embeddings.

    Call arguments:
        inputs: dict of `query` int (B, Q); `text` int (N, S), the documents for all queries; and
            `allowed` bool (B, N), which of them are candidates of each. Padding is 0.

    Returns:
        Logits float32 (B, N), hardly above -1e9 where not allowed.

    Raises:
        ValueError: a number out of range.

    Reference:
        Khattab and Zaharia 2020, ColBERT: Efficient and Effective Passage Search via Contextualized
        Late Interaction over BERT.
    """

    def __init__(
        self,
        vocab_size,
        model_dim=128,
        vector_dim=64,
        kernel_size=3,
        scale=20.0,
        dropout=0.2,
        **kwargs,
    ):
        super().__init__(**kwargs)
        numbers = {
            "vocab_size": vocab_size,
            "model_dim": model_dim,
            "vector_dim": vector_dim,
            "kernel_size": kernel_size,
        }
        for name, number in numbers.items():
            if number < 1:
                raise ValueError(f"{name} must be >= 1; got {name}={number}.")
        if not scale > 0:
            raise ValueError(f"scale must be > 0; got scale={scale}.")
        self._config = {**numbers, "scale": scale, "dropout": dropout}
        policy = self.dtype_policy
        self.embedding = keras.layers.Embedding(
            vocab_size,
            model_dim,
            embeddings_initializer=keras.initializers.RandomUniform(-0.1, 0.1),
            name="embedding",
            dtype=policy,
        )
        self.vector_dense = keras.layers.Dense(
            vector_dim, use_bias=False, name="vector", dtype=policy
        )
        self.convolution = keras.layers.Conv1D(
            vector_dim,
            kernel_size,
            padding="same",
            activation="tanh",
            name="convolution",
            dtype=policy,
        )
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=policy)

    def build(self, input_shape=None):
        self.embedding.build(None)
        for part in (self.vector_dense, self.convolution):
            part.build((None, None, self._config["model_dim"]))
        self.importance = self.add_weight(
            name="importance",
            shape=(self._config["vocab_size"],),
            initializer="zeros",
            dtype="float32",
            autocast=False,
        )
        self.built = True

    def set_vectors(self, vectors):
        """Takes word vectors, float (V, model_dim), in place of random ones."""
        self.embedding.embeddings.assign(vectors)

    def set_rarity(self, rarity):
        """Begins with weights of tokens as rare as they are, float (V,) from 0 to 1."""
        self.importance.assign(ops.log(ops.expm1(rarity + 0.05)))

    def encode(self, tokens, training=None):
        """Tokens int (B, S) -> unit vectors float32 (B, S, D), zeros at the padding."""
        real = ops.expand_dims(masks.padding_mask(tokens), -1)
        # Past its end a text looks the same, with padding or without: zeros.
        x = ops.where(real, self.dropout_layer(self.embedding(tokens), training=training), 0)
        x = ops.cast(self.vector_dense(x) + self.convolution(x), "float32")
        x = ops.where(real, x, 0)
        return x / ops.sqrt(ops.sum(ops.square(x), axis=-1, keepdims=True) + _TINY)

    def weigh(self, tokens):
        """Tokens of queries int (B, Q) -> their weights float32 (B, Q), 0 at the padding."""
        real = ops.cast(masks.padding_mask(tokens), "float32")
        weights = ops.softplus(ops.take(self.importance, tokens)) * real
        return weights / (ops.sum(weights, axis=-1, keepdims=True) + _TINY)

    def call(self, inputs, training=None):
        query, text = inputs["query"], inputs["text"]
        width, (count, length) = self._config["vector_dim"], ops.shape(text)
        asked = self.encode(query, training)
        found = ops.reshape(self.encode(text, training), (-1, width))
        alike = ops.matmul(ops.reshape(asked, (-1, width)), ops.transpose(found))
        alike = ops.reshape(alike, (-1, count, length))  # (B·Q, N, S)
        alike = ops.where(ops.expand_dims(masks.padding_mask(text), 0), alike, -1.0)
        best = ops.reshape(ops.max(alike, axis=-1), (-1, ops.shape(query)[1], count))
        scores = ops.sum(ops.expand_dims(self.weigh(query), -1) * best, axis=1)
        return ops.where(inputs["allowed"], self._config["scale"] * scores, _HIDDEN)

    def get_config(self):
        return {**super().get_config(), **self._config}
