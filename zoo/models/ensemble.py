"""Several networks that learn apart and answer together."""

import keras
from keras import ops

from zoo.layers import Adaptable


@keras.saving.register_keras_serializable(package="zoo")
class Ensemble(Adaptable, keras.Model):
    """Networks of the same kind, whose log-probabilities are averaged.

        logits = mean over members of log_softmax(logits_m) + naive_bayes_weight * naive_bayes

    Networks that began with other weights, and saw other texts, err in other places; the mean errs
    less than each of them. In training each row goes to one member alone, row i of a batch to
    member `i % K`, so that members stay apart. With K members a batch needs K times the rows.

    Naive Bayes is not in the logits of training: beside what counts explain already the members
    would learn too little. A few thousand texts whose label is a matter of single words gain most.

    Args:
        members: list of K `keras.Model` of which each gives logits (B, ..., C), and with
            `return_attention_scores` also weights (B, ...): `zoo.models.TextClassifier` or
            `CompareAggregate`.
        naive_bayes: a `zoo.layers.NaiveBayes`, or None; for members that read tokens (B, S).
        naive_bayes_weight: >= 0.
        share_embedding: whether all members look their tokens up in the embedding of the first; for
            members that are not built yet, and make theirs when they are: `CompareAggregate`.

    Call arguments:
        inputs: what a member takes: int (B, S), or a dict of such. Padding is 0.
        return_attention_scores: whether the attention weights are returned, too.

    Returns:
        Logits float32 (B, ..., C); with `return_attention_scores` also the mean of the members'
        weights, float32 (B, ...).

    Raises:
        ValueError: no members, a weight below 0, or members that cannot share an embedding.

    Reference:
        Lakshminarayanan et al. 2017, Simple and Scalable Predictive Uncertainty Estimation using
        Deep Ensembles; Wang and Manning 2012, Baselines and Bigrams, section 2.3 (naive Bayes
        beside another classifier).
    """

    def __init__(
        self,
        members,
        naive_bayes=None,
        naive_bayes_weight=0.3,
        share_embedding=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not members:
            raise ValueError(f"members must hold at least one model; got members={members!r}.")
        if not naive_bayes_weight >= 0:
            raise ValueError(
                f"naive_bayes_weight must be >= 0; got naive_bayes_weight={naive_bayes_weight}."
            )
        self.members = list(members)
        self.naive_bayes = naive_bayes
        self.naive_bayes_weight = float(naive_bayes_weight)
        self.share_embedding = bool(share_embedding)

    def build(self, input_shape=None):
        first, *others = self.members
        if not first.built:
            first.build(None)
        for member in others if self.share_embedding else ():
            if member.embedding not in (None, first.embedding):
                raise ValueError(
                    "with share_embedding members must not have embeddings of their own yet; got "
                    f"{member.embedding!r:.80} in {member.name!r}."
                )
            member.embedding = first.embedding
        for part in (*others, *filter(None, [self.naive_bayes])):
            if not part.built:
                part.build(None)
        self.built = True

    def call(self, inputs, return_attention_scores=False, training=None):
        if training:
            logits, weights = self._one_member_each(inputs)
        else:
            answers = [_answer(member, inputs, False) for member in self.members]
            logits, weights = (sum(part) / len(answers) for part in zip(*answers, strict=True))
            if self.naive_bayes is not None:
                logits = logits + self.naive_bayes_weight * self.naive_bayes(inputs)
        return (logits, weights) if return_attention_scores else logits

    def _one_member_each(self, inputs):
        """In training the answer of row i is that of member `i % K`, which alone sees it."""
        count, rows = len(self.members), ops.shape(keras.tree.flatten(inputs)[0])[0]

        def filled(part):
            # Each has the same number of rows, and at least one: the last may be of padding alone.
            return ops.pad(part, ((0, -rows % count), *[(0, 0)] * (len(part.shape) - 1)))

        inputs = keras.tree.map_structure(filled, inputs)

        def own(i):
            return keras.tree.map_structure(lambda part: part[i::count], inputs)

        answers = [_answer(member, own(i), True) for i, member in enumerate(self.members)]
        stacked = [ops.stack(part, axis=1) for part in zip(*answers, strict=True)]
        return [ops.reshape(part, (-1, *ops.shape(part)[2:]))[:rows] for part in stacked]

    def get_config(self):
        return {
            **super().get_config(),
            "members": [keras.saving.serialize_keras_object(part) for part in self.members],
            "naive_bayes": keras.saving.serialize_keras_object(self.naive_bayes),
            "naive_bayes_weight": self.naive_bayes_weight,
            "share_embedding": self.share_embedding,
        }

    @classmethod
    def from_config(cls, config):
        # A member that is built could not take the embedding of another.
        members = [{**part, "build_config": None} for part in config["members"]]
        parts = {"members": members, "naive_bayes": config["naive_bayes"]}
        built = {name: keras.saving.deserialize_keras_object(part) for name, part in parts.items()}
        return cls(**{**config, **built})


def _answer(member, inputs, training):
    """Log-probabilities (b, ..., C) and weights (b, ...) of one member."""
    logits, weights = member(inputs, return_attention_scores=True, training=training)
    return ops.log_softmax(logits), weights
