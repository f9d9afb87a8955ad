"""The recurrent language model with attention over its own past."""

import keras
from keras import ops

from zoo.layers import Adaptable, DotProductAttention, TokenEmbedding, masks


@keras.saving.register_keras_serializable(package="zoo")
class LSTMLanguageModel(Adaptable, keras.Model):
    """Reads tokens, and gives at each position the logits of the next one.

        h = LSTM(... LSTM(y)),  context_t = attention(h_t, h_s for s <= t),
        logits = E tanh(W [h; context])

    with y the embedded tokens and E their embedding. What the recurrence has forgotten can be
    looked up: attention compares `h_t` with every output so far, its own included: `h_t · A h_s`.

    Args:
        vocab_size: number of tokens, V.
        context_length: how many outputs a position can attend to, its own included. The recurrence
            reaches further.
        num_layers: number of LSTM layers.
        model_dim: width of an embedded token, D.
        units: width of the LSTM layers.
        dropout: dropout rate of what goes into each LSTM layer and of the vectors that become
            logits. There is none inside the recurrence.

    Call arguments:
        tokens: int (B, T), the first of each row a start token.
        return_attention_scores: whether the attention weights are returned, too.

    Returns:
        Logits float32 (B, T, V); with `return_attention_scores` also float (B, 1, 1, T, T): one
        layer, one head.

    Raises:
        ValueError: a number out of range.

    Reference:
        Hochreiter and Schmidhuber 1997, Long Short-Term Memory; attention and readout: Luong et al.
        2015, sections 3 and 3.1 (W_c = W, W_a = A); over the model's own past: Daniluk et al. 2017,
        Frustratingly Short Attention Spans in Neural Language Modeling, section 2.
    """

    def __init__(
        self,
        vocab_size,
        context_length=256,
        num_layers=2,
        model_dim=256,
        units=512,
        dropout=0.3,
        **kwargs,
    ):
        super().__init__(**kwargs)
        for name, number in (
            ("context_length", context_length),
            ("num_layers", num_layers),
            ("units", units),
        ):
            if number < 1:
                raise ValueError(f"{name} must be >= 1; got {name}={number}.")
        self.context_length = int(context_length)
        self._config = {
            "vocab_size": vocab_size,
            "context_length": context_length,
            "num_layers": num_layers,
            "model_dim": model_dim,
            "units": units,
            "dropout": dropout,
        }
        policy = self.dtype_policy
        self.embedding = TokenEmbedding(vocab_size, model_dim, name="embedding", dtype=policy)
        self.rnns = [
            # cuDNN refuses padding at the left, and a graph traced with it needs its device.
            keras.layers.LSTM(
                units,
                return_sequences=True,
                return_state=True,
                use_cudnn=False,
                name=f"lstm_{i}",
                dtype=policy,
            )
            for i in range(num_layers)
        ]
        self.attention = DotProductAttention("general", name="attention", dtype=policy)
        self.readout = keras.layers.Dense(
            model_dim, activation="tanh", name="readout", dtype=policy
        )
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=policy)

    def build(self, input_shape=None):
        model_dim, units = self._config["model_dim"], self._config["units"]
        self.embedding.build(None)
        for i, rnn in enumerate(self.rnns):
            rnn.build((None, None, units if i else model_dim))
        self.attention.build((None, None, units), (None, None, units))
        self.readout.build((None, None, 2 * units))
        self.built = True

    def call(self, tokens, return_attention_scores=False, training=None):
        length = ops.shape(tokens)[1]
        too_far = masks.causal_mask(length, length, offset=-self.context_length)
        outputs, _ = self._recur(tokens, training=training)
        context, weights = self.attention(
            outputs,
            outputs,
            attention_mask=ops.logical_not(too_far),
            use_causal_mask=True,
            return_attention_scores=True,
            training=training,
        )
        logits = self._logits(outputs, context, training)
        return (logits, weights[:, None, None]) if return_attention_scores else logits

    def prefill(self, prompt):
        """Reads prompts but for their last token, with which the first `step` begins.

        Args:
            prompt: int (B, S), each row filled up with padding, 0, at its left.

        Returns:
            See ARCHITECTURE.md, the decoding protocol. The state is that of the LSTM layers, the
            outputs so far (B, P, units), the same as keys, and which of them are no padding, bool
            (B, P).
        """
        # One more column of padding: there is something to read where a prompt is one token long.
        tokens = ops.pad(prompt[:, :-1], [[0, 0], [1, 0]])
        visible = masks.padding_mask(tokens)
        outputs, states = self._recur(tokens, visible)
        return (), self._newest((states, outputs, self.attention.project_key(outputs), visible))

    context_shift = None  # the state of an LSTM has no end

    def make_decode_step(self, beams_per_input=1):
        """One step of decoding, as a function; see ARCHITECTURE.md, the decoding protocol."""
        project = self.embedding.output_projection()
        return lambda tokens, static, state: self._step(tokens, state, project)

    def _step(self, tokens, state, project):
        states, outputs, keys, visible = state
        tokens = tokens[:, None]
        output, states = self._step_rnns(tokens, states)
        outputs = ops.concatenate([outputs, output], axis=1)
        keys = ops.concatenate([keys, self.attention.project_key(output)], axis=1)
        visible = ops.concatenate([visible, ops.ones_like(tokens, "bool")], axis=1)
        context = self.attention(
            output, outputs, attention_mask=masks.attention_mask(visible), projected_key=keys
        )
        logits = self._logits(output, context, False, project)[:, 0]
        return logits, self._newest((states, outputs, keys, visible))

    def _recur(self, tokens, mask=None, training=False):
        """Tokens (B, T) -> outputs (B, T, units) and the states after the last token."""
        x, states = self.embedding(tokens), []
        for rnn in self.rnns:
            x = self.dropout_layer(x, training=training)
            x, *state = rnn(x, mask=mask, training=training)
            states.append(tuple(state))
        return x, tuple(states)

    def _step_rnns(self, tokens, states):
        """The same for one token (N, 1) after states: a cell needs no loop."""
        x, new_states = self.embedding(tokens)[:, 0], []
        for rnn, state in zip(self.rnns, states, strict=True):
            x, state = rnn.cell(x, list(state))
            new_states.append(tuple(state))
        return x[:, None], tuple(new_states)

    def _newest(self, state):
        """The state without the outputs that the next token is too far away to see."""
        states, outputs, keys, visible = state
        oldest = ops.maximum(ops.shape(visible)[1] + 1 - self.context_length, 0)
        return states, outputs[:, oldest:], keys[:, oldest:], visible[:, oldest:]

    def _logits(self, outputs, context, training, project=None):
        x = self.readout(ops.concatenate([outputs, context], axis=-1))
        x = self.dropout_layer(x, training=training)
        return (project or self.embedding.logits)(x)

    def get_config(self):
        return {**super().get_config(), **self._config}
