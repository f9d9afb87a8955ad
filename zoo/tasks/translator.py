"""`Translator`: strings of one language in, strings of another out."""

import dataclasses
import functools
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from zoo.lite.kept import answered, as_it_stands, questions
from zoo.tasks.answers import SHARED
from zoo.tasks.inputs import framed, texts
from zoo.tasks.output import joined
from zoo.tasks.sequence_task import SequenceTask
from zoo.text import END_ID, LANGUAGES, PAD_ID, SentenceCut, parts_of, warn_of_another

_SEED_STEP = 1_000_003  # between the parts of a text, so that they draw other numbers


class Passage(NamedTuple):
    """A text as `Translator` reads it: its parts, and the ids of each with an end token.

    `questions` has for each part the ways to ask for it, see `zoo.lite.kept`; the ids are those of
    the first one.
    """

    cut: SentenceCut
    ids: list[list[int]]
    questions: list[list]


@keras.saving.register_keras_serializable(package="zoo")
class Translator(SequenceTask):
    """A sequence-to-sequence model with its tokenizers and its way of decoding.

    `fit` trains on pairs of strings, tokenised, bucketed by length and padded inside. `generate`
    translates a str, or a list of str; blank text gives blank text.

    A text of several lines or sentences is cut, each part is translated for itself, and the answers
    are joined with the white space that stood between the parts, so that a letter stays a letter.
    `prefix` then begins the first part, the other options hold for each; with `stop` no text is
    cut. `score` and an export do not cut: they take one sentence, or what was learned as one.

    E-mail addresses and URLs are taken over as they are; so are long numbers, and names that the
    model is not likely to know, of texts in German, French or Chinese (`source_language`), where an
    answer has lost one. In the search another number stands for them, or a better known name, and
    in `tokens` and `source_tokens` of an answer with `return_dict`. Where an answer has lost that,
    too, the part is translated as it stands. In a text that is not cut, nothing stands for
    anything.

    Args:
        model: `zoo.models.Transformer`, `zoo.models.RNNSearch`, or any `keras.Model` that maps
            `{"source", "target"}` to logits and has `encode`, `prefill` and `make_decode_step` (see
            ARCHITECTURE.md, the decoding protocol).
        source_tokenizer: a `zoo.text.SentencePieceTokenizer`.
        target_tokenizer: the same for the target. Default: `source_tokenizer` serves both.
        decoding: dict of the options that `generate` uses where it is not told otherwise.
        max_source_length: longer sources are cut to this many tokens, the end token included.
        max_sentence_length: `generate` cuts a text at its line breaks, and a line of more than this
            many tokens, the end token included, into its sentences (`zoo.text.cut_sentences`). A
            model that has learned from lines of several sentences reads short ones better whole; 0
            cuts them all, None no text at all.
        max_target_ratio: an answer has at most this many tokens for each of its source and 10 more,
            whatever `max_new_tokens` says; or None.
        source_prefix: str, a token of `source_tokenizer` that is put in front of each source, as
            models of several target languages need it (`">>fra<<"`); None for none.
        source_language: "de", "en", "fr" or "zh", so that `generate` can warn, once, of a text in
            another language; None where it is another or not known.

    Reference:
        Sutskever et al. 2014 (sequence to sequence); Bahdanau et al. 2015 (with attention).
    """

    kept_settings = (
        "max_source_length",
        "max_sentence_length",
        "source_language",
        "max_target_ratio",
        "source_prefix",
    )

    def __init__(
        self,
        model,
        source_tokenizer,
        target_tokenizer=None,
        decoding=None,
        max_source_length=512,
        max_sentence_length=0,
        source_language=None,
        max_target_ratio=1.5,
        source_prefix=None,
        **kwargs,
    ):
        super().__init__(
            model, source_tokenizer, target_tokenizer, decoding, max_source_length, **kwargs
        )
        if max_sentence_length is not None and max_sentence_length < 0:
            raise ValueError(
                "max_sentence_length must be >= 0 or None; "
                f"got max_sentence_length={max_sentence_length}."
            )
        if max_target_ratio is not None and not max_target_ratio > 0:
            raise ValueError(
                f"max_target_ratio must be > 0 or None; got max_target_ratio={max_target_ratio}."
            )
        if source_language not in (None, *LANGUAGES):
            raise ValueError(
                f"source_language must be one of {', '.join(LANGUAGES)}, or None; "
                f"got source_language={source_language!r}."
            )
        self.max_sentence_length = max_sentence_length
        self.max_target_ratio = max_target_ratio
        self.source_prefix = source_prefix
        self._prefix_ids = [] if source_prefix is None else [source_tokenizer.id_of(source_prefix)]
        self._frame = len(self._prefix_ids) + 1  # tokens of a source that are not of its text
        self.source_language = source_language
        self._language_warned = False  # whether another language was warned of

    def preprocess(self, inputs):
        found = texts("inputs", inputs)
        self._language_warned = warn_of_another(self.source_language, found, self._language_warned)
        cuts = [parts_of(text, self._longest_line(), self._length_of) for text in found]
        asked = [[self._questions(part) for part in cut.sentences] for cut in cuts]
        ids = iter(self.encode_sources([first.text for row in asked for first, *_ in row]))
        passages = [
            Passage(cut, [next(ids) for _ in row], row)
            for cut, row in zip(cuts, asked, strict=True)
        ]
        return passages, isinstance(inputs, str)

    def _questions(self, part):
        if self.max_sentence_length is None:
            return [as_it_stands(part)]
        return questions(part, self.source_language)

    def _longest_line(self):
        """The most tokens of a line that is not cut, so that none of them is lost; or None."""
        if self.max_sentence_length is None:
            return None
        return min(self.max_sentence_length, self.max_source_length)

    def _length_of(self, line):
        return len(self.source_tokenizer.encode([line])[0]) + self._frame

    def _answered(self, passages, constraints, seeds, decoding, stops, return_dict):
        """The answers of `SearchTask` to the parts, joined."""
        if stops is not None:  # an answer ends at a stop, and nothing can come behind it
            whole = [passage.cut.joined(passage.cut.sentences) for passage in passages]
            uncut = [parts_of(text, None, len) for text in whole]
            rows = self._encoded_like([passage.ids[0] for passage in passages], whole)
            passages = [
                Passage(cut, [ids], [[as_it_stands(text)]])
                for cut, ids, text in zip(uncut, rows, whole, strict=True)
            ]
        places = [(i, n) for i, passage in enumerate(passages) for n in range(len(passage.ids))]
        owner, number = np.array(places, "int64").reshape(-1, 2).T
        constraints = {
            name: part if name in SHARED else part[owner] for name, part in constraints.items()
        }
        if "ids" in constraints:
            constraints["ids"][number > 0] = PAD_ID  # a prefix begins the first part alone
        seeds = ((seeds[owner] + _SEED_STEP * number) % 2**31).astype("int32")
        sources = [ids for passage in passages for ids in passage.ids]
        asked = [ways for passage in passages for ways in passage.questions]
        own_answers = super()._answered  # `super` is another one inside of a function

        def ask(places, asking):
            rows = [
                sources[i]
                if question is asked[i][0]
                else self._encoded_like([sources[i]], [question.text])[0]
                for i, question in zip(places, asking, strict=True)
            ]
            own = {n: part if n in SHARED else part[places] for n, part in constraints.items()}
            answers = own_answers(rows, own, seeds[places], decoding, stops, return_dict)
            return [functools.partial(_shown, row) for row in answers]

        found = answered(asked, ask)
        found = iter(found)
        return [_joined_answers(p.cut, [next(found) for _ in p.ids]) for p in passages]

    def _encoded_like(self, rows, texts):
        """The ids of other texts, with the front of these rows, which `preprocess` chose."""
        front = len(self._prefix_ids)
        encoded = self.encode_sources(texts)
        return [row[:front] + ids[front:] for row, ids in zip(rows, encoded, strict=True)]

    def encode_sources(self, texts):
        cut = self.max_source_length - self._frame
        ids = self.source_tokenizer.encode(texts)
        return [[*self._prefix_ids, *row[:cut], END_ID] for row in ids]

    def graph_sources(self, texts, sampling=0.0, cut=True):
        ids = self.source_tokenizer(texts, sampling=sampling)
        if cut:
            ids = ids[:, : self.max_source_length - self._frame]
        prefix = tf.tile(tf.constant([self._prefix_ids], tf.int32), [ids.nrows(), 1])
        return framed(tf.concat([prefix, ids], axis=1) if self._prefix_ids else ids, end=True)

    def longest_answer(self, source):
        pieces = tf.reduce_sum(tf.cast(source != PAD_ID, tf.int32), axis=1) - self._frame
        most = tf.fill(tf.shape(pieces), tf.int32.max)
        if self.max_target_ratio is not None:
            most = 10 + tf.cast(self.max_target_ratio * tf.cast(pieces, tf.float32), tf.int32)
        return tf.where(pieces > 0, most, 0)

    def lite_manifest(self, weights):
        return {
            **super().lite_manifest(weights),
            "max_sentence_length": self._longest_line(),
            "source_language": self.source_language,
            "source_prefix": self._prefix_ids,
        }


def _shown(row, question):
    """The answers to a `Question`; None where one of them has lost what stood for something."""
    shown = [question.shown(answer if isinstance(answer, str) else answer.text) for answer in row]
    if None in shown:
        return None
    return [
        text if isinstance(answer, str) else dataclasses.replace(answer, text=text)
        for answer, text in zip(row, shown, strict=True)
    ]


def _joined_answers(cut, rows):
    """The answers to a text: the first to each of its parts, then the second to each.

    Args:
        cut: `zoo.text.SentenceCut`.
        rows: for each part a list of str or of `Generated`, best first.
    """
    if len(rows) == 1:
        return rows[0]
    answers = []
    for n in range(max(map(len, rows))):
        parts = [row[min(n, len(row) - 1)] for row in rows]
        if isinstance(parts[0], str):
            answers.append(cut.answered(parts))
        else:
            answers.append(joined(parts, cut.answered([part.text for part in parts])))
    return answers
