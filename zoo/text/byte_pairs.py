"""Byte-level BPE: the same ids in Python and in a TensorFlow graph."""

import re

import keras
import tensorflow as tf

from zoo.lite.byte_pairs import NULL, PATTERNS, WHITE_SPACE, WORD, BytePairs, translated
from zoo.text.sentencepiece import SentencePieceTokenizer, tensorflow_text

_CUT = b"\xff"  # between words: no byte of a text in UTF-8
_CLASSES = {"s": WHITE_SPACE, "L": r"\p{L}", "N": r"\p{N}"}


@keras.saving.register_keras_serializable(package="zoo")
class BytePairTokenizer(SentencePieceTokenizer):
    """Text to token ids and back, as GPT-2, Llama 3 and Qwen do it.

    It is made by `zoo.from_pretrained`, and has all that `SentencePieceTokenizer` has but training
    and sampling. The texts of added tokens, such as `<|endoftext|>`, are those tokens wherever they
    stand.

    Args:
        proto: bytes of `zoo.lite.byte_pairs.written`, or these as base64 text.

    Call arguments and returns: see `SentencePieceTokenizer`.

    Raises:
        ValueError: `proto` is not such bytes.

    Reference:
        Radford et al. 2019, Language Models are Unsupervised Multitask Learners, section 2.2.
    """

    reader = BytePairs

    def replacing(self, replaced):
        raise TypeError("a vocabulary of byte pairs reads text as it stands: it replaces nothing.")

    def call(self, texts, sampling=0.0):
        if tensorflow_text is None or sampling:
            return super().call(texts, sampling)
        texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8")  # invalid -> U+FFFD
        words = self._words(texts)
        letters = tf.strings.unicode_transcode(words.values, "ISO-8859-1", "UTF-8")
        letters = tf.strings.regex_replace(letters, r"\x00", NULL)
        if self._subwords.words:
            found = "|".join(map(re.escape, sorted(self._subwords.words)))
            letters = tf.strings.regex_replace(letters, f"^({found})$", rf"{WORD}\1")
        return words.with_values(self.resource.tokenize(letters)).merge_dims(1, 2)

    def _words(self, texts):
        """tf.string (B,) -> the words of each, a ragged tf.string (B, None)."""
        rules = self._subwords.rules
        pattern = PATTERNS[rules.pattern]
        added = "|".join(map(re.escape, sorted(rules.added, key=len, reverse=True)))
        parts = tf.strings.split(_cut(texts, added) if added else texts, _CUT)
        flat = parts.values
        if rules.nfc:
            flat = tensorflow_text.normalize_utf8(flat, "NFC")
        words = [added] if added else []
        if rules.digits:
            flat = _cut(flat, "|".join([*words, r"\p{N}"]))
        # RE2 does not look ahead: where white space leaves its last character to what follows, the
        # cut is made first.
        left = "".join(space for space in WHITE_SPACE if space not in pattern.kept)
        ahead = translated(rf"(\s+)([{left}])(\S)", _CLASSES)
        flat = tf.strings.regex_replace(flat, ahead, rb"\1" + _CUT + rb"\2\3")
        words.append(translated(pattern.regex.replace(r"\s+(?!\S)|", ""), _CLASSES))
        flat = _cut(flat, "|".join(words))
        return parts.with_values(tf.strings.split(flat, _CUT)).merge_dims(1, 2)

    def detokenize(self, ids):
        table = tf.constant(self.spelled())
        text = tf.strings.reduce_join(tf.gather(table, ids), axis=1)
        return tf.strings.unicode_transcode(text, "UTF-8", "UTF-8")


def _cut(texts, regex):
    """`texts` with a cut on both sides of each match."""
    return tf.strings.regex_replace(texts, regex, _CUT + rb"\0" + _CUT)
