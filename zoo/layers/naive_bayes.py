"""What counts of words say of the label of a text."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="zoo")
class NaiveBayes(keras.layers.Layer):
    """The sum of the log-probabilities that the tokens of a text have with each label.

        logits_c = sum_s r[token_s, c],   r[v, c] = log p(v | c) - mean over c' of log p(v | c')

    where `p(v | c)` is counted by `adapt`: in how many texts of label c token v stands, plus 1, as
    a share of all tokens. Nothing of it is trained by gradients.

    Args:
        vocab_size: number of tokens, V.
        num_labels: number of labels, C.

    Call arguments:
        tokens: int (B, S). Padding is 0, and counts nothing.

    Returns:
        Logits float32 (B, C), all 0 before `adapt`.

    Raises:
        ValueError: a number out of range.

    Reference:
        Wang and Manning 2012, Baselines and Bigrams: Simple, Good Sentiment and Topic
        Classification, section 2.1 (multinomial naive Bayes of
        the tokens that a text has).
    """

    def __init__(self, vocab_size, num_labels, **kwargs):
        super().__init__(**kwargs)
        for name, number, least in (("vocab_size", vocab_size, 1), ("num_labels", num_labels, 2)):
            if number < least:
                raise ValueError(f"{name} must be >= {least}; got {name}={number}.")
        self.vocab_size, self.num_labels = int(vocab_size), int(num_labels)

    def build(self, input_shape=None):
        self.log_ratios = self.add_weight(
            name="log_ratios",
            shape=(self.vocab_size, self.num_labels),
            initializer="zeros",
            trainable=False,
            dtype="float32",
        )
        self.built = True

    def adapt(self, batches):
        """Counts the tokens of each label's texts.

        Args:
            batches: batches whose first two parts are tokens int (B, S), padded with 0, and numbers
                of labels int (B,).
        """
        if not self.built:
            self.build()
        counts = np.ones((self.vocab_size, self.num_labels))
        for tokens, labels, *_ in batches:
            for row, label in zip(np.asarray(tokens), np.asarray(labels), strict=True):
                counts[np.unique(row), label] += 1
        counts[0] = 1  # padding
        logarithms = np.log(counts / counts.sum(axis=0))
        logarithms -= logarithms.mean(axis=1, keepdims=True)
        logarithms[0] = 0
        self.log_ratios.assign(logarithms)

    def call(self, tokens):
        return ops.sum(ops.take(self.log_ratios, tokens, axis=0), axis=1)

    def get_config(self):
        config = super().get_config()
        return {**config, "vocab_size": self.vocab_size, "num_labels": self.num_labels}
