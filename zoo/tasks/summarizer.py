"""`Summarizer`: a conversation in, its summary out."""

import dataclasses

import keras
import tensorflow as tf

from zoo.lite.turns import encode_turns, filled_parts
from zoo.tasks import raw_data
from zoo.tasks.answers import SHARED
from zoo.tasks.conversation import ConversationTask, as_source, one_line
from zoo.tasks.inputs import padded
from zoo.tasks.output import Generated, joined
from zoo.text import END_ID, PAD_ID, START_ID

_RULE = "a str, a list of str, or a list of lists of turns"


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Summary(Generated):
    """A summary and how it came about; see `Generated`.

    Attributes:
        copied: list of float, for each token the probability that it was copied, given that it was
            chosen; empty where the model cannot copy.
    """

    copied: tuple[float, ...] = ()


@keras.saving.register_keras_serializable(package="zoo")
class Summarizer(ConversationTask):
    """Writes in a few sentences what was said in a conversation.

    A conversation is a text with a turn on each line, which its speaker begins: `Anna: Hi!` or
    `#Person1#: Hi!`. `fit` trains on pairs of a conversation and its summary. One of more than
    `max_source_length` tokens is cut between turns, and each part is summarised for itself;
    `score` and an export read the first part alone.

    Args:
        model: `zoo.models.PointerGenerator`, or another; see `zoo.Translator`.
        source_tokenizer: a `zoo.text.SentencePieceTokenizer` for conversations and summaries.
        target_tokenizer: another one for summaries, for a model that does not copy.
        decoding: dict of the options that `summarize` uses where it is not told otherwise.
        max_source_length: the most tokens that are read at once, an end token behind each turn
            included.

    References:
        See et al. 2017, Get To The Point: Summarization with Pointer-Generator Networks; Chen et
        al. 2021, DialogSum: A Real-Life Scenario Dialogue Summarization Dataset.
    """

    verb = "summarize"

    def summarize(self, text, **options):
        """Summarises a conversation.

        Args:
            text: str, a conversation, a turn on each line; or a list of conversations, each a str
                or a list of turns. Blank text has a blank summary.
            **options: see `generate`.

        Returns:
            A str, or a list for a list; with `return_dict=True` `zoo.tasks.summarizer.Summary`.

        Raises:
            TypeError: `text` is of another kind; an unknown option.
            ValueError: an option outside its range.
        """
        if isinstance(text, str):
            return self.generate(text, **options)
        rows = raw_data.items("text", text, _RULE)
        return self.generate([_conversation(i, row) for i, row in enumerate(rows)], **options)

    def answer(self, inputs):
        return self.summarize(inputs)

    def preprocess(self, inputs):
        one = isinstance(inputs, str)
        found = [inputs] if one else raw_data.text_items("inputs", inputs, _RULE)
        turns = encode_turns(self.source_tokenizer, found)
        return [filled_parts(row, self.max_source_length) for row in turns], one

    def _answered(self, conversations, constraints, seeds, decoding, stops, return_dict):
        """The answers of `SearchTask` to the parts, joined."""
        places = [(i, n) for i, parts in enumerate(conversations) for n in range(len(parts))]
        owner = [i for i, _ in places]
        constraints = {
            name: part if name in SHARED else part[owner] for name, part in constraints.items()
        }
        if "ids" in constraints:
            constraints["ids"][[n > 0 for _, n in places]] = (
                PAD_ID  # a prefix begins the first part
            )
        parts = [as_source(part) for found in conversations for part in found]
        found = iter(
            super()._answered(parts, constraints, seeds[owner], decoding, stops, return_dict)
        )
        return [_joined_answers([next(found) for _ in parts]) for parts in conversations]

    def fitting(self, turns):
        return filled_parts(turns, self.max_source_length)[0]

    def graph_fitting(self, turns):
        lengths = turns.row_lengths(axis=2).to_tensor()  # (B, turns)
        upto = tf.cumsum(lengths, axis=1)
        kept = tf.reduce_max(tf.where(upto <= self.max_source_length, upto, 0), axis=1)
        rows = turns.merge_dims(1, 2)
        # Of a first turn that alone does not fit the beginning is read.
        long = (kept == 0) & (rows.row_lengths() > 0)
        kept = tf.where(long, tf.constant(self.max_source_length - 1, kept.dtype), kept)
        starts = rows.row_starts()
        found = tf.gather(rows.flat_values, tf.ragged.range(starts, starts + kept))
        ends = tf.cast(long, tf.int64)
        ends = tf.RaggedTensor.from_row_lengths(tf.fill([tf.reduce_sum(ends)], END_ID), ends)
        return tf.concat([found, ends], axis=1)

    def longest_answer(self, source):
        words = tf.reduce_any((source != PAD_ID) & (source != END_ID), axis=1)
        return tf.where(words, super().longest_answer(source), 0)

    def _explain(self, source, ids, text):
        found = super()._explain(source, ids, text)
        fields = {f.name: getattr(found, f.name) for f in dataclasses.fields(found)}
        return Summary(
            **{**fields, "axes": ("conversation", "summary")}, copied=self._copied(source, ids)
        )

    def _copied(self, source, ids):
        if not ids or not hasattr(self.model, "copied"):
            return ()
        inputs = {"source": padded([source]), "target": padded([[START_ID, *ids[:-1]]])}
        return tuple(self.model.copied(inputs, padded([ids]))[0].numpy().tolist())


def _conversation(i, row):
    if isinstance(row, str):
        return row
    return "\n".join(map(one_line, raw_data.text_items(f"text[{i}]", row, "a list of turns")))


def _joined_answers(rows):
    """The answers to a conversation, from those to its parts."""
    if len(rows) == 1:
        return rows[0]
    answers = []
    for n in range(max(map(len, rows))):
        parts = [row[min(n, len(row) - 1)] for row in rows]
        if isinstance(parts[0], str):
            answers.append(" ".join(parts))
        else:
            answers.append(joined(parts, " ".join(part.text for part in parts)))
    return answers
