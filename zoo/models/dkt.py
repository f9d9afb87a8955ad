"""A recurrent network over a pupil's past: whether the next answer will be right."""

import keras
from keras import ops

from zoo.models.akt import Tracing


@keras.saving.register_keras_serializable(package="zoo")
class DKT(Tracing):
    """Deep knowledge tracing: an LSTM over the past answers, the baseline of the field.

    Args:
        num_skills, context_length: see `Tracing`.
        units: width of the LSTM and of the embeddings.
        dropout: dropout rate of what the LSTM gives.

    Reference:
        Piech et al. 2015, Deep Knowledge Tracing.
    """

    def __init__(self, num_skills, context_length=200, units=200, dropout=0.2, **kwargs):
        super().__init__(num_skills, context_length, **kwargs)
        self._config = {
            "num_skills": num_skills,
            "context_length": context_length,
            "units": units,
            "dropout": dropout,
        }
        policy = self.dtype_policy
        self.embedding = keras.layers.Embedding(
            2 * num_skills + 1, units, name="embedding", dtype=policy
        )
        self.lstm = keras.layers.LSTM(units, return_sequences=True, name="lstm", dtype=policy)
        self.output_dense = keras.layers.Dense(num_skills + 1, name="output", dtype=policy)
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=policy)

    def build(self, input_shape=None):
        shape = (None, None, self._config["units"])
        for part in (self.embedding, self.lstm, self.output_dense):
            part.build(shape)
        self.built = True

    def call(self, answers, training=None):
        skills, past = self._parts(answers)
        x = self.dropout_layer(self.lstm(self.embedding(past)), training=training)
        of_all = self.output_dense(x)
        right = ops.take_along_axis(of_all, skills[..., None], axis=-1)
        return ops.cast(ops.concatenate([ops.zeros_like(right), right], axis=-1), "float32")

    def get_config(self):
        return {**super().get_config(), **self._config}
