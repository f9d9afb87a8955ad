"""`PairTask`: base of the heads whose raw inputs are two texts each, and whose answer a score."""

import numpy as np
import tensorflow as tf

from zoo.lite.catalogue import decoded
from zoo.lite.subwords import valid_unicode
from zoo.tasks import raw_data
from zoo.tasks.task import Task

_PAIRS = "a list of (text, text) pairs"
_TRIPLES = "a list of (text, text, label), or of (text, text), with y of labels"
_STRINGS = [tf.TensorSpec([None], tf.string, name=name) for name in ("query", "text")]


class PairTask(Task):
    """Base of what compares a text with another.

    A head defines beside what `Task` says `tokenizer`, `preprocess_tf`, of pairs of strings,
    `graph_answer`, their scores, and `serve_attention`.
    """

    serving_spec = tf.TensorSpec([None, 2], tf.string, name="pairs")
    answer_dtype = "float32"

    def compile(self, *args, label_smoothing=0.0, **kwargs):
        """`Learner.compile`; the places of a list that hold no text can have no share."""
        if label_smoothing:
            raise ValueError(
                f"label_smoothing must be 0 for a {type(self).__name__}; "
                f"got label_smoothing={label_smoothing}."
            )
        super().compile(*args, label_smoothing=0.0, **kwargs)

    # Raw inputs are pairs.

    def _is_raw(self, x):
        if isinstance(x, (list, tuple)) and len(x):
            return is_row(x[0], 2)
        return super()._is_raw(x)

    def _raw_inputs(self, x):
        if isinstance(x, tf.data.Dataset):
            return [row[:2] for row in read_rows(x)]
        return checked_pairs("x", x)

    def _is_of_tokens(self, x):
        if isinstance(x, tf.data.Dataset):
            spec = x.element_spec
            return isinstance(spec[0] if isinstance(spec, tuple) else spec, dict)
        return super()._is_of_tokens(x)

    def call(self, inputs, training=None):
        """Inputs of the model -> logits; tf.string (B, 2), pairs -> scores float32 (B,)."""
        if not raw_data.is_strings(inputs):
            return super().call(inputs, training)
        return (
            self._answer_function(inputs) if tf.executing_eagerly() else self.graph_answer(inputs)
        )

    # In a graph.

    def graph_inputs(self, inputs):
        pairs = checked_pairs("inputs", inputs)
        return tf.constant([list(map(valid_unicode, pair)) for pair in pairs])

    def preprocess_tf(self, inputs):
        """Pairs tf.string (B, 2) -> tokens of both sides, int32 (B, Q) and (B, S)."""
        return tuple(self.tokens(inputs[:, side], self.max_length) for side in (0, 1))

    def tokens(self, strings, length):
        """Strings (B,) -> their first tokens int32 (B, S), at least one place each."""
        ids = self.tokenizer(strings)[:, :length].to_tensor()
        empty = tf.cast(tf.equal(tf.shape(ids)[1], 0), tf.int32)
        return tf.ensure_shape(tf.pad(ids, [[0, 0], [0, empty]]), [None, None])

    def serve(self, inputs):
        return {"score": self.graph_answer(inputs)}

    def signatures(self):
        """What an export offers.

        `serving_default` takes `query` string (B,) and `text` string (B,), and gives `score`
        float32 (B,). `attention` adds `text` string (B,), the score as a text; `source_tokens`
        string (B, S) of the text, `target_tokens` string (B, Q) of the query, and `attention`
        float32 (B, Q, S), what each of the query looks at.
        """
        self.build()

        def served(function):
            return tf.function(
                lambda query, text: function(tf.stack([query, text], axis=1)),
                autograph=False,
                input_signature=_STRINGS,
            )

        return {
            "serving_default": served(self.serve),
            "attention": served(self.serve_attention),
        }

    def serve_attention(self, inputs):
        """The `attention` of an export; see `explained`."""
        raise NotImplementedError

    def explained(self, score, query, text, attention):
        """What `attention` gives, from tokens of both sides and how the query looks at the text."""
        return {
            "score": score,
            "text": tf.strings.as_string(score, precision=3),
            "source_tokens": self.tokenizer.graph_pieces(text),
            "target_tokens": self.tokenizer.graph_pieces(query),
            "attention": attention,
        }


def checked_triples(x, y, most=1):
    """What `fit` takes as data -> a list of (text, text, label), a whole number up to `most`."""
    if isinstance(x, tf.data.Dataset):
        x = read_rows(x, y)
    rows = raw_data.items("x", x, _TRIPLES)
    size = 3 if y is None else 2
    raw_data.check_items("x[{}]", rows, lambda row: is_row(row, size), "x", _TRIPLES)
    labels = [row[2] for row in rows] if y is None else raw_data.items("y", y, "a list of 0, 1")
    if len(labels) != len(rows):
        raise ValueError(f"y must have one label for each pair; got {len(labels)} for {len(rows)}.")
    if not rows:
        raise ValueError("x must hold at least one triple; got none.")
    place = "x[{}][2]" if y is None else "y[{}]"
    for i, label in enumerate(labels):
        whole = isinstance(label, (int, np.integer, np.bool_)) and label >= 0
        if not whole or (most is not None and label > most):
            rule = "whole numbers from 0" if most is None else f"whole numbers from 0 to {most}"
            raise ValueError(f"labels must be {rule}; got {place.format(i)}={label!r:.80}.")
    pairs = zip(rows, labels, strict=True)
    return [(str(row[0]), str(row[1]), int(label)) for row, label in pairs]


def is_row(row, size):
    """Whether an item is a tuple, a list or an array of so many, of which two are texts."""
    a_row = isinstance(row, (tuple, list)) or (isinstance(row, np.ndarray) and row.ndim == 1)
    return a_row and len(row) == size and all(map(raw_data.is_text, row[:2]))


def checked_pairs(name, value):
    """A list of pairs of texts, checked."""
    found = raw_data.items(name, value, _PAIRS)
    found = [list(map(decoded, row)) if isinstance(row, np.ndarray) else row for row in found]
    raw_data.check_items(name + "[{}]", found, lambda row: is_row(row, 2), name, _PAIRS)
    return [(str(question), str(text)) for question, text in found]


def read_rows(dataset, y=None):
    """A tf.data.Dataset of (question, text, label), or without label -> a list of tuples."""
    if y is not None:
        raise ValueError(f"y must be None with a dataset; got {type(y).__name__}.")
    spec = dataset.element_spec
    right = isinstance(spec, tuple) and len(spec) in (2, 3)
    if not right or not all(map(_is_text_spec, spec[:2])):
        raise ValueError(f"x must be a dataset of (text, text, label); got a dataset of {spec}.")
    if spec[0].shape.rank != 0:
        dataset = dataset.map(lambda *row: tuple(tf.reshape(part, [-1]) for part in row)).unbatch()
    return [tuple(map(decoded, row)) for row in dataset.as_numpy_iterator()]


def _is_text_spec(spec):
    """Whether it is of a string, or of a batch of them."""
    return getattr(spec, "dtype", None) == tf.string and spec.shape.rank in (None, 0, 1)


def not_empty(ids):
    """Ids (B, S) with at least one column."""
    return ids if ids.shape[1] else np.zeros((len(ids), 1), "int32")
