"""BPE of characters: the same ids in Python and in a TensorFlow graph."""

import keras
import tensorflow as tf

from zoo.lite.spaced_pairs import FIRST, LEGACY, NEVER, SPACE, SpacedPairs
from zoo.text.pairs import PairTokenizer


@keras.saving.register_keras_serializable(package="zoo")
class SpacedPairTokenizer(PairTokenizer):
    """Text to token ids and back, as Llama 2 and TinyLlama do it; see `PairTokenizer`.

    A space is put in front of a text. It comes back with it, since what tokens spell goes on with
    what was before; a prefix that an answer is held to begins with it, too.

    Args:
        proto: bytes of `zoo.lite.spaced_pairs.SpacedPairs.written`, or these as base64 text.

    Call arguments and returns: see `SentencePieceTokenizer`.

    Raises:
        ValueError: `proto` is not such bytes.

    Reference:
        Touvron et al. 2023, LLaMA: Open and Efficient Foundation Language Models, section 2.1.
    """

    reader = SpacedPairs

    def _tokens(self, parts):
        flat, prefix = parts.values, self._subwords.rules.prefix
        spaced = tf.strings.regex_replace(flat, " ", SPACE)
        wanted = tf.fill(tf.shape(flat), prefix != NEVER)
        if prefix == FIRST:
            wanted = tf.ragged.range(parts.row_lengths()).values == 0
        if prefix != LEGACY:
            wanted &= ~tf.strings.regex_full_match(spaced, f"(?s){SPACE}.*")
        spaced = tf.where(wanted & (flat != ""), tf.strings.join([SPACE, spaced]), spaced)
        if self.added:
            is_added = tf.strings.regex_full_match(flat, self.added)
            spaced = tf.where(is_added, flat, spaced)
        return parts.with_values(self.resource.tokenize(spaced)).merge_dims(1, 2)
