"""What `ChatBot` and `Summarizer` share: a text whose lines are turns."""

import tensorflow as tf

from zoo.lite.turns import encode_turns
from zoo.tasks.sequence_task import SequenceTask
from zoo.text import END_ID


class ConversationTask(SequenceTask):
    """Base of the heads that read conversations.

    A source has an end token behind each turn; of a conversation without a turn it is that token
    alone. A subclass says which turns are read where there are too many, in Python (`fitting`) and
    in the graph (`graph_fitting`).
    """

    def fitting(self, turns):
        """The turns, lists of ids without an end token, that are read."""
        raise NotImplementedError

    def graph_fitting(self, turns):
        """`fitting` in the graph: ragged int32 (B, turns, ids), with end tokens -> (B, ids)."""
        raise NotImplementedError

    def graph_newest(self, turns):
        """The turns that count, however long they are, in the graph: training leaves out what is
        too long, but for the oldest turns, which an answer would not be told either.
        """
        return turns

    def encode_sources(self, texts):
        found = encode_turns(self.source_tokenizer, texts)
        return [as_source(self.fitting(turns)) for turns in found]

    def graph_sources(self, texts, sampling=0.0, cut=True):
        lines = tf.strings.split(texts, "\n")
        ids = self.source_tokenizer(lines.values, sampling=sampling)
        ids = tf.concat([ids, _ends(ids.row_lengths() > 0)], axis=1)
        turns = lines.with_values(ids)
        found = self.graph_fitting(turns) if cut else self.graph_newest(turns).merge_dims(1, 2)
        return tf.concat([found, _ends(found.row_lengths() == 0)], axis=1)

    def longest_answer(self, source):
        return tf.fill([tf.shape(source)[0]], tf.int32.max)


def as_source(turns):
    """Turns as one list of ids, an end token behind each; of none that token alone."""
    return [token for turn in turns for token in (*turn, END_ID)] or [END_ID]


def one_line(turn):
    """A turn without line breaks, which would make two of it."""
    return " ".join(turn.split())


def _ends(rows):
    """An end token in each of those rows, bool (N,): ragged int32 (N, None)."""
    lengths = tf.cast(rows, tf.int64)
    return tf.RaggedTensor.from_row_lengths(tf.fill([tf.reduce_sum(lengths)], END_ID), lengths)
