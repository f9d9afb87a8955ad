"""`KnowledgeTracer`: what a pupil answered so far in, the chance that the next is right out."""

from collections.abc import Iterable

import keras
import numpy as np
import tensorflow as tf

from zoo.data.batching import bucketed_windows
from zoo.lite import pupils
from zoo.lite.catalogue import decoded
from zoo.tasks import raw_data
from zoo.tasks.inputs import IDS, chunks, number_table, padded, stripped, text_tensor
from zoo.tasks.output import Traced
from zoo.tasks.task import Task

_RULE = "a list of sequences, each a list of (skill, right)"


@keras.saving.register_keras_serializable(package="zoo")
class KnowledgeTracer(Task):
    """Says how likely a pupil's next answer is right.

    `fit` trains on sequences of answers; `trace` gives the probability for one pupil, or each of
    several, and says which earlier answers it rests on.

    Args:
        model: `zoo.models.AKT`, or any `keras.Model` that maps answers int32 (B, T), see
            `zoo.models.akt.Tracing`, to logits float32 (B, T, 2) of wrong and right, and has a
            `context_length`; with `return_attention_scores=True` it gives beside them how much each
            attended to the answers before, float32 (B, H, T, T).
        skills: list of K different str, the names of the skills, which are numbered from 1.

    Raises:
        ValueError: no skills, or the same twice.

    Reference:
        Ghosh, Heffernan and Lan 2020, Context-Aware Attentive Knowledge Tracing.
    """

    verb = "trace"
    serialized_parts = ("model",)
    serving_spec = tf.TensorSpec([None], tf.string, name="answers")
    source_spec = IDS
    answer_dtype = "float32"

    def __init__(self, model, skills, **kwargs):
        super().__init__(model, **kwargs)
        skills = raw_data.text_items("skills", skills, "a list of str")
        self.catalogue = pupils.Skills(skills)

    @property
    def skills(self):
        """Names of the skills, in the order of their numbers."""
        return list(self.catalogue.names)

    def batches(self, x, y=None, *, batch_tokens=4096, batch_size=None, shuffle=0, seed=0):
        """Sequences of answers -> batches of (answers, whether they are right, weights).

        Args:
            x: list of sequences, each a list of (skill, right), a skill being a name or a number
                and right a bool, 0 or 1. Those that are longer than the context of the model are
                cut into pieces, with `shuffle` anywhere, and all answers count.
            y: must be None.
            batch_tokens, batch_size, shuffle, seed: see `fit`.

        Returns:
            A tf.data.Dataset of answers int32 (B, T), see `zoo.models.akt.Tracing`, padded with 0;
            0 or 1 int32 (B, T); and weights float32 (B, T), 0 for padding.
        """
        if y is not None:
            raise ValueError(f"y must be None: x tells what is right; got {type(y).__name__}.")
        rows = self._rows(x)
        if not rows:
            raise ValueError("x must hold at least one sequence; got none.")
        ids = bucketed_windows(
            tf.data.Dataset.from_tensor_slices(tf.ragged.constant(rows, tf.int32)),
            lambda several: several,
            batch_tokens=batch_tokens,
            batch_size=batch_size,
            window=self.model.context_length,
            shuffle=shuffle,
            seed=seed,
        )

        def parted(ids):
            right = tf.cast(ids > len(self.skills), tf.int32)
            return ids, right, tf.cast(ids > 0, tf.float32)

        return ids.map(parted)

    def trace(self, answers, skill, return_dict=False):
        """How likely a pupil's next answer is right.

        Args:
            answers: list of (skill, right), in the order of time, the newest last: a skill is a
                name or a number, right a bool, 0 or 1. It may be empty. Or a list of such lists,
                one for each pupil. Of a long one the newest are read, as many as the context of the
                model but one.
            skill: of the question that comes next; of several pupils a list, or one for all.
            return_dict: whether to return `zoo.tasks.Traced`, with what the answer rests on.

        Returns:
            float, the probability that it is right; of several pupils a list.

        Raises:
            TypeError: `answers` are of another kind.
            ValueError: a skill that is not known, with the names that are most like it; or as many
                skills as there are no pupils.
        """
        sequences = raw_data.items("answers", answers, "a list of (skill, right)")
        several, rows = self.catalogue.asked(sequences, skill)
        newest, found = list(map(self._newest, rows)), [None] * len(rows)
        for i, right, *weights in self._found(newest, self.traced if return_dict else self.right):
            last = len(newest[i]) - 1
            found[i] = float(right[last])
            if return_dict:
                found[i] = self._explained(newest[i], found[i], weights[0][:, last, : last + 1])
        return found if several else found[0]

    def probabilities(self, sequences):
        """How likely each answer was right, by those before it.

        Args:
            sequences: list of lists of (skill, right). One that is longer than the context of the
                model is cut into pieces, each of which begins anew.

        Returns:
            list of float32 (T,), one for each sequence.

        Raises:
            as `trace`.
        """
        rows = self._rows(sequences)
        most = self.model.context_length
        pieces = [row[start : start + most] for row in rows for start in range(0, len(row), most)]
        found = [None] * len(pieces)
        for i, right in self._found(pieces, self.right):
            found[i] = right[: len(pieces[i])]
        parts = iter(found)
        return [
            np.concatenate(
                [np.zeros(0, "float32"), *(next(parts) for _ in range(0, len(row), most))]
            )
            for row in rows
        ]

    def ask(self, inputs, **options):
        """`trace` of texts as an export takes them, see `signatures`.

        Args:
            inputs: str or a list of str.
            **options: `return_dict` as of `trace`; without it the probability is a str of three
                digits.
        """
        return pupils.ask(self.trace, inputs, **options)

    def answer(self, inputs):
        """How likely the last answer of each sequence is right, by those before it: float32 (N,).

        Of the last one, whether it was right is not looked at, and may be left out.
        """
        rows = [self._newest(row) for row in self._rows(list(map(_listed, inputs)))]
        if not all(rows):
            raise ValueError("x must hold sequences of one answer or more; got an empty one.")
        found = np.zeros(len(rows), "float32")
        for i, right in self._found(rows, self.right):
            found[i] = right[len(rows[i]) - 1]
        return found

    def _raw_inputs(self, x):
        if isinstance(x, (str, tf.data.Dataset)):
            return super()._raw_inputs(x)
        return raw_data.items("x", x, _RULE)

    def _newest(self, row):
        return row[-self.model.context_length :]

    def _rows(self, sequences, name="x"):
        """Sequences of (skill, right) -> lists of numbers; see `zoo.models.akt.Tracing`."""
        if isinstance(sequences, tf.data.Dataset):
            spec = sequences.element_spec
            raise ValueError(f"{name} must be {_RULE}; got a dataset of {spec}.")
        sequences = raw_data.items(name, sequences, _RULE)
        return self.catalogue.rows(sequences, name)

    def _found(self, rows, function):
        """Lists of numbers -> for each its place, and its rows of what a method gives for ids."""
        self.build()
        if function.__name__ not in self._functions:
            self._functions[function.__name__] = tf.function(
                function, autograph=False, input_signature=[IDS]
            )
        compiled = self._functions[function.__name__]
        for places in chunks([max(len(row), 1) for row in rows]):
            found = compiled(padded([rows[i] for i in places]))
            yield from zip(places, *(part.numpy() for part in found), strict=True)

    def right(self, ids):
        """Answers int32 (B, T) -> how likely they are right: one float32 (B, T)."""
        return (tf.nn.softmax(self.model(ids, training=False))[..., 1],)

    def traced(self, ids):
        """Answers int32 (B, T) -> how likely they are right (B, T), attention (B, H, T, T)."""
        logits, attention = self.model(ids, return_attention_scores=True, training=False)
        return tf.nn.softmax(logits)[..., 1], attention

    def _explained(self, row, right, weights):
        names, count = self.catalogue.names, len(self.skills)
        shown = [
            f"{names[(number - 1) % count]} {'✓' if number > count else '✗'}" for number in row[:-1]
        ]
        return Traced(
            probability=right,
            skill=names[(row[-1] - 1) % count],
            source_tokens=["(start)", *shown],
            attention=weights[None, :, None],
        )

    # In a graph, and without TensorFlow.

    def graph_inputs(self, inputs):
        return text_tensor(inputs)

    def preprocess_tf(self, inputs):
        """Answers tf.string (B,), one a line -> int32 (B, T), as `pupils.known_lines`."""
        lines = tf.strings.split(inputs, "\n")
        lines = lines.with_values(stripped(lines.values))
        lines = tf.ragged.boolean_mask(lines, lines.with_values(lines.values != ""))
        parts = tf.strings.split(lines.values, "=", maxsplit=1).to_tensor("", shape=[None, 2])
        numbers, marks = self._table.lookup(stripped(parts[:, 0])), stripped(parts[:, 1])
        ends = tf.gather(lines.row_splits, lines.value_rowids() + 1)
        asked = tf.range(1, tf.size(ends, tf.int64) + 1) == ends
        right = (marks == "1") & ~asked
        numbers = tf.where(right | (marks == "0") | asked, numbers, 0)
        numbers += tf.cast(right & (numbers > 0), tf.int32) * len(self.skills)
        found = lines.with_values(numbers)
        found = tf.ragged.boolean_mask(found, found > 0)
        return tf.ensure_shape(
            found[:, -self.model.context_length :].to_tensor(shape=[None, None]), [None, None]
        )

    def graph_answer(self, inputs):
        return self._served(inputs)[0]["probability"]

    def serve(self, inputs):
        return self._served(inputs)[0]

    def signatures(self):
        """What an export offers.

        `serving_default` takes `answers` string (B,): an answer a line, a skill by its name or
        number, `=`, and 1 or 0 for right or wrong; the last line is the skill that is asked
        next, alone. Lines of unknown skills are passed over, and those whose mark is another. It
        gives `probability` float32 (B,), of right. `attention` adds `text`, that as a text of
        three digits, `target_tokens` string (B, 1), the skill that is asked, `source_tokens` string
        (B, S), the start and the answers before, and `attention` float32 (B, 1, S), the mean over
        the heads.
        """
        return {**super().signatures(), "attention": self.served(self._serve_attention)}

    def _served(self, inputs):
        ids = self.preprocess_tf(inputs)
        ids = tf.pad(ids, [[0, 0], [0, tf.cast(tf.shape(ids)[1] == 0, tf.int32)]])
        right, attention = self.traced(ids)
        last = tf.maximum(tf.reduce_sum(tf.cast(ids > 0, tf.int32), axis=1) - 1, 0)
        attention = tf.gather(tf.reduce_mean(attention, axis=1), last, batch_dims=1)
        return {"probability": tf.gather(right, last, batch_dims=1)}, ids, last, attention

    def _serve_attention(self, inputs):
        answer, ids, last, attention = self._served(inputs)
        names = self.catalogue.names
        shown = tf.constant(
            ["", *(f"{name} ✗" for name in names), *(f"{name} ✓" for name in names)]
        )
        before = tf.where(tf.sequence_mask(last, tf.shape(ids)[1]), ids, 0)[:, :-1]
        start = tf.fill([tf.shape(ids)[0], 1], "(start)")
        asked = tf.gather(ids, last[:, None], batch_dims=1)
        asked = tf.where(asked > len(names), asked - len(names), asked)
        return {
            **answer,
            "text": tf.strings.as_string(answer["probability"], precision=3),
            "source_tokens": tf.concat([start, tf.gather(shown, before)], axis=1),
            "target_tokens": tf.gather(tf.constant(["", *names]), asked),
            "attention": attention[:, None],
        }

    @property
    def _table(self):
        if "_lookup" not in self.__dict__:  # past Keras, which would track it
            self.__dict__["_lookup"] = number_table(self.catalogue.known)
        return self.__dict__["_lookup"]

    def resources(self):
        return [self._table]

    def lite_function(self):
        """See `Task`: `source` int32 (B, S) -> `probability` float32 (B, S), of each answer."""
        self.build()

        def run(source):
            return {"probability": self.right(source)[0]}

        return tf.function(run, autograph=False).get_concrete_function(source=IDS)

    def lite_manifest(self, weights):
        most = self.model.context_length
        return {"rows": 16, "skills": self.catalogue.names, "longest_source": most}

    def get_config(self):
        return {**super().get_config(), "skills": self.catalogue.names}


def _listed(sequence):
    """A sequence whose last answer may be a skill alone -> one of pairs; a str by its lines.

    What is none stays as it is: who reads the pairs says where it stands.
    """
    if isinstance(sequence, (str, bytes)):
        answers, skill = pupils.parsed(decoded(sequence))
        return [*answers, (skill, 0)]
    if not isinstance(sequence, Iterable) or not getattr(sequence, "ndim", 1):
        return sequence
    sequence = list(sequence)
    if sequence and not pupils.is_answer(sequence[-1]):
        sequence[-1] = (sequence[-1], 0)
    return sequence
