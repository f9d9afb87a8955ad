"""Convolutions over a text, pooled by attention: one of a few labels."""

import keras
from keras import ops

from zoo.layers import Adaptable, AttentionPooling, masks


@keras.saving.register_keras_serializable(package="zoo")
class TextClassifier(Adaptable, keras.Model):
    """Reads the tokens of a text, and gives the logit of each label.

    Convolutions of several widths see each token with its neighbours; attention with a learned
    query weighs the places, and the weighted mean becomes logits:

        h_s = [relu(conv_w(x))_s for each width w],  logits = W (sum_s weights_s h_s) + b

    The weights say which places the logits were made of, and can be drawn over the text. A row
    depends neither on the rows beside it nor on its padding.

    Args:
        vocab_size: number of tokens, V.
        num_labels: number of labels, C.
        model_dim: width of an embedded token, D.
        filters: number of filters of each width.
        kernel_sizes: widths of the convolutions, in tokens.
        attention_units: width of the hidden layer of the attention.
        embedding_dropout: dropout rate of the embeddings.
        dropout: dropout rate of the vector that becomes logits.

    Call arguments:
        tokens: int (B, S). Padding is 0.
        return_attention_scores: whether the attention weights are returned, too.

    Returns:
        Logits float32 (B, C); with `return_attention_scores` also float32 (B, S), which sum to 1
        over the tokens of a row and are 0 at its padding.

    Raises:
        ValueError: a number out of range.

    Reference:
        Kim 2014, Convolutional Neural Networks for Sentence Classification, with attention in place
        of the maximum over time: Yang et al. 2016, Hierarchical Attention Networks for Document
        Classification, section 2.2.
    """

    def __init__(
        self,
        vocab_size,
        num_labels,
        model_dim=128,
        filters=100,
        kernel_sizes=(3, 4, 5),
        attention_units=64,
        embedding_dropout=0.5,
        dropout=0.5,
        **kwargs,
    ):
        super().__init__(**kwargs)
        kernel_sizes = [int(size) for size in kernel_sizes]
        for name, number, least in (
            ("vocab_size", vocab_size, 1),
            ("num_labels", num_labels, 2),
            ("model_dim", model_dim, 1),
            ("filters", filters, 1),
            ("attention_units", attention_units, 1),
            ("kernel_sizes", min(kernel_sizes, default=0), 1),
        ):
            if number < least:
                raise ValueError(f"{name} must be >= {least}; got {name}={number}.")
        self._config = {
            "vocab_size": vocab_size,
            "num_labels": num_labels,
            "model_dim": model_dim,
            "filters": filters,
            "kernel_sizes": kernel_sizes,
            "attention_units": attention_units,
            "embedding_dropout": embedding_dropout,
            "dropout": dropout,
        }
        policy = self.dtype_policy
        self.embedding = keras.layers.Embedding(
            vocab_size,
            model_dim,
            embeddings_initializer=keras.initializers.RandomUniform(-0.25, 0.25),
            name="embedding",
            dtype=policy,
        )
        self.convolutions = [
            keras.layers.Conv1D(
                filters,
                size,
                padding="same",
                activation="relu",
                name=f"convolution_{i}",
                dtype=policy,
            )
            for i, size in enumerate(kernel_sizes)
        ]
        self.pooling = AttentionPooling(attention_units, name="pooling", dtype=policy)
        self.output_dense = keras.layers.Dense(num_labels, name="output", dtype=policy)
        self.embedding_dropout_layer = keras.layers.Dropout(embedding_dropout, dtype=policy)
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=policy)

    def build(self, input_shape=None):
        self.embedding.build(None)
        for part in self.convolutions:
            part.build((None, None, self._config["model_dim"]))
        width = self._config["filters"] * len(self.convolutions)
        self.pooling.build((None, None, width))
        self.output_dense.build((None, width))
        self.built = True

    def call(self, tokens, return_attention_scores=False, training=None):
        mask = masks.padding_mask(tokens)
        x = self.embedding_dropout_layer(self.embedding(tokens), training=training)
        # Past its end a text looks the same, with padding or without: zeros.
        x = x * ops.expand_dims(ops.cast(mask, x.dtype), -1)
        x = ops.concatenate([convolve(x) for convolve in self.convolutions], axis=-1)
        x, weights = self.pooling(x, mask=mask, return_attention_scores=True)
        logits = self.output_dense(self.dropout_layer(x, training=training))
        logits = ops.cast(logits, "float32")
        return (logits, weights) if return_attention_scores else logits

    def get_config(self):
        return {**super().get_config(), **self._config}
