"""A Transformer decoder over the cells of an image and the names of what is on it."""

import keras
from keras import ops

from zoo.layers import CopyDistribution, DotProductAttention
from zoo.models.caption_transformer import CaptionTransformer

_LEAST = 1e-4  # of a probability whose logarithm is a feature


@keras.saving.register_keras_serializable(package="zoo")
class LabelledCaptionTransformer(CaptionTransformer):
    """Sees an image and what a classifier calls the things on it, and can copy these names.

    The classifier of the network from which the cells come gives each of its classes a probability,
    `softmax(W mean(f) + b)`; classes of one name add up. The `num_labels` likeliest names become,
    piece by piece, more rows of the memory beside the cells:

        row = norm(E piece + U E piece_before + place + V [p, log p])

    with E the embedding of the target and p the probability of the name. The decoder attends to
    cells and names alike. On top of it one more attention, over the names alone, is copied from:

        P = p_gen softmax(E x) + (1 - p_gen) weights at their pieces

    A name of a probability below `threshold` is not given.

    Args:
        num_cells, feature_dim, vocab_size: see `CaptionTransformer`.
        names: list of lists of int, the tokens of each name in the vocabulary.
        classes: list of int, for each class of the classifier the index of its name, or -1.
        num_labels: names that the decoder is told at most.
        threshold: the least probability of a name that it is told.
        **options: the others of `CaptionTransformer`.

    Call arguments:
        inputs: as of `CaptionTransformer`. For training there may also be `names`, int (M, K),
            `probabilities`, float (M, K), and `sentences`, int (M, T): M sentences without an
            image, and what might have been seen on it; their logits follow those of the others.
        return_attention_scores: whether the cross-attention weights are returned, too.

    Returns:
        Natural-log probabilities float32 (N, T, V), which serve as logits: their softmax is the
        exponential. With `return_attention_scores` also float (N, layers, H, T, S), for which N
        must be B: what falls on the cells; the rest, up to 1, falls on the names.

    Raises:
        ValueError: a number out of range, widths that do not fit together, or a class of a name
            that is none.

    Reference:
        You et al. 2016, Image Captioning with Semantic Attention (words that were detected beside
        the image); See et al. 2017, Get To The Point, section 2.2 (the copying).
    """

    def __init__(
        self,
        num_cells,
        feature_dim,
        vocab_size,
        names,
        classes,
        num_labels=5,
        threshold=0.1,
        **options,
    ):
        super().__init__(num_cells, feature_dim, vocab_size, **options)
        if not 1 <= num_labels <= len(names):
            raise ValueError(
                f"num_labels must be in [1, {len(names)}], the number of names; "
                f"got num_labels={num_labels}."
            )
        if not 0 <= threshold < 1:
            raise ValueError(f"threshold must be in [0, 1); got threshold={threshold}.")
        outside = [i for i in classes if not -1 <= i < len(names)]
        if outside:
            raise ValueError(f"classes must lie in [-1, {len(names)}); got {outside[0]}.")
        self._config |= {
            "names": [list(map(int, name)) for name in names],
            "classes": list(map(int, classes)),
            "num_labels": num_labels,
            "threshold": threshold,
        }
        # Past the last name comes one without tokens, which is what a class without a name gets.
        self._places = max(map(len, names))
        rows = [[*name, *[0] * (self._places - len(name))] for name in [*names, []]]
        self._pieces = tuple(map(tuple, rows))
        self._name_of = tuple((i if i >= 0 else len(names),) for i in classes)
        policy, model_dim = self.dtype_policy, self._config["model_dim"]
        self.classifier = keras.layers.Dense(len(classes), name="classifier", dtype="float32")
        self.classifier.trainable = False
        self.before_dense = keras.layers.Dense(
            model_dim, use_bias=False, name="before", dtype=policy
        )
        self.probability_dense = keras.layers.Dense(model_dim, name="probability", dtype=policy)
        self.places = keras.layers.Embedding(self._places, model_dim, name="places", dtype=policy)
        self.label_norm = keras.layers.LayerNormalization(
            epsilon=1e-6, name="label_norm", dtype=policy
        )
        self.copy_attention = DotProductAttention("general", name="copy_attention", dtype=policy)
        self.copy_distribution = CopyDistribution(
            generate_bias=1.0, name="copy_distribution", dtype=policy
        )

    def build(self, input_shape=None):
        model_dim = self._config["model_dim"]
        shape = (None, None, model_dim)
        self.classifier.build((None, self._config["feature_dim"]))
        self.before_dense.build(shape)
        self.probability_dense.build((None, None, 2))
        self.places.build(None)
        self.label_norm.build(shape)
        self.copy_attention.build(shape, shape)
        self.copy_distribution.build((None, None, 2 * model_dim))
        super().build(input_shape)

    def call(self, inputs, return_attention_scores=False, training=None):
        memory = self.encode(inputs["source"], training=training)
        log_probs, weights = self._written(inputs["target"], memory, training)
        if "names" in inputs:
            memory = self._unseen(inputs["names"], inputs["probabilities"], training)
            more, _ = self._written(inputs["sentences"], memory, training)
            log_probs = ops.concatenate([log_probs, more], axis=0)
        cells = weights[..., : self._config["num_cells"]]
        return (log_probs, cells) if return_attention_scores else log_probs

    def classify(self, source):
        """Features (B, S, feature_dim) -> logits of the classes, float32 (B, C)."""
        return self.classifier(ops.mean(ops.cast(source, "float32"), axis=1))

    def labels(self, source):
        """Features (B, S, feature_dim) -> the likeliest names and their probabilities.

        Returns:
            int32 and float32 (B, num_labels), the likeliest first.
        """
        by_class = ops.transpose(ops.softmax(self.classify(source)))  # (C, B)
        shape = (len(self._config["names"]) + 1, ops.shape(by_class)[1])
        name_of = ops.convert_to_tensor(self._name_of, "int32")
        by_name = ops.scatter(name_of, by_class, shape)[:-1]
        found, names = ops.top_k(ops.transpose(by_name), self._config["num_labels"])
        return names, found

    def encode(self, source, training=None):
        """Features (B, S, feature_dim) -> the memory of cells and names, and what goes with it.

        Returns:
            Memory (B, S + L, D), its mask, bool (B, 1, S + L), and the tokens of the names, int32
            (B, L).
        """
        cells = super().encode(source, training)
        # Whether a name is likely enough is no number that can be learned by being told it.
        names, found = (ops.stop_gradient(part) for part in self.labels(source))
        return self._memory(cells, True, names, found, training)

    def _unseen(self, names, found, training):
        """The memory of an image of which nothing but names is known."""
        shape = (ops.shape(names)[0], self._config["num_cells"], self._config["model_dim"])
        return self._memory(ops.zeros(shape, self.compute_dtype), False, names, found, training)

    def _memory(self, cells, seen, names, found, training):
        pieces = ops.take(ops.convert_to_tensor(self._pieces, "int32"), names, axis=0)  # (B, K, P)
        told = ops.cast(found, "float32") >= self._config["threshold"]
        pieces = ops.where(told[:, :, None], pieces, 0)
        before = ops.pad(pieces[:, :, :-1], ((0, 0), (0, 0), (1, 0)))
        found = ops.cast(found, "float32")[:, :, None]
        known = [found, ops.log(ops.maximum(found, _LEAST))]
        known = self.probability_dense(ops.cast(ops.concatenate(known, -1), self.compute_dtype))
        rows = self.embedding(pieces) + self.before_dense(self.embedding(before))
        rows = rows + self.places(ops.arange(self._places)) + known[:, :, None]
        length = self._config["num_labels"] * self._places
        tokens = ops.reshape(pieces, (-1, length))
        rows = self.label_norm(ops.reshape(rows, (-1, length, self._config["model_dim"])))
        rows = self.dropout_layer(rows, training=training)
        mask = ops.full_like(cells[:, :, 0], seen, dtype="bool")
        mask = ops.concatenate([mask, tokens != 0], axis=1)[:, None]
        return ops.concatenate([cells, rows], axis=1), mask, tokens

    def start(self, memory):
        """What decoding needs of `encode`'s answer; see ARCHITECTURE.md, the decoding protocol."""
        memory, mask, tokens = memory
        caches, state = super().start(memory)
        return (caches, mask, self._pointed(memory, mask, tokens)), state

    def stepper(self, times=1):
        """One step of decoding, as a function; see ARCHITECTURE.md, the decoding protocol."""
        decode, project = self._decode_stepper(times), self.embedding.projector()

        def step(tokens, static, state):
            caches, mask, pointed = static
            x, state = decode(tokens, caches, mask, state)
            return self._mixed(x[:, None], project(x)[:, None], pointed)[:, 0], state

        return step

    def _written(self, target, memory, training):
        memory, mask, tokens = memory
        x, weights = self._decode(target, memory, mask, training)
        logits = self.embedding.logits(x)
        return self._mixed(x, logits, self._pointed(memory, mask, tokens)), weights

    def _pointed(self, memory, mask, tokens):
        """What is copied from: the names of the memory, their keys, their mask and tokens."""
        cells = self._config["num_cells"]
        rows = memory[:, cells:]
        return rows, self.copy_attention.project_key(rows), mask[:, :, cells:], tokens

    def _mixed(self, x, logits, pointed):
        """Vectors (N, T, D) and their logits (N, T, V) -> log-probabilities (N, T, V)."""
        rows, keys, mask, tokens = pointed
        context, weights = self.copy_attention(
            x * (x.shape[-1] ** -0.5),
            rows,
            attention_mask=mask,
            projected_key=keys,
            return_attention_scores=True,
        )
        state = ops.concatenate([x, context], axis=-1)
        return self.copy_distribution(state, logits, weights, tokens)[0]
