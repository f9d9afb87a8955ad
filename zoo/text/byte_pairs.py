"""Byte-level BPE: the same ids in Python and in a TensorFlow graph."""

import re

import keras
import tensorflow as tf

from zoo.lite.byte_pairs import NULL, PATTERNS, WHITE_SPACE, WORD, BytePairs, translated
from zoo.text.pairs import CUT, PairTokenizer, cut
from zoo.text.sentencepiece import tensorflow_text

_CLASSES = {"s": WHITE_SPACE, "L": r"\p{L}", "N": r"\p{N}"}


@keras.saving.register_keras_serializable(package="zoo")
class BytePairTokenizer(PairTokenizer):
    """Text to token ids and back, as GPT-2, Llama 3 and Qwen do it; see `PairTokenizer`.

    Args:
        proto: bytes of `zoo.lite.byte_pairs.BytePairs.written`, or these as base64 text.

    Call arguments and returns: see `SentencePieceTokenizer`.

    Raises:
        ValueError: `proto` is not such bytes.

    Reference:
        Radford et al. 2019, Language Models are Unsupervised Multitask Learners, section 2.2.
    """

    reader = BytePairs

    def _tokens(self, parts):
        words = self._words(parts)
        letters = tf.strings.unicode_transcode(words.values, "ISO-8859-1", "UTF-8")
        letters = tf.strings.regex_replace(letters, r"\x00", NULL)
        if self._subwords.words:
            found = "|".join(map(re.escape, sorted(self._subwords.words)))
            letters = tf.strings.regex_replace(letters, f"^({found})$", rf"{WORD}\1")
        return words.with_values(self.resource.tokenize(letters)).merge_dims(1, 2)

    def _words(self, parts):
        """Ragged tf.string (B, parts) -> the words, a ragged tf.string (B, None)."""
        rules = self._subwords.rules
        pattern = PATTERNS[rules.pattern]
        flat = parts.values
        if rules.nfc:
            flat = tensorflow_text.normalize_utf8(flat, "NFC")
        words = [self.added] if self.added else []
        if rules.digits:
            flat = cut(flat, "|".join([*words, r"\p{N}"]))
        # RE2 does not look ahead: where white space leaves its last character to what follows, the
        # cut is made first.
        left = "".join(space for space in WHITE_SPACE if space not in pattern.kept)
        ahead = translated(rf"(\s+)([{left}])(\S)", _CLASSES)
        flat = tf.strings.regex_replace(flat, ahead, rb"\1" + CUT + rb"\2\3")
        words.append(translated(pattern.regex.replace(r"\s+(?!\S)|", ""), _CLASSES))
        flat = cut(flat, "|".join(words))
        return parts.with_values(tf.strings.split(flat, CUT)).merge_dims(1, 2)
