"""What tokenizers of merged pairs share, in Python and in a TensorFlow graph."""

import re

import tensorflow as tf

from zoo.text.sentencepiece import SentencePieceTokenizer, tensorflow_text

CUT = b"\xff"  # between parts of a text: no byte of UTF-8


class PairTokenizer(SentencePieceTokenizer):
    """Base of the tokenizers of public checkpoints, which `zoo.from_pretrained` makes.

    They have all that `SentencePieceTokenizer` has but training and sampling. The texts of added
    tokens, such as `<|endoftext|>`, are those tokens wherever they stand. A subclass says how the
    parts between them are read in a graph (`_tokens`).
    """

    def replacing(self, replaced):
        raise TypeError(
            "a vocabulary of merged pairs reads text as it stands: it replaces nothing."
        )

    def call(self, texts, sampling=0.0):
        if tensorflow_text is None or sampling:
            return super().call(texts, sampling)
        texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8")  # invalid -> U+FFFD
        return self._tokens(tf.strings.split(cut(texts, self.added), CUT))

    def _tokens(self, parts):
        """Ragged tf.string (B, parts), each an added token or what is between -> ids (B, None)."""
        raise NotImplementedError

    @property
    def added(self):
        """A regular expression of the added tokens; empty where there are none."""
        added = self._subwords.rules.added
        return "|".join(map(re.escape, sorted(added, key=len, reverse=True)))

    def detokenize(self, ids):
        table = tf.constant(self.spelled())
        text = tf.strings.reduce_join(tf.gather(table, ids), axis=1)
        return tf.strings.unicode_transcode(text, "UTF-8", "UTF-8")


def cut(texts, regex):
    """`texts` with a cut on both sides of each match; as they are where `regex` is empty."""
    return tf.strings.regex_replace(texts, regex, CUT + rb"\0" + CUT) if regex else texts
