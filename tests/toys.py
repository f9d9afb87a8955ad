"""Small heads and models that tests of several files share."""

import keras
import tensorflow as tf
from keras import ops

from zoo.tasks import Task


@keras.saving.register_keras_serializable(package="toys")
class AttentiveBag(keras.Model):
    """Logits of the mean of embeddings, each weighted by how much it is attended to."""

    def __init__(self, vocab_size, num_labels, dim=16, **kwargs):
        super().__init__(**kwargs)
        self.sizes = vocab_size, num_labels, dim
        self.embedding = keras.layers.Embedding(vocab_size, dim)
        self.scores = keras.layers.Dense(1)
        self.output_projection = keras.layers.Dense(num_labels)

    def build(self, input_shape=None):
        dim = self.sizes[-1]
        self.embedding.build(None)
        self.scores.build((None, None, dim))
        self.output_projection.build((None, dim))
        self.built = True

    def call(self, tokens, return_attention_scores=False, training=None):
        vectors = self.embedding(tokens)
        scores = ops.squeeze(self.scores(vectors), -1)
        weights = ops.softmax(ops.where(ops.not_equal(tokens, 0), scores, -1e9), axis=-1)
        mean = ops.sum(ops.expand_dims(weights, -1) * vectors, axis=1)
        logits = self.output_projection(mean)
        return (logits, weights) if return_attention_scores else logits

    def get_config(self):
        vocab_size, num_labels, dim = self.sizes
        numbers = {"vocab_size": vocab_size, "num_labels": num_labels, "dim": dim}
        return {**super().get_config(), **numbers}


@keras.saving.register_keras_serializable(package="toys")
class Parity(Task):
    """Says whether a text has an even or an odd number of bytes: a head in a dozen lines."""

    serialized_parts = ("model",)
    serving_spec = tf.TensorSpec([None], tf.string, name="text")
    source_spec = tf.TensorSpec([None, 1], tf.float32)

    def batches(self, x, y=None, *, batch_tokens=4096, batch_size=32, shuffle=0, seed=0):
        texts, labels = map(list, zip(*x, strict=True))
        rows = (self.preprocess_tf(tf.constant(texts)), labels, tf.ones(len(texts)))
        return tf.data.Dataset.from_tensor_slices(rows).batch(batch_size or 32)

    def preprocess_tf(self, inputs):
        return tf.cast(tf.strings.length(inputs) % 2, tf.float32)[:, None]

    def postprocess_tf(self, logits):
        best, order = tf.math.top_k(tf.nn.softmax(logits), k=2)
        return {"label": tf.gather(["even", "odd"], order), "probability": best}
