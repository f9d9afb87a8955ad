"""SentencePiece: subwords with byte fallback, the same ids in Python and in a TensorFlow graph."""

import base64
import hashlib
import io
from functools import cached_property

import keras
import numpy as np
import sentencepiece
import tensorflow as tf

from zoo.lite.subwords import END_ID, PAD_ID, START_ID, UNKNOWN_ID, Subwords
from zoo.text import replacing, training

try:
    import tensorflow_text
    from tensorflow_text.python.ops import sentencepiece_tokenizer as tensorflow_text_ops
except ImportError:  # no wheel for Windows
    tensorflow_text = None


@keras.saving.register_keras_serializable(package="zoo")
class SentencePieceTokenizer(keras.layers.Layer):
    """Text to token ids and back. The vocabulary is part of the layer's configuration.

    In Python (`encode`, `decode`) it uses the sentencepiece package; in a graph (calling the layer,
    `detokenize`) tensorflow-text, or, where that has no wheel, the same package through a Python
    op: enough for training, but not for an export.

    Args:
        proto: a serialized SentencePiece model, as bytes or as base64 text. It must have
            padding 0, unknown 1, start 2, end 3, and byte fallback.

    Call arguments:
        texts: tf.string (B,), UTF-8.
        sampling: as of `encode`, for training; an export has none.

    Returns:
        tf.RaggedTensor int32 (B, None), without start and end tokens.

    Raises:
        ValueError: `proto` is not such a model.

    Reference:
        Kudo and Richardson 2018, SentencePiece; sampling: Kudo 2018, Subword Regularization.
    """

    reader = Subwords

    def __init__(self, proto, dtype="int32", **kwargs):
        super().__init__(dtype=dtype, **kwargs)
        self._subwords = self.reader(proto)
        self.proto = self._subwords.proto
        self.built = True

    @classmethod
    def train(
        cls,
        lines,
        vocab_size,
        character_coverage=1.0,
        seed_lines=2_000_000,
        model_type="unigram",
        lossless=False,
        lowercase=False,
        symbols=(),
        replaced=None,
    ):
        """Fits a vocabulary to text.

        Args:
            lines: an iterable of str. A long one is split, at a space where it has one.
            vocab_size: number of tokens, with 4 special ones and 256 bytes among them. It is an
                upper limit: a small text gives fewer.
            character_coverage: share of the characters that get a token of their own; the others
                are spelled in bytes. From 0.98 to 1; 0.9995 suits Chinese. Where `vocab_size` has
                no room for so many, three quarters of it are for the most frequent ones.
            seed_lines: number of lines to use at most, picked at random.
            model_type: "unigram" for subwords, or "char" for single characters.
            lossless: whether text comes back to the letter, its white space and line ends too, as
                language models need it; but U+2581, which is a space to SentencePiece, comes back
                as one. Otherwise it is normalised (NFKC, single spaces).
            lowercase: whether capital and small letters are one, in training and wherever the
                vocabulary is used: for classifiers of little text.
            symbols: list of str, each of which is one token wherever it stands, such as the names
                of speakers.
            replaced: what the vocabulary shall read as other text, see `replacing`; or None.

        Returns:
            A `SentencePieceTokenizer`.

        Raises:
            TypeError: `lines` is a str, or holds something else than str.
            ValueError: no text, or another argument that is out of its range, or `lossless` beside
                `lowercase`.
        """
        if lossless and lowercase:
            raise ValueError(
                "lossless keeps every letter and lowercase does not; got lossless=True, "
                "lowercase=True."
            )
        if model_type not in ("unigram", "char"):
            raise ValueError(
                f"model_type must be 'unigram' or 'char'; got model_type={model_type!r}."
            )
        if vocab_size < 300:
            raise ValueError(
                f"vocab_size must be >= 300, since 260 tokens are fixed; got {vocab_size}."
            )
        if not 0.98 <= character_coverage <= 1:
            raise ValueError(
                "character_coverage must be from 0.98 to 1; "
                f"got character_coverage={character_coverage}."
            )
        lines = list(training.split_lines(training.checked_lines(lines)))
        if not lines:
            raise ValueError("lines must hold text; got none.")
        if model_type == "unigram":
            lines, character_coverage = training.with_room(
                lines, vocab_size, character_coverage, normalized=not lossless
            )
        exact = {
            "normalization_rule_name": "identity",
            "remove_extra_whitespaces": False,
            "add_dummy_prefix": False,
        }
        folded = {"normalization_rule_name": "nmt_nfkc_cf"}  # cf: case folding
        model = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(lines),
                model_writer=model,
                vocab_size=vocab_size,
                hard_vocab_limit=False,
                model_type=model_type,
                byte_fallback=True,
                character_coverage=character_coverage,
                input_sentence_size=seed_lines,
                pad_id=PAD_ID,
                unk_id=UNKNOWN_ID,
                bos_id=START_ID,
                eos_id=END_ID,
                num_threads=2,
                minloglevel=2,
                user_defined_symbols=["\n", *symbols] if lossless else [*symbols],
                **(exact if lossless else folded if lowercase else {}),
            )
        except RuntimeError as error:  # such as characters that the normalisation removes, alone
            raise ValueError(
                "lines must hold text that a vocabulary can be made of; "
                f"got {len(lines)} lines, the first of them {lines[0]!r:.60}: {error}"
            ) from error
        found = cls(model.getvalue())
        return found.replacing(replaced) if replaced else found

    def replacing(self, replaced):
        """The same tokens, for a vocabulary that reads some text as other text.

        Python, a graph, LiteRT and C++ follow, since the rules become part of the vocabulary's own
        normalisation. What a model has learned stays as it is.

        Args:
            replaced: dict of str to str, such as `zoo.text.simplified()`. The longest match counts.

        Returns:
            A `SentencePieceTokenizer`.

        Raises:
            ValueError: an empty str is to be replaced.
        """
        return type(self)(replacing.replaced_rules(self.proto, replaced))

    @property
    def vocab_size(self):
        """Number of tokens, V."""
        return self._subwords.vocab_size

    @property
    def adds_space(self):
        """Whether a space is put in front of a text, and what the text's tokens spell has it."""
        return self._subwords.adds_space

    def encode(self, texts, sampling=0.0):
        """List of str -> list of lists of ids, without start and end tokens.

        Args:
            texts: list of str.
            sampling: alpha of subword regularisation; 0 takes the best segmentation. Above it, each
                call draws one, of probability proportional to its own to the power of alpha.
        """
        return self._subwords.encode(texts, sampling)

    def decode(self, ids):
        """List of lists of ids -> list of str. Special tokens are left out."""
        return self._subwords.decode(ids)

    def pieces(self, ids):
        """List of ids -> list of tokens as text, `▁` for a space."""
        return self._subwords.pieces(ids)

    def id_of(self, piece):
        """The id of a token as text.

        Raises:
            ValueError: there is no such token.
        """
        return self._subwords.id_of(piece)

    def spelled(self):
        """The bytes that each token adds to a text: a list of V, of special tokens empty."""
        return self._subwords.spelled

    def graph_pieces(self, ids):
        """`pieces` in a graph: int32 (B, T) -> tf.string (B, T), padding as an empty string."""
        table = tf.constant(["", *self.pieces(range(1, self.vocab_size))])
        return tf.gather(table, ids)

    @cached_property
    def resource(self):
        """The tensorflow-text tokenizer, which a SavedModel must track.

        Raises:
            ImportError: tensorflow-text is not installed.
        """
        if tensorflow_text is None:
            raise ImportError(
                "An export needs the package tensorflow-text, which is not installed: it has no "
                "wheel for Windows. Export on Linux, or on macOS with an Apple chip."
            )
        with tf.init_scope():
            model = self._subwords.model
            tokenizer = tensorflow_text.SentencepieceTokenizer(model)
            tokenizer._model_resource = _NamedModel(model)
        return tokenizer

    def call(self, texts, sampling=0.0):
        if tensorflow_text is not None and not sampling:
            texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8")  # invalid -> U+FFFD
            return self.resource.tokenize(texts)
        kinds = (tf.int32, tf.int64)
        ids, lengths = tf.numpy_function(self._encode_bytes, [texts, sampling], kinds)
        return tf.RaggedTensor.from_row_lengths(tf.ensure_shape(ids, (None,)), lengths)

    def detokenize(self, ids):
        """Ids int32 (B, T), padded with 0 -> tf.string (B,). Special tokens are left out."""
        ragged = tf.ragged.boolean_mask(ids, ids > END_ID)
        if tensorflow_text is not None:
            return self.resource.detokenize(ragged)
        parts = [ragged.values, ragged.row_splits]
        return tf.ensure_shape(tf.numpy_function(self._decode_flat, parts, tf.string), (None,))

    def _encode_bytes(self, texts, sampling):
        rows = self.encode([text.decode("utf-8", "replace") for text in texts], float(sampling))
        flat = [i for row in rows for i in row]
        return np.array(flat, "int32"), np.array([len(row) for row in rows], "int64")

    def _decode_flat(self, ids, splits):
        rows = [ids[a:b].tolist() for a, b in zip(splits, splits[1:], strict=False)]
        return np.array([text.encode() for text in self.decode(rows)], object)

    def get_config(self):
        return {**super().get_config(), "proto": base64.b64encode(self.proto).decode("ascii")}


class _NamedModel(tf.saved_model.experimental.TrackableResource):
    """The model of a tensorflow-text tokenizer, under a name of its own.

    Without a name it belongs to the kernel that made it, and is gone when TensorFlow clears its
    kernels: `keras.utils.set_random_seed` and `keras.utils.clear_session` do.
    """

    def __init__(self, proto):
        super().__init__()
        self._proto = proto
        _ = self.resource_handle  # makes the resource

    def _create_resource(self):
        return tensorflow_text_ops.gen_sentencepiece_tokenizer.sentencepiece_op(
            model=self._proto, shared_name=f"zoo_{hashlib.sha256(self._proto).hexdigest()}"
        )
