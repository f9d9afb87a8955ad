"""`SequenceTask`: what all heads share that read one sequence of tokens and write another."""

import tensorflow as tf

from zoo.data.batching import bucketed_pairs
from zoo.lite.readers import SOURCE
from zoo.tasks import raw_data
from zoo.tasks.inputs import IDS, framed, padded, text_tensor, texts
from zoo.tasks.search_task import DecodeInit, SearchTask
from zoo.text import PAD_ID, START_ID


class SequenceTask(SearchTask):
    """Base of the sequence-to-sequence heads: a text is read, and another is written.

    A source is a list of ids with an end token. A subclass says how texts become sources in Python
    (`encode_sources`) and in the graph (`graph_sources`), and, where its verb takes something else
    than texts, what that is (`preprocess`).

    Args:
        model: `zoo.models.Transformer`, `zoo.models.RNNSearch`, or any `keras.Model` that maps
            `{"source", "target"}` to logits and has `encode`, `prefill` and `make_decode_step` (see
            ARCHITECTURE.md, the decoding protocol).
        source_tokenizer: a `zoo.text.SentencePieceTokenizer`.
        target_tokenizer: the same for the target. Default: `source_tokenizer` serves both.
        decoding: dict of the options that answers are looked for by where nothing else is said.
        max_source_length: the most tokens of a source, the end token included.
    """

    serialized_parts = ("model", "source_tokenizer", "target_tokenizer")
    kept_settings = ("max_source_length",)  # arguments of the constructor that JSON can hold
    source_spec = IDS
    serving_spec = tf.TensorSpec([None], tf.string, name="text")

    def __init__(
        self,
        model,
        source_tokenizer,
        target_tokenizer=None,
        decoding=None,
        max_source_length=512,
        **kwargs,
    ):
        super().__init__(model, target_tokenizer or source_tokenizer, decoding, **kwargs)
        if max_source_length < 2:
            raise ValueError(
                f"max_source_length must be >= 2; got max_source_length={max_source_length}."
            )
        self.source_tokenizer = source_tokenizer
        self.max_source_length = int(max_source_length)

    def encode_sources(self, texts):
        """List of str -> list of sources, each of at most `max_source_length` ids."""
        raise NotImplementedError

    def graph_sources(self, texts, sampling=0.0, cut=True):
        """`encode_sources` in the graph: tf.string (B,) -> ragged int32 (B, None).

        Args:
            texts: tf.string (B,).
            sampling: see `zoo.text.SentencePieceTokenizer`.
            cut: whether to, or to give all that is there, as training does, which leaves out what
                is too long.
        """
        raise NotImplementedError

    def longest_answer(self, source):
        """The most new tokens that make sense for each source (B, S): int32 (B,)."""
        raise NotImplementedError

    def batches(
        self,
        x,
        y=None,
        *,
        batch_tokens=4096,
        batch_size=None,
        shuffle=0,
        seed=0,
        subword_sampling=0.0,
    ):
        """Pairs of strings -> batches of (inputs, next tokens, weights).

        Args:
            x: a tf.data.Dataset of (source, target) strings, batched or not; or a list of pairs;
                or a list of sources, with `y`. An array, a generator or a `zip` serves as a list.
            y: list of targets.
            batch_tokens, batch_size, shuffle, seed, subword_sampling: see `fit`.

        Returns:
            A tf.data.Dataset: `{"source": int32 (B, S), "target": int32 (B, T)}`; next tokens int32
            (B, T); weights float32 (B, T), 0 at padding.
        """
        pairs = bucketed_pairs(
            _string_pairs(x, y),
            lambda *sides: self._encode_pairs(*sides, subword_sampling),
            batch_tokens=batch_tokens,
            batch_size=batch_size,
            max_length=self.max_source_length,
            shuffle=shuffle,
            seed=seed,
        )

        def shifted(source, target):
            inputs = {"source": source, "target": target[:, :-1]}
            labels = target[:, 1:]
            return inputs, labels, tf.cast(labels != PAD_ID, tf.float32)

        return pairs.map(shifted)

    def _encode_pairs(self, sources, targets, sampling):
        return (
            self.graph_sources(sources, sampling, cut=False),
            framed(self.target_tokenizer(targets, sampling=sampling), start=True, end=True),
        )

    def score(self, source, target):
        """Natural-log probability of each target, its end token included, given its source.

        Args:
            source: str, or a list of str.
            target: str, or a list of as many str.

        Returns:
            A float for two str, float32 (B,) for lists.
        """
        sources = self.encode_sources(texts("source", source))
        return self.scored(sources, isinstance(source, str), "target", target, "source")

    def collate(self, sources):
        return padded(sources)

    def init_decoding(self, source):
        static, state = self.model.prefill(self.model.encode(source))
        return DecodeInit(
            static=static, state=state, first=START_ID, limit=self.longest_answer(source)
        )

    def source_pieces(self, source, ids):
        return self.source_tokenizer.pieces(source)

    def graph_inputs(self, inputs):
        return text_tensor(inputs)

    def preprocess_tf(self, inputs):
        return tf.ensure_shape(self.graph_sources(inputs).to_tensor(), [None, None])

    def lite_manifest(self, weights):
        return {**super().lite_manifest(weights), "longest_source": self.max_source_length}

    def source_pieces_in_graph(self, source, ids):
        return {"source_tokens": self.source_tokenizer.graph_pieces(source)}

    def lite_files(self):
        return {**super().lite_files(), SOURCE: self.source_tokenizer.proto}

    def resources(self):
        return [self.source_tokenizer.resource, *super().resources()]

    def get_config(self):
        shared = self.target_tokenizer is self.source_tokenizer
        settings = {name: getattr(self, name) for name in self.kept_settings}
        config = {**super().get_config(), **settings}
        return {**config, "target_tokenizer": None} if shared else config


def _string_pairs(x, y):
    """What `fit` takes as data -> a tf.data.Dataset of two scalar strings."""
    if isinstance(x, tf.data.Dataset):
        if y is not None:
            raise ValueError(f"y must be None with a dataset; got {type(y).__name__}.")
        return raw_data.string_dataset(x, 2, "a dataset of (source, target) strings")
    rule = "a list of (source, target) pairs of str, or a list of sources, with y of targets"
    return tf.data.Dataset.from_tensor_slices(raw_data.pairs(x, y, rule))
