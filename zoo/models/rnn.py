"""The recurrent encoder-decoder with additive attention."""

import keras
from keras import ops

from zoo.layers import Adaptable, AdditiveAttention, Attention, TokenEmbedding, masks

CELLS = {"gru": keras.layers.GRU, "lstm": keras.layers.LSTM}


@keras.saving.register_keras_serializable(package="zoo")
class RNNSearch(Adaptable, keras.Model):
    """Reads source tokens, and gives at each target position the logits of the next token.

    A bidirectional encoder makes a memory of the source. In the decoder,

        h1 = RNN_1(y),  context = attention(h1, memory),  h2 = RNN_2([h1; context]),
        logits = E tanh(W [h2; context; y])

    with y the embedded target and E the target embedding. `RNN_1` does not wait for the context,
    so one call of the attention serves all target positions at once. Both RNNs start from
    `tanh(W_0 mean(memory))`.

    Args:
        source_vocab_size: number of source tokens.
        target_vocab_size: number of target tokens, V.
        num_encoder_layers: number of bidirectional layers.
        model_dim: width of an embedded token, D.
        units: width of the decoder's RNNs and of the memory, half of it from each direction.
        attention_units: width of the hidden layer of the attention.
        cell: "gru" or "lstm".
        dropout: dropout rate of the embeddings, of what goes from one RNN to the next, and of the
            vectors that become logits. There is none inside the recurrence.
        share_embeddings: whether source and target use one table (one vocabulary).
        attention: a layer that is called as `zoo.layers.Attention`, which may be of your own class;
            queries and memory are `units` wide. Default: `AdditiveAttention(attention_units)`.

    Call arguments:
        inputs: a dict of `source`, int (B, S), and `target`, int (B, T) that begins with the start
            token. Padding is 0.
        return_attention_scores: whether the attention weights are returned, too.

    Returns:
        Logits float32 (B, T, V); with `return_attention_scores` also float (B, 1, 1, T, S): one
        layer, one head.

    Raises:
        ValueError: a number out of range, an unknown cell, or one table for two vocabularies.

    Reference:
        Bahdanau et al. 2015, Neural Machine Translation by Jointly Learning to Align and Translate
        (m = model_dim, n = units, n' = attention_units); two RNNs with the attention between them:
        Sennrich et al. 2017, Nematus, section 2, where h2 also goes back into RNN_1.
    """

    lite_batches = False  # in a LiteRT file Keras's RNN over a source must know the batch: 1

    def __init__(
        self,
        source_vocab_size,
        target_vocab_size,
        num_encoder_layers=1,
        model_dim=256,
        units=512,
        attention_units=256,
        cell="gru",
        dropout=0.3,
        share_embeddings=False,
        attention=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        for name, number in (
            ("num_encoder_layers", num_encoder_layers),
            ("attention_units", attention_units),
        ):
            if number < 1:
                raise ValueError(f"{name} must be >= 1; got {name}={number}.")
        if units < 2 or units % 2:
            raise ValueError(f"units must be even and >= 2; got units={units}.")
        if cell not in CELLS:
            raise ValueError(f"cell must be one of {list(CELLS)}; got cell={cell!r}.")
        if share_embeddings and source_vocab_size != target_vocab_size:
            raise ValueError(
                "share_embeddings needs one vocabulary; got "
                f"source_vocab_size={source_vocab_size}, target_vocab_size={target_vocab_size}."
            )
        self._config = {
            "source_vocab_size": source_vocab_size,
            "target_vocab_size": target_vocab_size,
            "num_encoder_layers": num_encoder_layers,
            "model_dim": model_dim,
            "units": units,
            "attention_units": attention_units,
            "cell": cell,
            "dropout": dropout,
            "share_embeddings": share_embeddings,
        }
        if attention is not None and not isinstance(attention, Attention):
            raise TypeError(
                f"attention must be a zoo.layers.Attention, or None; got {attention!r:.80}."
            )
        policy = self.dtype_policy
        # cuDNN refuses a row of padding alone, and a graph traced with it runs on no other device.
        rnn = {"return_sequences": True, "use_cudnn": False, "dtype": policy}
        self.target_embedding = TokenEmbedding(
            target_vocab_size, model_dim, name="target_embedding", dtype=policy
        )
        self.source_embedding = self.target_embedding
        if not share_embeddings:
            self.source_embedding = TokenEmbedding(
                source_vocab_size, model_dim, name="source_embedding", dtype=policy
            )
        self.encoder_rnns = [
            keras.layers.Bidirectional(
                CELLS[cell](units // 2, **rnn), name=f"encoder_{i}", dtype=policy
            )
            for i in range(num_encoder_layers)
        ]
        num_states = 2 * (1 if cell == "gru" else 2)
        self.start_dense = keras.layers.Dense(
            num_states * units, activation="tanh", name="start", dtype=policy
        )
        self.decoder_rnns = [
            CELLS[cell](units, return_state=True, **rnn, name=f"decoder_{i}") for i in (1, 2)
        ]
        self._own_attention = attention is not None
        self.attention = attention or AdditiveAttention(
            attention_units, name="attention", dtype=policy
        )
        self.readout = keras.layers.Dense(
            model_dim, activation="tanh", name="readout", dtype=policy
        )
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=policy)

    def build(self, input_shape=None):
        model_dim, units = self._config["model_dim"], self._config["units"]
        for part in (self.target_embedding, self.source_embedding):
            if not part.built:
                part.build(None)
        rnns = (*self.encoder_rnns, *self.decoder_rnns)
        widths = (model_dim, *[units] * (len(self.encoder_rnns) - 1), model_dim, 2 * units)
        for rnn, width in zip(rnns, widths, strict=True):
            rnn.build((None, None, width))
        self.start_dense.build((None, units))
        if not self.attention.built:  # one of a file is
            self.attention.build((None, None, units), (None, None, units))
        self.readout.build((None, None, 2 * units + model_dim))
        self.built = True

    def call(self, inputs, return_attention_scores=False, training=None):
        static, state = self.prefill(self.encode(inputs["source"], training=training))
        logits, weights, _ = self._decode(inputs["target"], static, state, training)
        return (logits, weights[:, None, None]) if return_attention_scores else logits

    def encode(self, source, training=None):
        """Source int (B, S) -> memory (B, S, units) and its mask, bool (B, 1, S)."""
        padding = masks.padding_mask(source)
        x = self.source_embedding(source)
        for rnn in self.encoder_rnns:
            x = rnn(self.dropout_layer(x, training=training), mask=padding, training=training)
        return x, masks.attention_mask(padding)

    def prefill(self, memory):
        """What decoding needs of `encode`'s answer; see ARCHITECTURE.md, the decoding protocol."""
        memory, mask = memory
        static = (self.attention.project_key(memory), memory, mask)
        # The mean over the tokens, in float32: a sum of many bfloat16 terms loses the small ones.
        count = ops.maximum(ops.sum(ops.cast(mask, "float32"), axis=2), 1.0)  # (B, 1)
        total = ops.squeeze(ops.matmul(ops.cast(mask, "float32"), ops.cast(memory, "float32")), 1)
        states = self.start_dense(ops.cast(total / count, memory.dtype))
        states = ops.split(states, states.shape[1] // self._config["units"], axis=1)
        half = len(states) // 2
        return static, (tuple(states[:half]), tuple(states[half:]))

    def make_decode_step(self, beams_per_input=1):
        """One step of decoding, as a function; see ARCHITECTURE.md, the decoding protocol."""
        project = self.target_embedding.output_projection()

        def step(tokens, static, state):
            logits, _, state = self._decode(tokens[:, None], static, state, False, project)
            return logits[:, 0], state

        return step

    def _decode(self, tokens, static, state, training, project=None):
        """Tokens (N, T) -> logits (N, T, V), weights (N, T, S) and the state after the last."""
        keys, memory, mask = static
        y = self.dropout_layer(self.target_embedding(tokens), training=training)
        h1, state_1 = _run(self.decoder_rnns[0], y, state[0])
        context, weights = self.attention(
            h1, memory, attention_mask=mask, projected_key=keys, return_attention_scores=True
        )
        x = self.dropout_layer(ops.concatenate([h1, context], axis=-1), training=training)
        h2, state_2 = _run(self.decoder_rnns[1], x, state[1])
        x = self.readout(ops.concatenate([h2, context, y], axis=-1))
        x = self.dropout_layer(x, training=training)
        logits = (project or self.target_embedding.logits)(x)
        return logits, weights, (state_1, state_2)

    def get_config(self):
        attention = None
        if self._own_attention:
            attention = keras.saving.serialize_keras_object(self.attention)
        return {**super().get_config(), **self._config, "attention": attention}

    @classmethod
    def from_config(cls, config):
        attention = config.get("attention")  # not in files of before there was a choice
        if isinstance(attention, dict):
            attention = keras.saving.deserialize_keras_object(attention)
        return cls(**{**config, "attention": attention})


def _run(rnn, x, state):
    """Run (N, T, D) through an RNN from a state: the outputs (N, T, units) and the last state."""
    if x.shape[1] == 1:  # one step of decoding needs no loop
        output, state = rnn.cell(x[:, 0], list(state))
        return output[:, None], tuple(state)
    outputs, *state = rnn(x, initial_state=list(state))
    return outputs, tuple(state)
