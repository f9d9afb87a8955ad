"""Show, Attend and Tell: an LSTM that looks at a part of the image for each token."""

import keras
from keras import ops

from zoo.layers import Adaptable, TokenEmbedding
from zoo.layers.additive_attention import AdditiveAttention


@keras.saving.register_keras_serializable(package="zoo")
class ShowAttendTell(Adaptable, keras.Model):
    """Looks at the features of an image's cells, and gives the logits of each next token.

    With `a = norm(relu(W_a f))` the cells of the image and y the embedded target, step t computes

        z = attention(h_{t-1}, a),  g = sigmoid(W_g h_{t-1}) z,
        h_t, c_t = LSTM([y_t; g], h_{t-1}, c_{t-1}),
        logits = E (y_t + W_h h_t + W_z g)

    with E the embedding. The LSTM starts from `tanh(W_0 mean(a))`.

    Args:
        feature_dim: width of a cell's features.
        vocab_size: number of tokens, V.
        model_dim: width of an embedded token, D.
        units: width of the LSTM and of a projected cell, U.
        attention_units: width of the hidden layer of the attention.
        dropout: dropout rate of the features, the cells, the embeddings and of the vectors that
            become logits. There is none inside the recurrence.
        token_dropout: share of the target tokens that are not shown in training, so that the
            next one must be read off the image.
        coverage: weight of the doubly stochastic loss, `mean_s (1 - sum_t weight_ts)²`, which asks
            the attention to give every cell its turn.

    Call arguments:
        inputs: a dict of `source`, float (B, S, feature_dim), and `target`, int (N, T) that begins
            with the start token, padded with 0; N = B·K, and rows n with the same n // K are
            captions of one image.
        return_attention_scores: whether the attention weights are returned, too.

    Returns:
        Logits float32 (N, T, V); with `return_attention_scores` also float (N, 1, 1, T, S): one
        layer, one head.

    Raises:
        ValueError: a number out of range.

    Reference:
        Xu et al. 2015, Show, Attend and Tell, sections 3.1 and 4.2 (soft attention; n = units,
        m = model_dim, g = their gated context, coverage = lambda / S).
    """

    def __init__(
        self,
        feature_dim,
        vocab_size,
        model_dim=256,
        units=512,
        attention_units=256,
        dropout=0.3,
        token_dropout=0.0,
        coverage=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        for name, number in (("feature_dim", feature_dim), ("units", units)):
            if number < 1:
                raise ValueError(f"{name} must be >= 1; got {name}={number}.")
        if coverage < 0:
            raise ValueError(f"coverage must be >= 0; got coverage={coverage}.")
        self._config = {
            "feature_dim": feature_dim,
            "vocab_size": vocab_size,
            "model_dim": model_dim,
            "units": units,
            "attention_units": attention_units,
            "dropout": dropout,
            "token_dropout": token_dropout,
            "coverage": coverage,
        }
        policy = self.dtype_policy

        def dense(width, name, activation=None):
            return keras.layers.Dense(width, activation=activation, name=name, dtype=policy)

        self.cell_dense = dense(units, "cell", "relu")
        self.memory_norm = keras.layers.LayerNormalization(
            epsilon=1e-6, name="memory_norm", dtype=policy
        )
        self.start_dense = dense(2 * units, "start", "tanh")
        self.embedding = TokenEmbedding(vocab_size, model_dim, name="embedding", dtype=policy)
        self.rnn = keras.layers.RNN(
            AttentiveCell(units, attention_units, name="cell", dtype=policy),
            return_sequences=True,
            name="rnn",
            dtype=policy,
        )
        self.state_dense = dense(model_dim, "state")
        self.context_dense = dense(model_dim, "context")
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=policy)
        self.token_dropout_layer = keras.layers.Dropout(token_dropout, dtype=policy)

    def build(self, input_shape=None):
        model_dim, units = self._config["model_dim"], self._config["units"]
        self.cell_dense.build((None, None, self._config["feature_dim"]))
        self.memory_norm.build((None, None, units))
        self.start_dense.build((None, units))
        self.embedding.build(None)
        self.rnn.build((None, None, model_dim))
        self.state_dense.build((None, None, units))
        self.context_dense.build((None, None, units))
        self.built = True

    def call(self, inputs, return_attention_scores=False, training=None):
        static, state = self.prefill(self.encode(inputs["source"], training=training))
        target = inputs["target"]
        y = self._embed(target, training)
        rows = ops.shape(target)[0] // ops.shape(static[1])[0]
        state = [ops.repeat(part, rows, axis=0) for part in state]
        # The cells of the image travel with the state, which is all that an RNN hands on.
        outputs = self.rnn(y, initial_state=[*state, *static])
        hidden, context, weights = self._parts(outputs)
        if training and self._config["coverage"]:
            shown = ops.cast(target != 0, "float32")[:, :, None]
            turns = ops.sum(ops.cast(weights, "float32") * shown, axis=1)  # (N, S)
            self.add_loss(self._config["coverage"] * ops.mean(ops.square(1.0 - turns)))
        logits = self._logits(y, hidden, context, training)
        return (logits, weights[:, None, None]) if return_attention_scores else logits

    def encode(self, source, training=None):
        """Features (B, S, feature_dim) -> memory (B, S, U)."""
        cells = self.cell_dense(self.dropout_layer(source, training=training))
        return self.dropout_layer(self.memory_norm(cells), training=training)

    def prefill(self, memory):
        """What decoding needs of `encode`'s answer; see ARCHITECTURE.md, the decoding protocol."""
        static = (self.rnn.cell.attention.project_key(memory), memory)
        state = self.start_dense(ops.mean(memory, axis=1))
        return static, tuple(ops.split(state, 2, axis=1))

    def make_decode_step(self, beams_per_input=1):
        """One step of decoding, as a function; see ARCHITECTURE.md, the decoding protocol."""
        project = self.embedding.output_projection()

        def step(tokens, static, state):
            y = self._embed(tokens[:, None], training=False)[:, 0]
            output, (hidden, cell, *_) = self.rnn.cell(y, [*state, *static])
            hidden, context, _ = self._parts(output)
            return self._logits(y, hidden, context, False, project), (hidden, cell)

        return step

    def _embed(self, tokens, training):
        x = self.embedding(tokens)
        shown = ops.ones_like(x[:, :, :1])
        x = x * self.token_dropout_layer(shown, training=training)
        return self.dropout_layer(x, training=training)

    def _parts(self, outputs):
        """What `AttentiveCell` has put side by side: hidden state, gated context, weights."""
        units = self._config["units"]
        return outputs[..., :units], outputs[..., units : 2 * units], outputs[..., 2 * units :]

    def _logits(self, y, hidden, context, training, project=None):
        hidden = self.state_dense(self.dropout_layer(hidden, training=training))
        x = y + hidden + self.context_dense(self.dropout_layer(context, training=training))
        x = self.dropout_layer(x, training=training)
        return (project or self.embedding.logits)(x)

    def get_config(self):
        return {**super().get_config(), **self._config}


@keras.saving.register_keras_serializable(package="zoo")
class AttentiveCell(keras.layers.Layer):
    """One step of the LSTM of `ShowAttendTell`, for `keras.layers.RNN`.

    Args:
        units: width of the LSTM and of a cell of the image, U.
        attention_units: width of the hidden layer of the attention, A.

    Call arguments:
        inputs: (N, D), the embedded token.
        states: hidden state and LSTM cell, (N, U) each; the projected keys (B, S, A) and the cells
            (B, S, U) of the images, N = B·K.

    Returns:
        (N, 2U + S), the new hidden state, the gated context and the attention weights side by side;
        and the new states.
    """

    def __init__(self, units, attention_units, **kwargs):
        super().__init__(**kwargs)
        self.units = int(units)
        self.attention_units = int(attention_units)
        self.state_size = [units, units, attention_units, units]

    def build(self, input_shape):
        units, policy = self.units, self.dtype_policy
        self.attention = _StepAttention(self.attention_units, name="attention", dtype=policy)
        self.attention.build((None, None, units), (None, None, units))
        self.gate = keras.layers.Dense(units, activation="sigmoid", name="gate", dtype=policy)
        self.gate.build((None, units))
        self.lstm = keras.layers.LSTMCell(units, name="lstm", dtype=policy)
        self.lstm.build((None, input_shape[-1] + units))
        self.built = True

    def call(self, inputs, states):
        hidden, cell, keys, memory = states
        context, weights = self.attention(
            hidden[:, None], memory, projected_key=keys, return_attention_scores=True
        )
        context = self.gate(hidden) * context[:, 0]
        inputs = ops.concatenate([inputs, context], axis=-1)
        hidden, (_, cell) = self.lstm(inputs, [hidden, cell])
        output = ops.concatenate([hidden, context, weights[:, 0]], axis=-1)
        return output, [hidden, cell, keys, memory]

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "attention_units": self.attention_units,
        }


class _StepAttention(AdditiveAttention):
    """One query a row: no bound on memory is needed.

    And TensorFlow has no gradient of the loop that bounds it, inside the loop of an RNN.
    """

    def scores(self, query, projected_key):
        return self.scores_at_once(query, projected_key)
