"""The plain recurrent language model, which stands on both sides of SeqGAN's first experiment."""

import keras
from keras import ops

from zoo.layers import Adaptable


@keras.saving.register_keras_serializable(package="zoo")
class LSTMGenerator(Adaptable, keras.Model):
    """Reads tokens, and gives at each position the logits of the next one; without attention.

        h = LSTM(E y),  logits = W h + b

    It is the smallest model that follows the decoding protocol (see ARCHITECTURE.md).

    Args:
        vocab_size: number of tokens, V.
        model_dim: width of an embedded token.
        units: width of the LSTM.
        stddev: standard deviation of the normal distribution from which all weights are drawn at
            first, biases too. SeqGAN's oracle has 1, its generator 0.1.
        seed: of those weights.

    Call arguments:
        tokens: int (B, T), the first of each row a start token.

    Returns:
        Logits float32 (B, T, V).

    Raises:
        ValueError: a number below 1.

    Reference:
        Yu et al. 2017, SeqGAN: Sequence Generative Adversarial Nets with Policy Gradient, section
        3.2 and the synthetic data of section 5.
    """

    def __init__(self, vocab_size, model_dim=32, units=32, stddev=0.1, seed=None, **kwargs):
        super().__init__(**kwargs)
        for name, number in (
            ("vocab_size", vocab_size),
            ("model_dim", model_dim),
            ("units", units),
        ):
            if number < 1:
                raise ValueError(f"{name} must be >= 1; got {name}={number}.")
        self._config = {
            "vocab_size": vocab_size,
            "model_dim": model_dim,
            "units": units,
            "stddev": stddev,
            "seed": seed,
        }
        policy = self.dtype_policy

        def normal(place):
            chosen = None if seed is None else 10 * seed + place
            return keras.initializers.RandomNormal(stddev=stddev, seed=chosen)

        self.embedding = keras.layers.Embedding(
            vocab_size, model_dim, embeddings_initializer=normal(0), name="embedding", dtype=policy
        )
        self.rnn = keras.layers.LSTM(
            units,
            return_sequences=True,
            return_state=True,
            kernel_initializer=normal(1),
            recurrent_initializer=normal(2),
            bias_initializer=normal(3),
            unit_forget_bias=False,
            use_cudnn=False,
            name="lstm",
            dtype=policy,
        )
        self.output_dense = keras.layers.Dense(
            vocab_size,
            kernel_initializer=normal(4),
            bias_initializer=normal(5),
            name="output",
            dtype=policy,
        )

    def build(self, input_shape=None):
        self.embedding.build(None)
        self.rnn.build((None, None, self._config["model_dim"]))
        self.output_dense.build((None, None, self._config["units"]))
        self.built = True

    def call(self, tokens, training=None):
        outputs, *_ = self.rnn(self.embedding(tokens), training=training)
        return ops.cast(self.output_dense(outputs), "float32")

    def prefill(self, prompt):
        """Reads prompts int (B, S), all of one length, but for their last token.

        Returns:
            See ARCHITECTURE.md, the decoding protocol. The state is that of the LSTM.
        """
        x = self.embedding(prompt[:, :-1])
        if prompt.shape[1] == 1:  # nothing lies behind the first step
            return (), tuple(self.rnn.get_initial_state(ops.shape(prompt)[0]))
        _, *state = self.rnn(x)
        return (), tuple(state)

    context_shift = None  # the state of an LSTM has no end

    def make_decode_step(self, beams_per_input=1):
        """One step of decoding, as a function; see ARCHITECTURE.md, the decoding protocol."""

        def step(tokens, static, state):
            output, state = self.rnn.cell(self.embedding(tokens), list(state))
            return ops.cast(self.output_dense(output), "float32"), tuple(state)

        return step

    def get_config(self):
        return {**super().get_config(), **self._config}
