"""Two texts compared word by word: how well a sentence answers a question."""

import keras
from keras import ops

from zoo.layers import Adaptable, masks

_FEATURES = 5  # numbers that tell of a token whether the other side has it
_COVERAGE = 8  # numbers that tell how much of the question a text holds
_HIDDEN = -1e9  # a score that leaves nothing after a softmax
_TINY = 1e-6  # instead of a division by 0


@keras.saving.register_keras_serializable(package="zoo")
class CompareAggregate(Adaptable, keras.Model):
    """Scores the texts of a list by how well each answers a question.

    Question and text look at each other: each token of one attends to all tokens of the other, or
    to none, by what they mean and by whether they are the same,

        e_ij = a x_i · y_j / sqrt(D) + b [x_i = y_j],   h_i = sum_j softmax_j(0, e_ij) y_j

    and is compared with what it found, `relu(W [x_i, x_i * h_i, (x_i - h_i)^2, matches] + b)`. On
    the side of the text convolutions look at the comparisons, and their maxima are kept; on the
    side of the question a weighted mean, in which rare words count more. Both, with the share of
    the question that the text repeats, weighted by rarity, become one score.

    A text depends neither on those beside it nor on its padding.

    Args:
        vocab_size: number of tokens, V.
        model_dim: width of an embedded token.
        hidden_dim: width D of all that follows.
        kernel_sizes: widths of the convolutions, in tokens.
        train_embedding: whether the embedding learns; a few thousand questions are too few, and
            vectors from other text, set with `set_vectors`, stay better as they are.
        whole_query: whether each token of the text is also compared with the question as a whole,
            a weighted mean of its tokens: `when` asks for a number that no token of it is like.
        embedding_dropout: dropout rate of the embeddings.
        dropout: dropout rate of the comparisons, and of what becomes the score.

    Call arguments:
        inputs: dict of `query` int (B, Q) and `text` int (B, N, S), N texts for each question.
            Padding is 0; a text of padding alone is none.
        return_attention_scores: whether the attention weights are returned, too.

    Returns:
        Logits float32 (B, N + 1): the first, always 0, is that of "none of these", with which the
        score of a text means something on its own. With `return_attention_scores` also float32
        (B, N, Q, S): what each token of the question looks at; a row sums to 1, less what looks at
        nothing.

    Raises:
        ValueError: a number out of range.

    Reference:
        Wang and Jiang 2017, A Compare-Aggregate Model for Matching Text Sequences; Parikh et al.
        2016, A Decomposable Attention Model for Natural Language Inference (a look at nothing).
    """

    def __init__(
        self,
        vocab_size,
        model_dim=128,
        hidden_dim=64,
        kernel_sizes=(1, 2, 3),
        train_embedding=True,
        whole_query=False,
        embedding_dropout=0.3,
        dropout=0.4,
        **kwargs,
    ):
        super().__init__(**kwargs)
        kernel_sizes = [int(size) for size in kernel_sizes]
        for name, number in (
            ("vocab_size", vocab_size),
            ("model_dim", model_dim),
            ("hidden_dim", hidden_dim),
            ("kernel_sizes", min(kernel_sizes, default=0)),
        ):
            if number < 1:
                raise ValueError(f"{name} must be >= 1; got {name}={number}.")
        self._config = {
            "vocab_size": vocab_size,
            "model_dim": model_dim,
            "hidden_dim": hidden_dim,
            "kernel_sizes": kernel_sizes,
            "train_embedding": bool(train_embedding),
            "whole_query": bool(whole_query),
            "embedding_dropout": embedding_dropout,
            "dropout": dropout,
        }
        policy = self.dtype_policy

        def dense(name, units=hidden_dim, activation="relu"):
            return keras.layers.Dense(units, activation=activation, name=name, dtype=policy)

        self.embedding = None  # made in `build`, unless it is that of another: see `Ensemble`
        self.gate_dense = dense("gate", activation="sigmoid")
        self.content_dense = dense("content", activation="tanh")
        self.text_dense, self.query_dense = dense("text_comparison"), dense("query_comparison")
        self.convolutions = [
            keras.layers.Conv1D(
                hidden_dim,
                size,
                padding="same",
                activation="relu",
                name=f"convolution_{i}",
                dtype=policy,
            )
            for i, size in enumerate(kernel_sizes)
        ]
        self.whole_dense = dense("whole_query", 1, None) if whole_query else None
        self.weight_dense = dense("query_weight", 1, None)
        self.joint_dense, self.score_dense = dense("joint"), dense("score", 1, None)
        self.embedding_dropout_layer = keras.layers.Dropout(embedding_dropout, dtype=policy)
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=policy)

    def build(self, input_shape=None):
        width, dim = self._config["hidden_dim"], self._config["model_dim"]
        if self.embedding is None:
            self.embedding = keras.layers.Embedding(
                self._config["vocab_size"],
                dim,
                embeddings_initializer=keras.initializers.RandomUniform(-0.1, 0.1),
                trainable=self._config["train_embedding"],
                name="embedding",
                dtype=self.dtype_policy,
            )
            self.embedding.build(None)
        for part in (self.gate_dense, self.content_dense):
            part.build((None, None, dim))
        whole = [] if self.whole_dense is None else [self.whole_dense]
        self.text_dense.build((None, None, (3 + 2 * len(whole)) * width + _FEATURES))
        self.query_dense.build((None, None, 3 * width + _FEATURES))
        for part in (*self.convolutions, self.weight_dense, *whole):
            part.build((None, None, width))
        self.joint_dense.build((None, width * (len(self.convolutions) + 1) + _COVERAGE))
        self.score_dense.build((None, width + _COVERAGE))
        self.rarity = self.add_weight(
            name="rarity",
            shape=(self._config["vocab_size"],),
            initializer="ones",
            trainable=False,
            dtype="float32",
            autocast=False,
        )
        self.alike = self.add_weight(  # weight of a product, and of two tokens that are the same
            name="alike",
            shape=(2,),
            initializer=keras.initializers.Constant(4.0),
            dtype="float32",
            autocast=False,
        )
        self.built = True

    def set_vectors(self, vectors):
        """Takes word vectors, float (V, model_dim), in place of random ones."""
        self.embedding.embeddings.assign(vectors)

    def set_rarity(self, rarity):
        """Takes how rare each token is, float (V,) from 0 to 1, in place of 1 for all."""
        self.rarity.assign(rarity)

    def call(self, inputs, return_attention_scores=False, training=None):
        batch, count, length = ops.shape(inputs["text"])
        text = ops.reshape(inputs["text"], (-1, length))  # (B·N, S)
        query = ops.repeat(inputs["query"], count, axis=0)  # (B·N, Q)
        x, y = self._read(query, training), self._read(text, training)
        same = _same(query, text)
        scores = self.alike[0] * ops.cast(ops.matmul(x, ops.swapaxes(y, 1, 2)), "float32")
        scores = scores / self._config["hidden_dim"] ** 0.5 + self.alike[1] * same
        from_query = _attend(scores, text)  # (B·N, Q, S)
        from_text = _attend(ops.swapaxes(scores, 1, 2), query)

        side_of_query = self._side(query, same, from_query)
        side_of_text = self._side(text, ops.swapaxes(same, 1, 2), from_text)

        whole = [] if self.whole_dense is None else self._with_whole(y, x, query)
        compared = self._compare(self.text_dense, y, x, from_text, side_of_text, training, whole)
        real = ops.cast(ops.expand_dims(side_of_text["real"], -1), compared.dtype)
        # Past its end a text looks the same, with padding or without, and what is seen there is 0,
        # which no place falls below.
        compared = compared * real
        of_text = [ops.max(convolve(compared) * real, axis=1) for convolve in self.convolutions]
        compared = self._compare(self.query_dense, x, y, from_query, side_of_query, training)
        weights = ops.cast(ops.squeeze(self.weight_dense(compared), -1), "float32")
        weights = weights + 4 * side_of_query["rarity"]
        weights = _shares(weights, query)
        of_query = _mean(weights, compared)

        coverage = _coverage(side_of_query, side_of_text, weights)
        joint = self.dropout_layer(ops.concatenate([*of_text, of_query], -1), training=training)
        joint = self.joint_dense(ops.concatenate([joint, coverage], axis=-1))
        joint = self.dropout_layer(joint, training=training)
        logits = self.score_dense(ops.concatenate([joint, coverage], axis=-1))[:, 0]
        there = ops.any(masks.padding_mask(text), axis=-1)
        logits = ops.where(there, ops.cast(logits, "float32"), _HIDDEN)
        logits = ops.pad(ops.reshape(logits, (-1, count)), ((0, 0), (1, 0)))
        if not return_attention_scores:
            return logits
        shape = (-1, count, ops.shape(query)[1], length)
        return logits, ops.reshape(ops.cast(from_query, "float32"), shape)

    def get_config(self):
        return {**super().get_config(), **self._config}

    def _read(self, tokens, training):
        """Tokens (N, S) as vectors (N, S, D), zeros at the padding."""
        x = self.embedding_dropout_layer(self.embedding(tokens), training=training)
        x = self.gate_dense(x) * self.content_dense(x)
        return x * ops.cast(ops.expand_dims(_real(tokens), -1), x.dtype)

    def _side(self, tokens, same, attention):
        """What is known of the tokens (N, S) of one side without their meaning, each (N, S).

        Args:
            same: (N, S, Q), which tokens of the other side are the same.
            attention: (N, S, Q), to these.
        """
        return {
            "real": _real(tokens),
            "rarity": ops.take(self.rarity, tokens) * _real(tokens),
            "found": ops.max(same, axis=2),
            "pair": ops.max(_in_pairs(same), axis=2),
            "share": ops.sum(attention, axis=2),
        }

    def _with_whole(self, y, x, query):
        """The question (N, D) as a whole beside each token of the text, and times it: (N, S, D)."""
        whole = _mean(_shares(ops.squeeze(self.whole_dense(x), -1), query), x)
        whole = ops.broadcast_to(ops.expand_dims(whole, 1), ops.shape(y))
        return [whole, whole * y]

    def _compare(self, dense, x, others, attention, side, training, more=()):
        """Each token of one side with what it found on the other: (N, S, D)."""
        found = ops.matmul(ops.cast(attention, others.dtype), others)
        rare = side["found"] * side["rarity"]
        matches = (side["found"], rare, side["pair"], side["rarity"], side["share"])
        matches = ops.stack(matches, axis=-1)
        joined = [x, x * found, ops.square(x - found), matches, *more]
        joined = ops.concatenate([ops.cast(part, x.dtype) for part in joined], axis=-1)
        return dense(self.dropout_layer(joined, training=training))


def _real(tokens):
    return ops.cast(masks.padding_mask(tokens), "float32")


def _same(query, text):
    """Which tokens are the same: float (N, Q, S) of 1 and 0, 0 at the padding."""
    same = ops.equal(ops.expand_dims(query, 2), ops.expand_dims(text, 1))
    return ops.cast(same, "float32") * ops.expand_dims(_real(query), 2)


def _in_pairs(same):
    """Of tokens that are the same, those whose neighbours, before or behind, are, too."""
    padded = ops.pad(same, ((0, 0), (1, 1), (1, 1)))
    return same * ops.maximum(padded[:, :-2, :-2], padded[:, 2:, 2:])


def _attend(scores, tokens):
    """Softmax of scores (N, T, S) over the tokens (N, S) that are none of padding, and nothing."""
    scores = ops.where(ops.expand_dims(masks.padding_mask(tokens), 1), scores, _HIDDEN)
    scores = ops.pad(scores, ((0, 0), (0, 0), (1, 0)))
    return ops.softmax(scores, axis=-1)[:, :, 1:]


def _shares(weights, tokens):
    """Softmax of weights (N, Q) over the tokens (N, Q) that are none of padding."""
    weights = ops.cast(weights, "float32")
    return ops.softmax(ops.where(masks.padding_mask(tokens), weights, _HIDDEN), axis=-1)


def _mean(shares, x):
    """The mean (N, D) of vectors (N, Q, D), by shares (N, Q)."""
    return ops.sum(ops.cast(ops.expand_dims(shares, -1), x.dtype) * x, axis=1)


def _coverage(query, text, weights):
    """How much of the question the text repeats: (N, 8)."""

    def share(of, weights):
        return ops.sum(of * weights, axis=1) / (ops.sum(weights, axis=1) + _TINY)

    numbers = (
        share(query["found"], query["rarity"]),
        ops.sum(query["found"] * query["rarity"], axis=1),
        share(query["found"], query["real"]),
        share(query["pair"], query["rarity"]),
        share(text["found"], text["rarity"]),
        share(query["found"], weights),
        share(query["share"], query["rarity"]),
        ops.log(ops.sum(text["real"], axis=1) + 1) / 4,
    )
    return ops.stack(numbers, axis=-1)
