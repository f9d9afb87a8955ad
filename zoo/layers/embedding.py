"""Token embedding whose transpose can be the output projection."""

import math

import keras
from keras import ops

from zoo.layers.adapted import overrides


@keras.saving.register_keras_serializable(package="zoo")
class TokenEmbedding(keras.layers.Layer):
    """Rows of a table for token ids, and, backwards, logits of tokens for vectors.

    Vectors are scaled by sqrt(width) on the way in (`scale`), so that a table that starts with
    standard deviation 1/sqrt(width) gives inputs of about 1 and logits of about 1.

    Args:
        vocab_size: number of rows, V.
        width: width of a vector, D.
        logits_bias: whether a trained number is added to the logit of each token.
        scale: whether vectors are scaled.

    Call arguments:
        token_ids: int (B, T), each in 0 .. V - 1.

    Returns:
        float (B, T, D).

    Reference:
        Press and Wolf 2017, Using the Output Embedding to Improve Language Models.
    """

    def __init__(self, vocab_size, width, logits_bias=False, scale=True, **kwargs):
        super().__init__(**kwargs)
        for name, number in (("vocab_size", vocab_size), ("width", width)):
            if number < 1:
                raise ValueError(f"{name} must be >= 1; got {name}={number}.")
        self.vocab_size = int(vocab_size)
        self.width = int(width)
        self.logits_bias = bool(logits_bias)
        self.scale = bool(scale)

    def build(self, input_shape=None):
        self.table = self.add_weight(
            shape=(self.vocab_size, self.width),
            initializer=keras.initializers.RandomNormal(stddev=1 / math.sqrt(self.width)),
            name="table",
            autocast=False,  # logits are float32, whatever the policy
        )
        self.bias = None
        if self.logits_bias:
            self.bias = self.add_weight(
                shape=(self.vocab_size,), initializer="zeros", name="bias", autocast=False
            )
        self.built = True

    def call(self, token_ids):
        vectors = ops.cast(ops.take(self.table, token_ids, axis=0), self.compute_dtype)
        return vectors * math.sqrt(self.width) if self.scale else vectors

    def logits(self, x):
        """Logits of the tokens: (..., D) -> float32 (..., V), the dot product with each row + bias.

        The product is one of float32, since rounded to bfloat16 many logits would be equal.
        """
        return self._product(x, ops.transpose(self.table))

    def output_projection(self):
        """`logits` as a function for a loop: the table is transposed once, before it."""
        if overrides(self, TokenEmbedding, "logits"):
            return self.logits
        columns = ops.transpose(self.table)
        return lambda x: self._product(x, columns)

    def _product(self, x, columns):
        logits = ops.matmul(ops.cast(x, columns.dtype), columns)
        return ops.cast(logits if self.bias is None else logits + self.bias, "float32")

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.width)

    def get_config(self):
        names = ("vocab_size", "width", "logits_bias", "scale")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
