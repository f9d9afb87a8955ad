"""A captioner that is told what a classifier sees, and can copy its words."""

import itertools

import keras
from keras import ops

from zoo.layers import CopyDistribution, DotProductAttention
from zoo.models.caption_transformer import CaptionTransformer
from zoo.models.pointer_generator import pointed

_END_ID = 3
_COST = 20.0  # nats: e-9, and yet no loss that is smoothed over the vocabulary notices


@keras.saving.register_keras_serializable(package="zoo")
class LabelledCaptionTransformer(CaptionTransformer):
    """A `CaptionTransformer` that also reads the names of what a classifier sees.

    The classifier is one dense layer over the mean of the cells, as the image network had it before
    its grid became the memory; it is not trained. Classes of the same name add up. The tokens of
    the likeliest names stand behind the cells in the memory, and one more attention, with one head,
    points at them:

        P = p_gen softmax(E x) + (1 - p_gen) weights at the tokens of the names,

    so that a name can be said that no caption of the training had.

    Args:
        num_cells, feature_dim, vocab_size: see `CaptionTransformer`.
        names: list of M lists of token ids, the names.
        classes: list of C int, the number of the name of each class.
        num_labels: names that an image is given, L, at most.
        threshold: probability that a name must have.
        classifier_dim: width of the features that the classifier sees, where they are others: they
            stand behind the `feature_dim` of each cell. By default it sees those.
        unfinished: token ids behind which no caption ends, such as those of `in` and `the`: there
            the end token loses 20 nats, which the others do not gain.
        copy_once: whether a token of a name is copied no second time, so that nobody sees a cat on
            a cat; it can still be written.
        **options: the others of `CaptionTransformer`.

    Call arguments:
        inputs: a dict of `source` and `target`, see `CaptionTransformer`, and if others than the
            classifier's are to be shown, `labels`, int (B, L): numbers of names, -1 for none.
        return_attention_scores: whether the cross-attention weights of the cells are returned, too.

    Returns:
        Natural-log probabilities float32 (N, T, V), which serve as logits; with
        `return_attention_scores` also float (N, layers, H, T, S), what went to the cells: it sums
        to less than 1 where names were looked at.

    Raises:
        ValueError: a number out of range, or widths that do not fit together.

    Reference:
        See et al. 2017, Get To The Point (copying); of objects that a detector names: Lu et al.
        2018, Neural Baby Talk.
    """

    def __init__(
        self,
        num_cells,
        feature_dim,
        vocab_size,
        names,
        classes,
        num_labels=3,
        threshold=0.1,
        classifier_dim=None,
        unfinished=(),
        copy_once=False,
        **options,
    ):
        super().__init__(num_cells, feature_dim, vocab_size, **options)
        names, classes = [list(map(int, name)) for name in names], list(map(int, classes))
        if not names or not all(names):
            raise ValueError("names must be non-empty lists of token ids; got an empty one.")
        if sorted(set(classes)) != list(range(len(names))):
            raise ValueError(
                f"classes must be numbers of names, from 0 to {len(names) - 1}, each at least "
                f"once; got {len(set(classes))} different ones from {min(classes, default=None)} "
                f"to {max(classes, default=None)}."
            )
        if not 1 <= num_labels <= len(names):
            raise ValueError(
                f"num_labels must be from 1 to {len(names)}; got num_labels={num_labels}."
            )
        outside = [token for token in unfinished if not 0 <= token < vocab_size]
        if outside:
            raise ValueError(
                f"unfinished must hold token ids from 0 to {vocab_size - 1}; got {outside[0]}."
            )
        if classifier_dim is not None and classifier_dim < 1:
            raise ValueError(
                f"classifier_dim must be >= 1 or None; got classifier_dim={classifier_dim}."
            )
        if not 0 <= threshold <= 1:
            raise ValueError(f"threshold must be from 0 to 1; got threshold={threshold}.")
        self._config |= {
            "names": names,
            "classes": classes,
            "num_labels": num_labels,
            "threshold": threshold,
            "classifier_dim": classifier_dim,
            "unfinished": sorted(set(map(int, unfinished))),
            "copy_once": bool(copy_once),
        }
        cost = [0.0] * vocab_size
        for token in self._config["unfinished"]:
            cost[token] = _COST
        self._cost_of_ending = cost
        pieces = max(map(len, names))
        # Row 0 is no name.
        self._tokens = [name + [0] * (pieces - len(name)) for name in ([], *names)]
        # The classes in the order of their names, and of each name the place of the last.
        self._order = sorted(range(len(classes)), key=classes.__getitem__)
        ends = itertools.accumulate(classes.count(number) for number in range(len(names)))
        self._last = [end - 1 for end in ends]
        policy = self.dtype_policy
        self.classifier = keras.layers.Dense(
            len(classes), name="classifier", trainable=False, dtype=policy
        )
        self.label_positions = keras.layers.Embedding(
            num_labels * pieces, self._config["model_dim"], name="label_positions", dtype=policy
        )
        self.label_norm = keras.layers.LayerNormalization(
            epsilon=1e-6, name="label_norm", dtype=policy
        )
        self.copy_attention = DotProductAttention("general", name="copy_attention", dtype=policy)
        self.copy_distribution = CopyDistribution(
            generate_bias=2.0, name="copy_distribution", dtype=policy
        )

    @property
    def _seen_by_classifier(self):
        return self._config["classifier_dim"] or self._config["feature_dim"]

    def build(self, input_shape=None):
        width = self._config["model_dim"]
        self.classifier.build((None, self._seen_by_classifier))
        self.label_positions.build(None)
        self.label_norm.build((None, None, width))
        self.copy_attention.build((None, None, width), (None, None, width))
        self.copy_distribution.build((None, None, 2 * width))
        super().build(input_shape)

    def call(self, inputs, return_attention_scores=False, training=None):
        memory = self.encode(inputs["source"], inputs.get("labels"), training=training)
        static, _ = self.prefill(memory)
        caches, mask, *named = static
        x = self._embed(inputs["target"], 0, training)
        weights = []
        for block, cache in zip(self.blocks, caches, strict=True):
            x, layer_weights = block(
                x,
                memory_cache=cache,
                memory_mask=mask,
                return_attention_scores=True,
                training=training,
            )
            weights.append(layer_weights[..., : self._config["num_cells"]])
        x = self.norm(x)
        target, logits = inputs["target"], self.embedding.logits(x)
        said = self._said(target, named[-1]) if self._config["copy_once"] else None
        log_probs = self._mixed(x, logits, named, target, said)
        return (log_probs, ops.stack(weights, axis=1)) if return_attention_scores else log_probs

    def label_probabilities(self, source):
        """Features (B, S, C) -> what the classifier gives each name, float32 (B, M)."""
        seen = ops.cast(source[..., -self._seen_by_classifier :], "float32")
        seen = ops.mean(seen, axis=1)
        each = ops.softmax(ops.cast(self.classifier(seen), "float32"))
        sums = ops.cumsum(ops.take(each, _ints(self._order), axis=1), axis=1)
        sums = ops.take(sums, _ints(self._last), axis=1)
        return sums - ops.pad(sums[:, :-1], [[0, 0], [1, 0]])

    def labels(self, source):
        """Features (B, S, C) -> numbers of the likeliest names, int32 (B, L), or -1."""
        likely, numbers = ops.top_k(self.label_probabilities(source), self._config["num_labels"])
        return ops.where(likely >= self._config["threshold"], ops.cast(numbers, "int32"), -1)

    def encode(self, source, labels=None, training=None):
        """Features (B, S, C) -> memory (B, S + L·P, D) and the tokens of names (B, L·P).

        Args:
            source: the features; C = feature_dim + classifier_dim, and where the labels are given
                those of the classifier may be missing.
            labels: int (B, L), numbers of names, -1 for none; by default the classifier's.
            training: as in Keras.
        """
        cells = super().encode(source[..., : self._config["feature_dim"]], training=training)
        labels = self.labels(source) if labels is None else labels
        tokens = ops.take(_ints(self._tokens), ops.cast(labels, "int32") + 1, axis=0)
        tokens = ops.reshape(tokens, (-1, tokens.shape[1] * tokens.shape[2]))
        places = self.label_positions(ops.arange(tokens.shape[1]))
        named = self.label_norm(self.embedding(tokens) + places)
        named = self.dropout_layer(named, training=training)
        return ops.concatenate([cells, ops.cast(named, cells.dtype)], axis=1), tokens

    def prefill(self, memory):
        """What decoding needs of `encode`'s answer; see ARCHITECTURE.md, the decoding protocol."""
        memory, tokens = memory
        caches, state = super().prefill(memory)
        real = ops.not_equal(tokens, 0)
        cells = ops.ones_like(memory[:, : self._config["num_cells"], 0], "bool")
        mask = ops.concatenate([cells, real], axis=1)[:, None]
        named = memory[:, self._config["num_cells"] :]
        keys = self.copy_attention.project_key(named)
        if self._config["copy_once"]:  # which tokens of the names the caption has so far
            state = (*state, ops.zeros_like(tokens, "float32"))
        return (caches, mask, named, keys, real[:, None], tokens), state

    def make_decode_step(self, beams_per_input=1):
        """One step of decoding, as a function; see ARCHITECTURE.md, the decoding protocol."""
        steps = [block.make_decode_step(beams_per_input) for block in self.blocks]
        project = self.embedding.output_projection()

        def step(tokens, static, state):
            memory_caches, mask, *named = static
            *state, said = state if self._config["copy_once"] else (*state, None)
            past = ops.shape(state[0][0][0])[2]
            x, caches = self._embed(tokens[:, None], past, training=False)[:, 0], []
            for block, memory_cache, cache in zip(steps, memory_caches, state, strict=True):
                x, cache = block(x, cache, memory_cache, mask)
                caches.append(cache)
            x = self.norm(x)
            tokens = tokens[:, None]
            if said is not None:
                said = ops.maximum(said[:, None], self._said(tokens, named[-1]))
                caches.append(said[:, 0])
            log_probs = self._mixed(x[:, None], project(x)[:, None], named, tokens, said)
            return log_probs[:, 0], tuple(caches)

        return step

    def _said(self, tokens, names):
        """Which tokens of the names (B, S) are among tokens (N, T) up to each place: (N, T, S)."""
        by_source = ops.reshape(ops.cast(tokens, "int32"), (ops.shape(names)[0], -1, 1))
        found = ops.cast(ops.equal(by_source, names[:, None]), "float32")  # (B, K·T, S)
        shape = ops.shape(tokens)[0], ops.shape(tokens)[1], names.shape[1]
        return ops.minimum(ops.cumsum(ops.reshape(found, shape), axis=1), 1.0)

    def _mixed(self, x, logits, named, last, said):
        """What a caption goes on with.

        Args:
            x: (N, T, D), what the blocks give.
            logits: (N, T, V).
            named: what `pointed` is told of the names.
            last: int (N, T), the tokens so far.
            said: see `_said`; or None, where all may be copied.

        Returns:
            Log-probabilities (N, T, V).
        """
        copyable = None if said is None else 1.0 - said
        log_probs, *_ = pointed(
            self.copy_attention, self.copy_distribution, x, logits, named, copyable
        )
        if not self._config["unfinished"]:
            return log_probs
        costs = ops.convert_to_tensor(self._cost_of_ending, "float32")
        cost = ops.take(costs, ops.cast(last, "int32"), axis=0)[..., None]
        return log_probs - cost * ops.one_hot(_END_ID, logits.shape[-1], dtype="float32")


def _ints(numbers):
    return ops.convert_to_tensor(numbers, "int32")
