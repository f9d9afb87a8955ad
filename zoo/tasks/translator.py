"""`Translator`: strings of one language in, strings of another out."""

import functools
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from zoo.data.batching import bucketed_pairs
from zoo.decoding import Decoding, all_of, banned, forced, search
from zoo.tasks.output import Generated
from zoo.text import END_ID, PAD_ID, START_ID, UNKNOWN_ID
from zoo.training import token_cross_entropy

_IDS = tf.TensorSpec([None, None], tf.int32)
_VECTOR = tf.TensorSpec([None], tf.int32)
_CHUNK_TOKENS = 2048  # source positions that `generate` decodes together


class _Best(NamedTuple):
    ids: tf.Tensor  # int32 (B, T)
    score: tf.Tensor  # float32 (B,)


@keras.saving.register_keras_serializable(package="zoo")
class Translator(keras.Model):
    """A sequence-to-sequence model with its tokenizers and its way of decoding.

    Args:
        model: `zoo.models.Transformer`, `zoo.models.RNNSearch`, or any `keras.Model` that maps
            `{"source", "target"}` to logits and has `encode`, `start` and `step` (see
            ARCHITECTURE.md, the decoding protocol).
        source_tokenizer: a `zoo.text.SentencePieceTokenizer`.
        target_tokenizer: the same for the target. Default: `source_tokenizer` serves both.
        decoding: dict of the options that `generate` uses where it is not told otherwise.
        max_source_length: longer sources are cut to this many tokens, the end token included.

    Reference:
        Sutskever et al. 2014 (sequence to sequence); Bahdanau et al. 2015 (with attention).
    """

    def __init__(
        self,
        model,
        source_tokenizer,
        target_tokenizer=None,
        decoding=None,
        max_source_length=512,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if max_source_length < 2:
            raise ValueError(
                f"max_source_length must be >= 2; got max_source_length={max_source_length}."
            )
        self.model = model
        self.source_tokenizer = source_tokenizer
        self.target_tokenizer = target_tokenizer or source_tokenizer
        self.decoding = Decoding(**(decoding or {}))
        self.max_source_length = int(max_source_length)
        self.label_smoothing = 0.0
        self._searches = {}

    def build(self, input_shape=None):
        if not self.model.built:
            self.model.build(None)
        self.built = True

    def call(self, inputs, training=None):
        """`{"source": int (B, S), "target": int (B, T)}` -> logits float32 (B, T, V)."""
        return self.model(inputs, training=training)

    # Training: raw string pairs in.

    def compile(self, optimizer="adam", loss=None, label_smoothing=0.1, **kwargs):
        """`keras.Model.compile`, with a loss of its own by default.

        Args:
            optimizer: as in Keras.
            loss: as in Keras. Default: cross-entropy a real token, in nats; padding is not counted.
            label_smoothing: of the default loss in training. Evaluation is never smoothed.
            **kwargs: as in Keras.
        """
        if not 0 <= label_smoothing < 1:
            raise ValueError(
                f"label_smoothing must be in [0, 1); got label_smoothing={label_smoothing}."
            )
        self.label_smoothing = label_smoothing
        kwargs.setdefault("jit_compile", False)  # XLA compiles anew for each length: seconds each
        super().compile(optimizer=optimizer, loss=loss, **kwargs)

    def get_compile_config(self):
        if not self.compiled:
            return None
        serialize = keras.saving.serialize_keras_object
        return {
            "optimizer": serialize(self.optimizer),
            "loss": serialize(self.loss),
            "label_smoothing": self.label_smoothing,
        }

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if self.loss is not None:
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        smoothing = self.label_smoothing if training else 0.0
        losses = token_cross_entropy(y, y_pred, smoothing)
        weights = keras.ops.cast(sample_weight, "float32")
        return keras.ops.sum(losses * weights) / keras.ops.maximum(keras.ops.sum(weights), 1.0)

    def fit(
        self, x, y=None, validation_data=None, batch_tokens=4096, shuffle=50_000, seed=0, **kwargs
    ):
        """Trains on pairs of strings; tokenised, bucketed by length and padded inside.

        Args:
            x: a tf.data.Dataset of (source, target) strings, batched or not; or a list of pairs;
                or a list of sources, with `y`.
            y: list of targets.
            validation_data: like `x`.
            batch_tokens: the most padded positions a batch has on its longer side.
            shuffle: size of the shuffle buffer, in pairs.
            seed: of the shuffle.
            **kwargs: as in `keras.Model.fit`. With `steps_per_epoch` the data repeats without end,
                and with `initial_epoch` it goes on where that many epochs would have left it.

        Returns:
            A `keras.callbacks.History`.
        """
        self.build()
        batches = self.batches(x, y, batch_tokens=batch_tokens, shuffle=shuffle, seed=seed)
        if validation_data is not None:
            validation_data = self.batches(validation_data, batch_tokens=batch_tokens).cache()
        if kwargs.get("steps_per_epoch"):
            batches = batches.repeat().skip(
                kwargs["steps_per_epoch"] * kwargs.get("initial_epoch", 0)
            )
        return super().fit(
            batches.prefetch(8), validation_data=validation_data, shuffle=False, **kwargs
        )

    def evaluate(self, x, y=None, batch_tokens=4096, **kwargs):
        """`keras.Model.evaluate` on pairs of strings (see `fit`), or on what `batches` returns."""
        self.build()
        if not (isinstance(x, tf.data.Dataset) and len(x.element_spec) == 3):
            x, y = self.batches(x, y, batch_tokens=batch_tokens), None
        return super().evaluate(x, y, **{"sample_weight": None, **kwargs})

    def batches(self, x, y=None, *, batch_tokens=4096, shuffle=0, seed=0):
        """Pairs of strings (see `fit`) -> batches of (inputs, next tokens, weights).

        `inputs` is `{"source": int32 (B, S), "target": int32 (B, T)}`; next tokens int32 (B, T);
        weights float32 (B, T), 0 at padding.
        """
        pairs = bucketed_pairs(
            _string_pairs(x, y),
            self._encode_pairs,
            batch_tokens=batch_tokens,
            max_length=self.max_source_length,
            shuffle=shuffle,
            seed=seed,
        )

        def shifted(source, target):
            inputs = {"source": source, "target": target[:, :-1]}
            labels = target[:, 1:]
            return inputs, labels, tf.cast(labels != PAD_ID, tf.float32)

        return pairs.map(shifted)

    def _encode_pairs(self, sources, targets):
        return (
            _framed(self.source_tokenizer(sources), end=True),
            _framed(self.target_tokenizer(targets), start=True, end=True),
        )

    # Answers.

    def generate(
        self,
        inputs,
        *,
        max_new_tokens=None,
        num_beams=None,
        num_beam_groups=None,
        diversity_penalty=None,
        length_penalty=None,
        num_return_sequences=None,
        temperature=None,
        top_k=None,
        top_p=None,
        min_p=None,
        repetition_penalty=None,
        no_repeat_ngram_size=None,
        prefix=None,
        seed=None,
        return_dict=False,
    ):
        """Translates.

        Args:
            inputs: str, or a list of str. Blank text gives blank text.
            max_new_tokens: the most tokens of an answer. An answer has at most 3 tokens for 2 of
                its source, and 10 more, whatever this says.
            num_beams, num_beam_groups, diversity_penalty, length_penalty, num_return_sequences,
            temperature, top_k, top_p, min_p, repetition_penalty, no_repeat_ngram_size: see
                `zoo.decoding.Decoding`. Default: the setting kept with the model.
            prefix: str, or a list of str, one for each input: how the answer must begin.
            seed: int, for sampling; the same seed gives the same answers. Default: a random one.
            return_dict: whether to return `zoo.tasks.Generated` in place of strings.

        Returns:
            A str for a str, a list for a list. With `num_return_sequences` above 1, a list of that
            many in place of each answer, best first.

        Raises:
            TypeError: `inputs` or `prefix` is no text.
            ValueError: an option outside its range.
        """
        texts = _texts("inputs", inputs)
        decoding = self.decoding.updated(
            max_new_tokens=max_new_tokens,
            num_beams=num_beams,
            num_beam_groups=num_beam_groups,
            diversity_penalty=diversity_penalty,
            length_penalty=length_penalty,
            num_return_sequences=num_return_sequences,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            min_p=min_p,
            repetition_penalty=repetition_penalty,
            no_repeat_ngram_size=no_repeat_ngram_size,
        )
        prefixes = [""] * len(texts) if prefix is None else _texts("prefix", prefix)
        if len(prefixes) != len(texts):
            raise ValueError(
                "prefix must have one text for each input; "
                f"got {len(prefixes)} for {len(texts)} inputs."
            )
        seed = int(np.random.default_rng().integers(2**31)) if seed is None else int(seed)
        seeds = (np.arange(len(texts)) + seed).astype("int64") % 2**31

        sources = self._encode_sources(texts)
        prefix_ids = self.target_tokenizer.encode(prefixes)
        answers = [None] * len(texts)
        for rows in _chunks(sources):
            found = self._search(
                [sources[i] for i in rows],
                [prefix_ids[i] for i in rows] if prefix is not None else None,
                seeds[rows],
                decoding,
            )
            for i, ids in zip(rows, found, strict=True):
                answers[i] = ids
        if return_dict:
            answers = self._explain(sources, answers)
        else:
            flat = iter(self.target_tokenizer.decode([ids for row in answers for ids in row]))
            answers = [[next(flat) for _ in row] for row in answers]
        if decoding.num_return_sequences == 1:
            answers = [row[0] for row in answers]
        return answers[0] if isinstance(inputs, str) else answers

    def score(self, source, target):
        """Natural-log probability of each target, its end token included, given its source.

        Args:
            source: str, or a list of str.
            target: str, or a list of as many str.

        Returns:
            A float for two str, float32 (B,) for lists.
        """
        texts, targets = _texts("source", source), _texts("target", target)
        if len(texts) != len(targets):
            raise ValueError(
                "target must have one text for each source; "
                f"got {len(targets)} for {len(texts)} sources."
            )
        sources = self._encode_sources(texts)
        ids = [row + [END_ID] for row in self.target_tokenizer.encode(targets)]
        scores = np.zeros(len(texts), "float32")
        for rows in _chunks([s + t for s, t in zip(sources, ids, strict=True)]):
            scores[rows] = self._forced([sources[i] for i in rows], [ids[i] for i in rows])[0]
        return float(scores[0]) if isinstance(source, str) else scores

    def _encode_sources(self, texts):
        cut = self.max_source_length - 1
        return [ids[:cut] + [END_ID] for ids in self.source_tokenizer.encode(texts)]

    def _search(self, sources, prefixes, seeds, decoding):
        """Lists of ids -> for each source a list of lists of ids."""
        plan, floats = decoding.split()
        prefix = _padded(prefixes) if prefixes else np.zeros((len(sources), 0), "int32")
        found = self._search_function(plan, prefixes is not None)(
            _padded(sources),
            prefix,
            np.full(len(sources), decoding.max_new_tokens, "int32"),
            seeds.astype("int32"),
            floats,
        )
        tokens, lengths = found.tokens.numpy(), found.lengths.numpy()
        return [
            [tokens[b, r, : lengths[b, r]].tolist() for r in range(tokens.shape[1])]
            for b in range(len(sources))
        ]

    def _search_function(self, plan, has_prefix):
        """The compiled search for one static setting: traced once, for all shapes."""
        self.build()
        key = (plan, has_prefix)
        if key not in self._searches:
            floats = dict.fromkeys(Decoding().split()[1], tf.TensorSpec([], tf.float32))
            self._searches[key] = tf.function(
                functools.partial(self.search_ids, plan=plan, has_prefix=has_prefix),
                input_signature=[_IDS, _IDS, _VECTOR, _VECTOR, floats],
            )
        return self._searches[key]

    def search_ids(self, source, prefix, max_new_tokens, seeds, floats, *, plan, has_prefix):
        """Ids to ids, in the graph.

        Args:
            source: int32 (B, S), each row ended by the end token.
            prefix: int32 (B, P), how each answer begins.
            max_new_tokens: int32 (B,).
            seeds: int32 (B,).
            floats: from `Decoding.split`, as is
            plan: the static options.
            has_prefix: whether `prefix` counts.

        Returns:
            `zoo.decoding.Hypotheses`.
        """
        vocab_size = self.target_tokenizer.vocab_size
        rules = [banned([PAD_ID, UNKNOWN_ID, START_ID], vocab_size)]
        if has_prefix:
            rules.append(forced(prefix, PAD_ID, vocab_size))
        pieces = tf.reduce_sum(tf.cast(source != PAD_ID, tf.int32), axis=1) - 1
        limit = tf.where(pieces > 0, tf.minimum(max_new_tokens, pieces + pieces // 2 + 10), 0)
        static, state = self.model.start(self.model.encode(source))
        return search(
            lambda tokens, state: self.model.step(tokens, static, state),
            state,
            batch_size=tf.shape(source)[0],
            start_id=START_ID,
            end_id=END_ID,
            pad_id=PAD_ID,
            limit=limit,
            plan=plan,
            floats=floats,
            seeds=seeds,
            constraint=all_of(*rules),
        )

    @functools.cached_property
    def _forced_function(self):
        return tf.function(self.forced_ids, input_signature=[_IDS, _IDS])

    def forced_ids(self, source, target):
        """One pass over a known target, in the graph.

        Args:
            source: int32 (B, S).
            target: int32 (B, T), without the start token.

        Returns:
            float32 (B,), the log probability of each target, and float32 (B, layers, H, T, S).
        """
        start = tf.fill([tf.shape(target)[0], 1], START_ID)
        inputs = {"source": source, "target": tf.concat([start, target[:, :-1]], axis=1)}
        logits, attention = self.model(inputs, return_attention_scores=True, training=False)
        losses = token_cross_entropy(target, logits) * tf.cast(target != PAD_ID, tf.float32)
        return -tf.reduce_sum(losses, axis=1), tf.cast(attention, tf.float32)

    def _forced(self, sources, targets):
        self.build()
        scores, attention = self._forced_function(_padded(sources), _padded(targets))
        return scores.numpy(), attention.numpy()

    def _explain(self, sources, answers):
        """Ids of sources and of their answers -> lists of `Generated`."""
        explained = []
        for source, row in zip(sources, answers, strict=True):
            texts = self.target_tokenizer.decode(row)
            source_tokens = self.source_tokenizer.pieces(source)
            results = []
            for ids, text in zip(row, texts, strict=True):
                scores, attention = self._forced([source], [ids or [END_ID]])
                results.append(
                    Generated(
                        text=text,
                        tokens=self.target_tokenizer.pieces(ids),
                        source_tokens=source_tokens,
                        score=float(scores[0]) if ids else 0.0,
                        attention=attention[0, :, :, : len(ids)],
                    )
                )
            explained.append(results)
        return explained

    # Saving and serving.

    def export(self, path, verbose=False):
        """Writes a SavedModel: strings in, strings out, for TF Serving or any TensorFlow runtime.

        `serving_default` maps `text` string (B,) to `text` string (B,) and `score` float32 (B,),
        with the decoding kept with the model. `attention` adds `source_tokens` string (B, S),
        `target_tokens` string (B, T) and `attention` float32 (B, T, S), the mean over the heads of
        the last layer; rows are filled up with empty strings and zeros.

        Args:
            path: folder to write.
            verbose: whether to print the signatures.

        Raises:
            ImportError: tensorflow-text is missing, whose ops an export needs.
        """
        self.build()
        # The graph's resources, not the Keras objects, which would bring signatures of their own.
        module = tf.Module()
        module.weights = [weight.value for weight in self.model.weights]
        module.tokenizers = [self.source_tokenizer.resource, self.target_tokenizer.resource]
        signature = [tf.TensorSpec([None], tf.string, name="text")]
        signatures = {
            "serving_default": tf.function(self._serve, input_signature=signature),
            "attention": tf.function(self._serve_attention, input_signature=signature),
        }
        module.functions = signatures
        tf.saved_model.save(module, str(path), signatures)
        if verbose:
            print(f"{path}: signatures {', '.join(signatures)}")

    def _serve(self, text):
        _, tokens = self._translate_in_graph(text)
        return {"text": self.target_tokenizer.detokenize(tokens.ids), "score": tokens.score}

    def _serve_attention(self, text):
        source, tokens = self._translate_in_graph(text)
        # A row without tokens still needs a column to attend with.
        column = tf.fill([tf.shape(source)[0], 1], PAD_ID)
        target = tf.concat([tokens.ids, column], axis=1)
        _, attention = self.forced_ids(source, target)
        weights = tf.reduce_mean(attention[:, -1], axis=1)[:, : tf.shape(tokens.ids)[1]]
        real = (tokens.ids != PAD_ID)[:, :, None] & (source != PAD_ID)[:, None, :]
        return {
            "text": self.target_tokenizer.detokenize(tokens.ids),
            "source_tokens": self.source_tokenizer.graph_pieces(source),
            "target_tokens": self.target_tokenizer.graph_pieces(tokens.ids),
            "attention": tf.where(real, weights, 0.0),
        }

    def _translate_in_graph(self, text):
        """tf.string (B,) -> source ids (B, S), and the best answers with their scores."""
        pieces = self.source_tokenizer(text)[:, : self.max_source_length - 1]
        source = _framed(pieces, end=True).to_tensor()
        source = tf.ensure_shape(source, [None, None])
        plan, floats = self.decoding.split()
        rows = tf.shape(source)[0]
        found = self.search_ids(
            source,
            tf.zeros([rows, 0], tf.int32),
            tf.fill([rows], self.decoding.max_new_tokens),
            tf.zeros([rows], tf.int32),
            floats,
            plan=plan,
            has_prefix=False,
        )
        return source, _Best(found.tokens[:, 0], found.log_probs[:, 0])

    def get_config(self):
        shared = self.target_tokenizer is self.source_tokenizer
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "model": serialize(self.model),
            "source_tokenizer": serialize(self.source_tokenizer),
            "target_tokenizer": None if shared else serialize(self.target_tokenizer),
            "decoding": self.decoding.to_dict(),
            "max_source_length": self.max_source_length,
        }

    @classmethod
    def from_config(cls, config):
        parts = ("model", "source_tokenizer", "target_tokenizer")
        deserialize = keras.saving.deserialize_keras_object
        return cls(**{k: deserialize(v) if k in parts and v else v for k, v in config.items()})


def _string_pairs(x, y):
    """What `fit` takes as data -> a tf.data.Dataset of two scalar strings."""
    if isinstance(x, tf.data.Dataset):
        spec = x.element_spec
        if not (isinstance(spec, tuple) and len(spec) == 2):
            raise ValueError(f"x must be a dataset of (source, target) strings; got {spec}.")
        return x.unbatch() if spec[0].shape.rank == 1 else x
    if y is None:
        x, y = zip(*x, strict=True) if len(x) else ((), ())
    if len(x) != len(y):
        raise ValueError(f"y must have one text for each in x; got {len(y)} for {len(x)}.")
    if not len(x):
        raise ValueError("x must hold at least one pair; got none.")
    return tf.data.Dataset.from_tensor_slices((list(x), list(y)))


def _framed(ids, start=False, end=False):
    """Ragged ids with a start and an end token around each row."""
    column = tf.ones([ids.nrows(), 1], tf.int32)
    parts = [column * START_ID] * start + [ids] + [column * END_ID] * end
    return tf.concat(parts, axis=1)


def _texts(name, value):
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, (list, tuple)) or not all(isinstance(t, str) for t in texts):
        raise TypeError(f"{name} must be a str or a list of str; got {value!r:.80}.")
    return list(texts)


def _padded(rows):
    """Lists of ids -> int32 (B, longest), filled up with padding."""
    ids = np.full((len(rows), max(map(len, rows), default=0)), PAD_ID, "int32")
    for row, values in zip(ids, rows, strict=True):
        row[: len(values)] = values
    return ids


def _chunks(rows):
    """Indices of `rows`, shortest first, in chunks of about `_CHUNK_TOKENS` padded positions."""
    order, chunk = np.argsort([len(row) for row in rows], kind="stable"), []
    for i in order:
        if chunk and (len(chunk) + 1) * len(rows[i]) > _CHUNK_TOKENS:
            yield np.array(chunk)
            chunk = []
        chunk.append(i)
    if chunk:
        yield np.array(chunk)
