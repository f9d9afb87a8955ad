"""The decoder-only Transformer."""

import keras
from keras import ops

from zoo.layers import Adaptable, DecoderBlock, LearnedPositions, TokenEmbedding, masks
from zoo.layers.blocks import normalization as normalization_of

_APPENDED = 64  # steps after which what they appended joins the long part of the caches


@keras.saving.register_keras_serializable(package="zoo")
class TransformerLM(Adaptable, keras.Model):
    """Reads tokens, and gives at each position the logits of the next one.

    Pre-norm blocks. By default positions are rotary, and the embedding is also the output
    projection.

    Args:
        vocab_size: number of tokens, V.
        context_length: the most positions that are looked at together, the start token among them.
            Decoding may go on for longer; see `step`.
        num_layers: number of blocks.
        model_dim: width of every vector, D, without `head_dim` a multiple of `num_heads`.
        num_heads: number of query heads, H.
        ff_dim: inner width of the feed-forward layers.
        num_kv_heads: number of key/value heads. Default: `num_heads`.
        dropout: dropout rate of the embeddings and of the sublayers' outputs.
        attention_dropout: dropout rate of the attention weights.
        activation: name of the activation of the feed-forward layers.
        start_id: the token that begins every row.
        rotary: whether positions are rotary; a dict says how, see `MultiHeadAttention`. False for a
            trained vector for each position, which is added to the embedding.
        normalization, norm_epsilon, gated, use_bias, head_dim, parallel, qk_norm: see
            `zoo.layers.DecoderBlock`.
        tie_embeddings: whether the embedding is also the output projection.
        scale_embeddings: whether embeddings are scaled by sqrt(D).
        logits_bias: whether a trained number is added to the logit of each token.

    Call arguments:
        tokens: int (B, T), T at most `context_length`, the first of each row the start token. Rows
            are filled up with padding, 0, at their end.
        return_attention_scores: whether the attention weights are returned, too.

    Returns:
        Logits float32 (B, T, V); with `return_attention_scores` also float (B, layers, H, T, T).

    Raises:
        ValueError: numbers that do not fit together.

    Reference:
        Radford et al. 2019, Language Models are Unsupervised Multitask Learners; rotary positions:
        Su et al. 2021; grouped heads: Ainslie et al. 2023.
    """

    def __init__(
        self,
        vocab_size,
        context_length=256,
        num_layers=6,
        model_dim=256,
        num_heads=4,
        ff_dim=1024,
        num_kv_heads=None,
        dropout=0.1,
        attention_dropout=0.0,
        activation="relu",
        start_id=2,
        rotary=True,
        normalization="layer",
        norm_epsilon=1e-6,
        gated=False,
        use_bias=True,
        tie_embeddings=True,
        scale_embeddings=True,
        logits_bias=False,
        head_dim=None,
        parallel=False,
        qk_norm=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if head_dim is None and model_dim % num_heads:
            raise ValueError(
                "model_dim must be a multiple of num_heads; "
                f"got model_dim={model_dim}, num_heads={num_heads}."
            )
        if context_length < 4:
            raise ValueError(f"context_length must be >= 4; got context_length={context_length}.")
        self.context_length = int(context_length)
        self.start_id = int(start_id)
        self._config = {
            "vocab_size": vocab_size,
            "context_length": context_length,
            "num_layers": num_layers,
            "model_dim": model_dim,
            "num_heads": num_heads,
            "ff_dim": ff_dim,
            "num_kv_heads": num_kv_heads,
            "dropout": dropout,
            "attention_dropout": attention_dropout,
            "activation": activation,
            "start_id": start_id,
            "rotary": rotary,
            "normalization": normalization,
            "norm_epsilon": norm_epsilon,
            "gated": gated,
            "use_bias": use_bias,
            "tie_embeddings": tie_embeddings,
            "scale_embeddings": scale_embeddings,
            "logits_bias": logits_bias,
            "head_dim": head_dim,
            "parallel": parallel,
            "qk_norm": qk_norm,
        }
        policy = self.dtype_policy
        self.embedding = TokenEmbedding(
            vocab_size,
            model_dim,
            logits_bias=logits_bias and tie_embeddings,
            scale=scale_embeddings,
            name="embedding",
            dtype=policy,
        )
        self.output_embedding = self.positions = None
        if not tie_embeddings:
            self.output_embedding = TokenEmbedding(
                vocab_size, model_dim, logits_bias, name="output_embedding", dtype=policy
            )
        if not rotary:
            self.positions = LearnedPositions(context_length, name="positions", dtype=policy)
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=policy)
        self.blocks = [
            DecoderBlock(
                num_heads,
                ff_dim,
                cross_attention=False,
                num_kv_heads=num_kv_heads,
                activation=activation,
                dropout=dropout,
                attention_dropout=attention_dropout,
                rotary=rotary,
                normalization=normalization,
                norm_epsilon=norm_epsilon,
                gated=gated,
                use_bias=use_bias,
                head_dim=head_dim,
                parallel=parallel,
                qk_norm=qk_norm,
                name=f"block_{i}",
                dtype=policy,
            )
            for i in range(num_layers)
        ]
        self.norm = normalization_of(normalization, norm_epsilon, name="norm", dtype=policy)

    def build(self, input_shape=None):
        shape = (None, None, self._config["model_dim"])
        ends = self.embedding, self.output_embedding, self.positions
        for part in (*filter(None, ends), *self.blocks, self.norm):
            part.build(shape)
        self.built = True

    def call(self, tokens, return_attention_scores=False, training=None):
        length = tokens.shape[1]
        if length is not None and length > self.context_length:
            raise ValueError(
                f"tokens must have at most context_length={self.context_length} columns; "
                f"got {length}."
            )
        x = self.dropout_layer(self._placed(self.embedding(tokens)), training=training)
        weights = []
        for block in self.blocks:
            x, layer_weights = block(x, return_attention_scores=True, training=training)
            weights.append(layer_weights)
        logits = self._logits(x)
        return (logits, ops.stack(weights, axis=1)) if return_attention_scores else logits

    def prefill(self, prompt):
        """Reads prompts but for their last token, with which the first `step` begins.

        Args:
            prompt: int (B, S), S at most `context_length`, each row filled up with padding, 0, at
                its left.

        Returns:
            See ARCHITECTURE.md, the decoding protocol. The state is the caches of the blocks, each
            in two parts, see `context_shift`; the P tokens in them, int (B, P), 0 where a column
            does not count; and the position of the next token, int (B,), the same in all rows.
        """
        # One more column of padding: there is something to read where a prompt is one token long.
        tokens = ops.pad(prompt[:, :-1], [[0, 0], [1, 0]])
        position = ops.zeros_like(tokens[:, 0]) + ops.shape(tokens)[1]
        return (), (self._opened(self._read(tokens, 0)), tokens, position)

    def make_decode_step(self, beams_per_input=1):
        """One step of decoding, as a function; see ARCHITECTURE.md, the decoding protocol."""
        steps = [block.make_decode_step() for block in self.blocks]
        project = self._output.output_projection()

        def step(tokens, static, state):
            caches, seen, position = state
            seen = ops.concatenate([seen, tokens[:, None]], axis=1)
            mask = masks.attention_mask(masks.padding_mask(seen))
            first, x, new_caches = ops.max(position), self.embedding(tokens), []
            if self.positions is not None:
                x = self._placed(x[:, None], self._counts(seen)[:, None] - 1)[:, 0]
            for block, cache in zip(steps, caches, strict=True):
                x, cache = block(x, cache, attention_mask=mask, offset=first)
                new_caches.append(cache)
            logits = project(self.norm(x))
            return logits, (tuple(new_caches), seen, position + 1)

        return step

    @property
    def context_shift(self):
        """How a state is kept in order: functions `state -> bool`, whether the next step has to
        wait for that, and `state -> state`.

        A step appends to the second part of each cache, which is short; every 64 steps that becomes
        part of the first, so that a step copies little. In a row whose context is full, the start
        token and the newest half are read again, so that the model never sees more than it was
        trained on, and never less than half.
        """
        return self._is_due, self._renewed

    def _is_due(self, state):
        caches, seen, _ = state
        _, (newest, _) = caches[0]
        # Beside a long row a short one is padded: that, too, has an end.
        too_wide = ops.shape(seen)[1] >= 2 * self.context_length
        too_long = ops.logical_or(ops.shape(newest)[2] >= _APPENDED, too_wide)
        return ops.logical_or(too_long, ops.any(self._full(seen)))

    def _full(self, seen):
        """Which rows have no room for one more token: bool (N,)."""
        return self._counts(seen) >= self.context_length

    def _counts(self, seen):
        return ops.sum(ops.cast(masks.padding_mask(seen), "int32"), 1)

    def _renewed(self, state):
        caches, seen, position = state
        caches = tuple(
            tuple(ops.concatenate(pair, axis=2) for pair in zip(*parts, strict=True))
            for parts in caches
        )
        full = self._full(seen)
        caches, seen = ops.cond(
            ops.any(full),
            lambda: self._half_read(caches, seen, ops.max(position), full),
            lambda: (caches, seen),
        )
        # What is further back than the longest row is padding in every row. One column stays, since
        # LiteRT makes no product with nothing.
        oldest = ops.shape(seen)[1] - ops.maximum(ops.max(self._counts(seen)), 1)
        caches = tuple((keys[:, :, oldest:], values[:, :, oldest:]) for keys, values in caches)
        return self._opened(caches), seen[:, oldest:], position

    def _opened(self, caches):
        """Each cache with an empty part behind it, which grows."""
        rows = ops.shape(caches[0][0])[0]
        return tuple(
            (cache, block.empty_cache(rows))
            for cache, block in zip(caches, self.blocks, strict=True)
        )

    def _read(self, tokens, offset):
        """The caches of tokens (N, P), padded at the left, the first at position `offset`."""
        mask = masks.attention_mask(masks.padding_mask(tokens))
        padding = ops.shape(tokens)[1] - self._counts(tokens)[:, None]
        x, caches = self._placed(self.embedding(tokens), -padding), []
        for block in self.blocks:
            cache = block.empty_cache(ops.shape(tokens)[0])
            x, cache = block(x, attention_mask=mask, cache=cache, offset=offset)
            caches.append(cache)
        return tuple(caches)

    def _half_read(self, caches, seen, position, full):
        """Caches and tokens in which the rows that are `full` begin anew with their newest half."""
        newest = seen[:, 1 - self.context_length // 2 :]
        tokens = ops.concatenate([ops.full_like(seen[:, :1], self.start_id), newest], axis=1)
        length = self.context_length // 2
        columns = ops.shape(seen)[1] - length

        def placed(new, old, axis):
            """`new` at the end of as many columns as `old` has, in the rows that are full."""
            padding = [[0, 0]] * len(old.shape)
            padding[axis] = [columns, 0]
            rows = ops.reshape(full, (-1, *[1] * (len(old.shape) - 1)))
            return ops.where(rows, ops.pad(new, padding), old)

        again = self._read(tokens, position - length)
        caches = tuple(
            tuple(placed(new, old, 2) for new, old in zip(fresh, cache, strict=True))
            for fresh, cache in zip(again, caches, strict=True)
        )
        return caches, placed(tokens, seen, 1)

    def _placed(self, x, first=0):
        """Embeddings (N, T, D) with their positions, from `first` on, int or (N, 1)."""
        return x if self.positions is None else self.positions(x, offset=first)

    @property
    def _output(self):
        return self.embedding if self.output_embedding is None else self.output_embedding

    def _logits(self, x):
        return self._output.logits(self.norm(x))

    def get_config(self):
        return {**super().get_config(), **self._config}
