"""`ChatBot`: the turns of a conversation so far in, a reply out."""

import dataclasses
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from zoo.decoding import contrasted
from zoo.lite.turns import encode_turns, newest_turns
from zoo.tasks import raw_data
from zoo.tasks.conversation import ConversationTask, as_source, one_line
from zoo.tasks.inputs import padded
from zoo.tasks.output import Generated
from zoo.text import END_ID, PAD_ID

_RULE = "a list of str, the turns of a conversation, or a list of such lists"


class History(NamedTuple):
    """Turns as `ChatBot` reads them: their ids, and how many of the oldest were left out."""

    ids: list[int]
    left_out: int


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Reply(Generated):
    """A reply and how it came about; see `Generated`.

    Attributes:
        left_out: how many of the oldest turns were not read, since there is no room for them.
    """

    left_out: int = 0

    @classmethod
    def of(cls, answer, left_out):
        """A `Generated` as a reply."""
        fields = {f.name: getattr(answer, f.name) for f in dataclasses.fields(answer)}
        return cls(**{**fields, "axes": ("history", "reply")}, left_out=left_out)


@keras.saving.register_keras_serializable(package="zoo")
class ChatBot(ConversationTask):
    """A partner in conversation: it reads the turns so far, and says the next one.

    `fit` trains on pairs of a history, its turns joined by line breaks, and the reply; a history
    may be empty, and of one of more than `max_turns` the newest are read. Who speaks is told by the
    place of a turn, counted from the end.

    What is likely whatever was said ("I don't know") is likely after anything. With a
    `dullness_penalty` each next word is chosen by

        log p(word | history, reply so far) - dullness_penalty · log p(word | reply so far)

    among the words that are plausible (`zoo.decoding.contrasted`). The model itself is asked for
    both, so it must have learned replies without a history, too. The scores of replies are those of
    the model without a penalty; an export gives the score that it chose by.

    Args:
        model: see `zoo.Translator`.
        source_tokenizer: a `zoo.text.SentencePieceTokenizer` for the turns.
        target_tokenizer: the same for replies. Default: `source_tokenizer` serves both.
        decoding: dict of the options that `reply` uses where it is not told otherwise.
        max_source_length: the most tokens of a history, an end token behind each turn included.
        max_turns: the most turns of a history.
        dullness_penalty: float >= 0; 0 takes the likeliest reply.

    References:
        Vinyals and Le 2015, A Neural Conversational Model; Li et al. 2016, A Diversity-Promoting
        Objective Function for Neural Conversation Models (dullness_penalty = lambda of MMI-antiLM).
    """

    verb = "reply"
    rules = ("dullness_penalty",)
    kept_settings = ("max_source_length", "max_turns", "dullness_penalty")

    def __init__(
        self,
        model,
        source_tokenizer,
        target_tokenizer=None,
        decoding=None,
        max_source_length=128,
        max_turns=6,
        dullness_penalty=0.0,
        **kwargs,
    ):
        super().__init__(
            model, source_tokenizer, target_tokenizer, decoding, max_source_length, **kwargs
        )
        self.max_turns = raw_data.whole_number("max_turns", max_turns)
        self.dullness_penalty = _penalty(dullness_penalty)

    def reply(
        self,
        turns,
        *,
        persona=(),
        return_dict=False,
        **options,
    ):
        """Says the next turn of a conversation.

        Args:
            turns: list of str, oldest first; or a list of such lists, for several conversations. A
                str is a conversation whose turns are its lines. Without a turn the model opens the
                conversation.
            persona: list of str, turns that stand before all others and never leave.
            return_dict: whether to return `zoo.tasks.chat_bot.Reply` in place of a str.
            **options: see `generate`; `prefix` is how the reply begins. `dullness_penalty`: see the
                class. Default: the setting kept with the model.

        Returns:
            A str for one conversation, a list for several. With `num_return_sequences` above 1, a
            list of that many in place of each reply.

        Raises:
            TypeError: `turns` is of another kind; an unknown option.
            ValueError: an option outside its range.
        """
        several, conversations = _conversations(turns)
        if isinstance(persona, str):
            raise TypeError(f"persona must be a list of str; got {persona!r:.80}.")
        persona = [one_line(turn) for turn in raw_data.text_items("persona", persona, "list")]
        histories = self._histories(conversations, persona)
        answers = self.generate(histories, return_dict=return_dict, **options)
        return answers if several else answers[0]

    def ask(self, inputs, **options):
        """`reply` to a str, or to each of a list of str: conversations as an export takes them."""
        if isinstance(inputs, str):
            return self.reply(inputs, **options)
        return self.reply([text.split("\n") for text in inputs], **options)

    def answer(self, inputs):
        return self.ask(inputs)

    def preprocess(self, inputs):
        if isinstance(inputs, str):
            return self._histories([inputs.split("\n")], []), True
        if all(isinstance(history, History) for history in inputs):
            return list(inputs), False
        found = raw_data.text_items("inputs", inputs, "a str or a list of str")
        return self._histories([text.split("\n") for text in found], []), False

    def build_constraints(self, sources, prefix, dullness_penalty=None):
        """As for `SearchTask`; `dullness` is float32 (B, 1), where there is a penalty."""
        constraints = super().build_constraints(sources, prefix)
        given = self.dullness_penalty if dullness_penalty is None else _penalty(dullness_penalty)
        if given or self.dullness_penalty:
            constraints["dullness"] = np.full((len(sources), 1), given, "float32")
        return constraints

    def init_search(self, source, constraints, times):
        beginning, step = super().init_search(source, constraints, times)
        rows = tf.shape(source)[0]
        if "dullness" in constraints:
            weights = constraints["dullness"]
        elif self.dullness_penalty:  # as an export has it
            weights = tf.fill([rows, 1], tf.constant(self.dullness_penalty, tf.float32))
        else:
            return beginning, step
        # Of two tokens, since Keras warns of a softmax over one.
        nothing = self.init_decoding(tf.tile([[END_ID, PAD_ID]], [rows, 1]))
        beginning = beginning._replace(
            static=(beginning.static, nothing.static, weights),
            state=(beginning.state, nothing.state),
        )
        return beginning, contrasted(step, step)

    def answer_settings(self):
        return (*super().answer_settings(), self.dullness_penalty)

    def _histories(self, conversations, persona):
        """Lists of turns -> `History` of each."""
        found = encode_turns(self.source_tokenizer, ["\n".join(turns) for turns in conversations])
        (first,) = encode_turns(self.source_tokenizer, ["\n".join(persona)])
        room = self.max_source_length - sum(len(turn) + 1 for turn in first)
        if room < 2:
            raise ValueError(
                f"persona must leave room for a turn in {self.max_source_length} tokens; "
                f"got {self.max_source_length - room} tokens."
            )
        kept = [newest_turns(turns[-self.max_turns :], room) for turns in found]
        return [
            History(as_source([*first, *some]), len(every) - len(some))
            for every, some in zip(found, kept, strict=True)
        ]

    def fitting(self, turns):
        return newest_turns(turns[-self.max_turns :], self.max_source_length)

    def graph_fitting(self, turns):
        lengths = turns.row_lengths(axis=2).to_tensor()  # (B, turns)
        behind = tf.cumsum(lengths, axis=1, reverse=True)
        number = tf.cumsum(tf.cast(lengths > 0, tf.int32), axis=1, reverse=True)
        few = number <= self.max_turns
        most = tf.reduce_max(tf.where(few, behind, 0), axis=1)
        fits = few & (behind <= self.max_source_length)
        kept = tf.reduce_max(tf.where(fits, behind, 0), axis=1)
        # Where not even the newest turn fits, its end is read.
        kept = tf.where(kept == 0, tf.minimum(most, self.max_source_length), kept)
        rows = turns.merge_dims(1, 2)
        ends = rows.row_limits()
        return tf.gather(rows.flat_values, tf.ragged.range(ends - kept, ends))

    def graph_newest(self, turns):
        there = tf.cast(turns.row_lengths(axis=2).to_tensor() > 0, tf.int32)
        newest = tf.cumsum(there, axis=1, reverse=True) <= self.max_turns
        newest = tf.RaggedTensor.from_tensor(newest, lengths=turns.row_lengths())
        return tf.ragged.boolean_mask(turns, newest)

    def encode_sources(self, texts):
        return [History(ids, 0) for ids in super().encode_sources(texts)]

    def collate(self, sources):
        return padded([history.ids for history in sources])

    def length(self, source):
        return len(source.ids)

    def source_pieces(self, source, ids):
        return self.source_tokenizer.pieces(source.ids)

    def _explain(self, source, ids, text):
        return Reply.of(super()._explain(source, ids, text), source.left_out)

    def settings(self):
        kept = {name: getattr(self, name) for name in self.kept_settings}
        return {**super().settings(), **kept}

    def lite_manifest(self, weights):
        return {**super().lite_manifest(weights), "max_turns": self.max_turns}


def _conversations(turns):
    """Whether there are several conversations, and the list of their lists of turns."""
    if isinstance(turns, str):
        return False, [turns.split("\n")]
    rows = raw_data.items("turns", turns, _RULE)
    if not rows or isinstance(rows[0], str):
        raw_data.check_items("turns[{}]", rows, raw_data.is_text, "turns", _RULE)
        return False, [list(map(one_line, rows))]
    found = []
    for i, row in enumerate(rows):
        row = raw_data.text_items(f"turns[{i}]", row, "a list of str")
        found.append(list(map(one_line, row)))
    return True, found


def _penalty(value):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"dullness_penalty must be a number; got {value!r:.80}.")
    if not 0 <= value < float("inf"):
        raise ValueError(f"dullness_penalty must be >= 0; got dullness_penalty={value}.")
    return float(value)
