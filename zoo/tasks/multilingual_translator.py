"""`MultilingualTranslator`: strings in, strings out, between any two of many languages."""

from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from zoo.lite.languages import checked_code
from zoo.tasks.answers import SHARED
from zoo.tasks.search_export import Answers
from zoo.tasks.search_task import DecodeInit
from zoo.tasks.translator import Translator
from zoo.text import PAD_ID, START_ID
from zoo.training import token_cross_entropy


class Directed(NamedTuple):
    """What `generate` takes, and the tokens of the languages to write and to read."""

    inputs: Any
    tokens: list[int]


@keras.saving.register_keras_serializable(package="zoo")
class MultilingualTranslator(Translator):
    """A translator of many languages, each of which has a token of its own.

    The token of the language of a text stands in front of it. That of the language to write is the
    first of each answer, without a choice and at no cost; it counts for `max_new_tokens`, and is no
    part of the text. As a *source* is known everywhere by its ids, the language to write stands in
    front of these, and the encoder does not read it.

    Args:
        model, source_tokenizer, target_tokenizer, decoding, max_source_length, max_sentence_length,
        max_target_ratio: see `zoo.Translator`; both languages count for `max_source_length`.
        languages: dict of the code of each language to its token, in both vocabularies.
        source_language, target_language: codes of the languages where `generate` is not told
            otherwise: in `fit` and `score`, too, and in an export.

    Raises:
        ValueError: a language that is none of `languages`; the message has those that are near.

    References:
        Fan et al. 2021, Beyond English-Centric Multilingual Machine Translation (M2M-100);
        NLLB team 2022, No Language Left Behind.
    """

    kept_settings = (
        "max_source_length",
        "max_sentence_length",
        "max_target_ratio",
        "source_language",
        "target_language",
    )
    rules = ("source_language", "target_language")

    def __init__(
        self,
        model,
        source_tokenizer,
        target_tokenizer=None,
        decoding=None,
        max_source_length=512,
        max_sentence_length=0,
        max_target_ratio=1.5,
        *,
        languages,
        source_language,
        target_language,
        **kwargs,
    ):
        super().__init__(
            model,
            source_tokenizer,
            target_tokenizer,
            decoding,
            max_source_length,
            max_sentence_length,
            max_target_ratio=max_target_ratio,
            **kwargs,
        )
        self._language_warned = True  # a text may be in any language
        self._languages = dict(languages)
        self._prefix_ids = self._tokens(source_language, target_language)
        self._frame = len(self._prefix_ids) + 1
        self.source_language, self.target_language = source_language, target_language

    @property
    def languages(self):
        """The code of each language and its token, a dict."""
        return dict(self._languages)

    def _tokens(self, source_language, target_language):
        """The tokens in front of a source: of the language to write, and of that of the text."""
        codes = {"target_language": target_language, "source_language": source_language}
        names = [
            self._languages[checked_code(name, code, self._languages)]
            for name, code in codes.items()
        ]
        sides = self.target_tokenizer, self.source_tokenizer
        return [side.id_of(name) for side, name in zip(sides, names, strict=True)]

    def generate(self, inputs, *, source_language=None, target_language=None, **options):
        """Translates a str, or each of a list of str.

        Args:
            inputs: the texts, all in one language.
            source_language: the code of that language. Default: the setting kept with the model.
            target_language: the code of the language to translate into; as that.
            **options: see `zoo.Translator.generate`.

        Raises:
            ValueError: a language that the model does not have; the message has those that are
                near. What else goes wrong: see there.
        """
        tokens = self._tokens(
            self.source_language if source_language is None else source_language,
            self.target_language if target_language is None else target_language,
        )
        return super().generate(Directed(inputs, tokens), **options)

    def preprocess(self, inputs):
        directed = inputs if isinstance(inputs, Directed) else Directed(inputs, self._prefix_ids)
        passages, one = super().preprocess(directed.inputs)
        for passage in passages:
            for ids in passage.ids:
                ids[: len(directed.tokens)] = directed.tokens
        return passages, one

    def build_constraints(self, sources, prefix):
        constraints = super().build_constraints(
            sources, prefix
        )  # the first place is that of the language
        return {
            name: part if name in SHARED else np.pad(part, [(0, 0), (1, 0)])
            for name, part in constraints.items()
        }

    def init_decoding(self, source):
        static, state = self.model.prefill(self.model.encode(source[:, 1:]))
        return DecodeInit(
            static=(static, source[:, 0]),
            state=state,
            first=START_ID,
            limit=self.longest_answer(source),
        )

    def init_search(self, source, constraints, times):
        beginning, step = super().init_search(source, constraints, times)

        def directed(tokens, static, state):
            """The step; behind the start token, which comes once, is the language to write."""
            static, language = static
            logits, state = step(tokens, static, state)
            language = tf.repeat(language, times)[:, None]
            alone = tf.where(tf.range(tf.shape(logits)[1]) == language, 0.0, -float("inf"))
            return tf.where((tokens == START_ID)[:, None], alone, logits), state

        return beginning, directed

    def _search(self, *arguments):
        found = super()._search(*arguments)
        return [[(ids[1:], score) for ids, score in row] for row in found]

    def _best(self, *arguments, **options):
        ids, score = super()._best(*arguments, **options)
        return Answers(ids[:, 1:], score)

    def teacher_forced_scores_tf(self, source, target):
        start = tf.fill([tf.shape(target)[0], 1], START_ID)
        given = tf.concat([start, source[:, :1], target[:, :-1]], axis=1)
        inputs = {"source": source[:, 1:], "target": given}
        logits, attention = self.model(inputs, return_attention_scores=True, training=False)
        losses = token_cross_entropy(target, logits[:, 1:])
        losses *= tf.cast(target != PAD_ID, tf.float32)
        return -tf.reduce_sum(losses, axis=1), tf.cast(attention[:, :, :, 1:], tf.float32)

    def batches(self, x, y=None, **options):
        def directed(inputs, labels, weights):
            source, target = inputs["source"], inputs["target"]
            language = source[:, :1]
            inputs = {
                "source": source[:, 1:],
                "target": tf.concat([target[:, :1], language, target[:, 1:]], axis=1),
            }
            nothing = tf.zeros_like(weights[:, :1])
            return inputs, tf.concat([language, labels], 1), tf.concat([nothing, weights], 1)

        return super().batches(x, y, **options).map(directed)

    def source_pieces(self, source, ids):
        return super().source_pieces(source[1:], ids)

    def source_pieces_in_graph(self, source, ids):
        return super().source_pieces_in_graph(source[:, 1:], ids)

    def lite_manifest(self, weights):
        sides = self.target_tokenizer, self.source_tokenizer
        written, read = (
            {code: side.id_of(name) for code, name in self._languages.items()} for side in sides
        )
        return {
            **super().lite_manifest(weights),
            "target_language": self.target_language,
            "target_languages": written,
            "source_languages": read,
        }

    def get_config(self):
        return {**super().get_config(), "languages": self.languages}
