"""Attention over a pupil's past: whether the next answer will be right."""

import keras
from keras import ops

from zoo.layers import Adaptable, DecoderBlock, MonotonicAttention

# Counts of answers, each so many answers after which it counts for 1/e: of the skill, and of all.
_OF_SKILL, _OF_ALL = (1.0, 3.0, 10.0, None), (3.0, 10.0, None)


@keras.saving.register_keras_serializable(package="zoo")
class MonotonicDecoderBlock(DecoderBlock):
    """A `DecoderBlock` whose attention decays with the distance."""

    attention_class = MonotonicAttention


class Tracing(Adaptable, keras.Model):
    """What models of answers share: one number stands for a skill and whether it was right.

    Args:
        num_skills: number of skills, K.
        context_length: the most answers that are looked at together, the one that is asked for
            among them.

    Call arguments:
        answers: int (B, T), T at most `context_length`, each row filled up with 0 at its end: the
            skill from 1 to K of a wrong answer, and K more of a right one.

    Returns:
        Logits float32 (B, T, 2) of wrong and right. Those at t rest on the answers before t and on
        the skill at t: whether answer t was right is not looked at.
    """

    def __init__(self, num_skills, context_length, **kwargs):
        super().__init__(**kwargs)
        for name, number in (("num_skills", num_skills), ("context_length", context_length)):
            if number < 1:
                raise ValueError(f"{name} must be >= 1; got {name}={number}.")
        self.num_skills, self.context_length = int(num_skills), int(context_length)

    def _parts(self, answers):
        """The skills (B, T), and the answers before each (B, T), of the first the start, 0."""
        length = answers.shape[1]
        if length is not None and length > self.context_length:
            raise ValueError(
                f"answers must have at most context_length={self.context_length} columns; "
                f"got {length}."
            )
        skills = ops.where(answers > self.num_skills, answers - self.num_skills, answers)
        return skills, ops.pad(answers[:, :-1], [[0, 0], [1, 0]])


@keras.saving.register_keras_serializable(package="zoo")
class AKT(Tracing):
    """Finds the past answers that tell whether the next one will be right.

    Skills and past answers are each read in their context by self-attention; then the skill that
    is asked for attends to those of the past, and takes from there how they were answered. All
    attention decays with the distance, see `zoo.layers.MonotonicAttention`.

    Args:
        num_skills, context_length: see `Tracing`.
        num_layers: number of blocks that read the skills, and of those that read the answers.
        model_dim: width of every vector, D, a multiple of `num_heads`.
        num_heads: number of heads, H.
        ff_dim: inner width of the feed-forward layers.
        dropout: dropout rate of the embeddings and of the sublayers' outputs.
        attention_dropout: dropout rate of the attention weights.
        counts: whether the model is also told how often the skill was answered rightly and wrongly
            before, of late and in all, and how often any skill was. A softmax sees shares: one
            right answer of one is to it what ten of ten are.

    Call arguments:
        answers: see `Tracing`.
        return_attention_scores: whether the weights of the last attention are returned, too.

    Returns:
        Logits float32 (B, T, 2) of wrong and right; with `return_attention_scores` also float32
        (B, H, T, T): how much the skill at t attended to the answer before s, the first of which is
        none: the start.

    Raises:
        ValueError: numbers that do not fit together.

    Reference:
        Ghosh, Heffernan and Lan 2020, Context-Aware Attentive Knowledge Tracing (AKT-NR, without
        questions of their own); Pandey and Karypis 2019, A Self-Attentive Model for Knowledge
        Tracing; Pavlik, Cen and Koedinger 2009, Performance Factors Analysis (the counts).
    """

    def __init__(
        self,
        num_skills,
        context_length=200,
        num_layers=1,
        model_dim=64,
        num_heads=4,
        ff_dim=128,
        dropout=0.2,
        attention_dropout=0.0,
        counts=False,
        **kwargs,
    ):
        super().__init__(num_skills, context_length, **kwargs)
        if model_dim % num_heads:
            raise ValueError(
                "model_dim must be a multiple of num_heads; "
                f"got model_dim={model_dim}, num_heads={num_heads}."
            )
        self._config = {
            "num_skills": num_skills,
            "context_length": context_length,
            "num_layers": num_layers,
            "model_dim": model_dim,
            "num_heads": num_heads,
            "ff_dim": ff_dim,
            "dropout": dropout,
            "attention_dropout": attention_dropout,
            "counts": bool(counts),
        }
        policy = self.dtype_policy
        self.skill_embedding = keras.layers.Embedding(
            num_skills + 1, model_dim, name="skill_embedding", dtype=policy
        )
        self.outcome_embedding = keras.layers.Embedding(
            3, model_dim, name="outcome_embedding", dtype=policy
        )
        options = {
            "num_heads": num_heads,
            "ff_dim": ff_dim,
            "cross_attention": False,
            "activation": "gelu",
            "dropout": dropout,
            "attention_dropout": attention_dropout,
            "dtype": policy,
        }
        self.skill_blocks = [
            MonotonicDecoderBlock(**options, name=f"skill_block_{i}") for i in range(num_layers)
        ]
        self.answer_blocks = [
            MonotonicDecoderBlock(**options, name=f"answer_block_{i}") for i in range(num_layers)
        ]
        self.retriever = MonotonicAttention(
            num_heads,
            model_dim // num_heads,
            dropout=attention_dropout,
            name="retriever",
            dtype=policy,
        )
        self.query_norm = keras.layers.LayerNormalization(
            epsilon=1e-6, name="query_norm", dtype=policy
        )
        self.answer_norm = keras.layers.LayerNormalization(
            epsilon=1e-6, name="answer_norm", dtype=policy
        )
        self.hidden_dense = keras.layers.Dense(
            2 * model_dim, activation="gelu", name="hidden", dtype=policy
        )
        self.output_dense = keras.layers.Dense(2, name="output", dtype=policy)
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=policy)

    def build(self, input_shape=None):
        dim = self._config["model_dim"]
        shape = (None, None, dim)
        for part in (
            self.skill_embedding,
            self.outcome_embedding,
            *self.skill_blocks,
            *self.answer_blocks,
            self.query_norm,
            self.answer_norm,
        ):
            part.build(shape)
        self.retriever.build(shape, shape)
        counts = 2 * len(_OF_SKILL + _OF_ALL) if self._config["counts"] else 0
        self.hidden_dense.build((None, None, 3 * dim + counts))
        self.output_dense.build((None, None, 2 * dim))
        self.built = True

    def call(self, answers, return_attention_scores=False, training=None):
        skills, past = self._parts(answers)
        embedded = self.skill_embedding(skills)
        before = ops.pad(embedded[:, :-1], [[0, 0], [1, 0], [0, 0]])
        outcomes = self.outcome_embedding(
            ops.cast(past > 0, "int32") + ops.cast(past > self.num_skills, "int32")
        )
        x = self.dropout_layer(embedded, training=training)
        y = self.dropout_layer(before + outcomes, training=training)
        for block in self.skill_blocks:
            x = block(x, training=training)
        for block in self.answer_blocks:
            y = block(y, training=training)
        x = self.query_norm(x)
        keys = ops.pad(x[:, :-1], [[0, 0], [1, 0], [0, 0]])  # of the skill of each past answer
        found, weights = self.retriever(
            x,
            self.answer_norm(y),
            keys,
            use_causal_mask=True,
            return_attention_scores=True,
            training=training,
        )
        joined = [found, x, embedded]
        if self._config["counts"]:
            joined.append(ops.cast(attempt_counts(skills, past, self.num_skills), x.dtype))
        joined = ops.concatenate(joined, axis=-1)
        hidden = self.dropout_layer(self.hidden_dense(joined), training=training)
        logits = ops.cast(self.output_dense(hidden), "float32")
        return (logits, ops.cast(weights, "float32")) if return_attention_scores else logits

    def get_config(self):
        return {**super().get_config(), **self._config}


def attempt_counts(skills, past, num_skills):
    """How often was answered before, as log(1 + n): float32 (B, T, 14).

    Args:
        skills: int (B, T).
        past: int (B, T), the answer before each, of the first the start, 0.
        num_skills: K.
    """
    right = ops.cast(past > num_skills, "float32")
    outcomes = ops.stack([right, ops.cast(past > 0, "float32") - right], axis=-1)  # (B, T, 2)
    past_skills = ops.where(past > num_skills, past - num_skills, past)
    same = ops.equal(ops.expand_dims(skills, 2), ops.expand_dims(past_skills, 1))
    same = ops.cast(same, "float32")
    places = ops.arange(ops.shape(skills)[1])
    ages = ops.cast(ops.expand_dims(places, 1) - ops.expand_dims(places, 0), "float32")
    earlier = ops.cast(ages >= 0, "float32")

    def counted(decay):
        return earlier * ops.exp(-ops.maximum(ages, 0) / decay) if decay else earlier

    numbers = [ops.matmul(same * counted(decay), outcomes) for decay in _OF_SKILL]
    numbers += [ops.matmul(ops.expand_dims(counted(decay), 0), outcomes) for decay in _OF_ALL]
    return ops.log1p(ops.concatenate(numbers, axis=-1))
