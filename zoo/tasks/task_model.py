"""`TaskModel`: what turns a model of token sequences into something a person can use."""

import functools
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from zoo.decoding import Decoding, all_of, banned, forced, options, search, template
from zoo.tasks.output import Generated
from zoo.text import END_ID, PAD_ID, START_ID, UNKNOWN_ID
from zoo.training import SequenceLearner

_CHUNK_TOKENS = 2048  # source positions that `generate` decodes together


class Beginning(NamedTuple):
    """What a search starts from; see `zoo.decoding.search`.

    Attributes:
        static, state: nests of tensors with B rows.
        first: int or int32 (B,), the token before the first new one.
        limit: int32 (B,), the most new tokens that make sense for each source; 0 is no answer.
        renewal: of a state whose length is bounded; None where it is not.
    """

    static: Any
    state: Any
    first: Any
    limit: tf.Tensor
    renewal: Any = None


class Answers(NamedTuple):
    """The best answers in a graph: ids int32 (B, T), and their log-probabilities float32 (B,)."""

    ids: tf.Tensor
    score: tf.Tensor


class TaskModel(SequenceLearner):
    """Base of the task models: raw inputs in, text out, trained on raw data as Keras does.

    An input becomes a *source* (`read`), sources of like length a batch for the graph (`pack`), and
    a batch the beginning of a search (`begin`). A subclass defines these three,

    - `batches`: raw data to batches of (inputs, next tokens, weights) for training;
    - `forced_ids`: one pass over known answers, for scores and attention;
    - `source_pieces`: the names of what attention can point at;
    - `source_spec`, `serving_spec` and `in_graph`: sources in the graph, and how the raw inputs of
      an exported model become them.

    Args:
        model: what `call` and the search run; see ARCHITECTURE.md, the decoding protocol.
        target_tokenizer: a `zoo.text.SentencePieceTokenizer`, for what is generated.
        decoding: dict of the options that `generate` uses where it is not told otherwise.
        encoder: see `zoo.training.SequenceLearner`.
    """

    serialized_parts = ("model", "tokenizer")  # arguments of the constructor that are objects
    source_tokenizer = None  # where sources are text of their own

    def __init__(self, model, target_tokenizer, decoding=None, encoder=None, **kwargs):
        super().__init__(model, encoder, **kwargs)
        self.target_tokenizer = target_tokenizer
        self.decoding = Decoding(**(decoding or {}))
        self._searches = {}

    # Training: raw data in.

    def compile(self, *args, **kwargs):
        """`SequenceLearner.compile`, and no XLA, which compiles anew for each length."""
        kwargs.setdefault("jit_compile", False)  # XLA compiles anew for each length: seconds each
        super().compile(*args, **kwargs)

    def fit(
        self,
        x,
        y=None,
        validation_data=None,
        batch_tokens=4096,
        shuffle=50_000,
        seed=0,
        subword_sampling=0.0,
        **kwargs,
    ):
        """Trains on raw data, which `batches` prepares.

        Args:
            x, y: see `batches`.
            validation_data: like `x`.
            batch_tokens: the most padded positions a batch has on its longer side.
            shuffle: size of the shuffle buffer, in examples.
            seed: of the shuffle.
            subword_sampling: of pairs of texts: alpha of subword regularisation, 0 for none. Above
                it, words are cut into other tokens each time they are seen, and the smaller alpha,
                the more freely; 0.2 suits a few thousand pairs.
            **kwargs: as in `keras.Model.fit`. With `steps_per_epoch` the data repeats without end,
                and with `initial_epoch` it goes on where that many epochs would have left it.

        Returns:
            A `keras.callbacks.History`.
        """
        self.build()
        if not subword_sampling >= 0:
            raise ValueError(
                f"subword_sampling must be >= 0; got subword_sampling={subword_sampling}."
            )
        varied = {"subword_sampling": subword_sampling} if subword_sampling else {}
        batches = self.batches(
            x, y, batch_tokens=batch_tokens, shuffle=shuffle, seed=seed, **varied
        )
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
        """`keras.Model.evaluate` on raw data (see `fit`), or on what `batches` returns."""
        self.build()
        if not (isinstance(x, tf.data.Dataset) and len(x.element_spec) == 3):
            x, y = self.batches(x, y, batch_tokens=batch_tokens), None
        return super().evaluate(x, y, **{"sample_weight": None, **kwargs})

    def batches(self, x, y=None, *, batch_tokens=4096, shuffle=0, seed=0):
        """Raw data -> a tf.data.Dataset of (inputs, next tokens int32 (B, T), weights)."""
        raise NotImplementedError

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
        **rules,
    ):
        """Answers each input with text.

        Args:
            inputs: one input, or a list; the class says what an input is.
            max_new_tokens: the most tokens of an answer.
            num_beams, num_beam_groups, diversity_penalty, length_penalty, num_return_sequences,
            temperature, top_k, top_p, min_p, repetition_penalty, no_repeat_ngram_size: see
                `zoo.decoding.Decoding`. Default: the setting kept with the model.
            prefix: str, or a list of str, one for each input: how the answer must begin.
            seed: int, for sampling; the same seed gives the same answers. Default: a random one.
            return_dict: whether to return `zoo.tasks.Generated` in place of strings.
            **rules: what else the class can hold answers to; see its `held_to`.

        Returns:
            A str for one input, a list for a list. With `num_return_sequences` above 1, a list of
            that many in place of each answer, best first.

        Raises:
            TypeError: `inputs` or `prefix` is of the wrong kind.
            ValueError: an option outside its range.
        """
        sources, one = self.read(inputs)
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
        held = self.held_to(sources, prefix, **rules)
        seeds = row_seeds(seed, len(sources))

        answers = [None] * len(sources)
        for rows in chunks(list(map(self.length, sources))):
            found = self._search(
                [sources[i] for i in rows],
                {name: part if name == "masks" else part[rows] for name, part in held.items()},
                seeds[rows],
                decoding,
            )
            for i, ids in zip(rows, found, strict=True):
                answers[i] = ids
        if return_dict:
            answers = [
                [self._explain(source, ids) for ids in row]
                for source, row in zip(sources, answers, strict=True)
            ]
        else:
            flat = iter(self.target_tokenizer.decode([ids for row in answers for ids in row]))
            answers = [
                [self.whole(source, next(flat)) for _ in row]
                for source, row in zip(sources, answers, strict=True)
            ]
        if decoding.num_return_sequences == 1:
            answers = [row[0] for row in answers]
        return answers[0] if one else answers

    def read(self, inputs):
        """What `generate` takes -> a list of sources, and whether it was one input alone."""
        raise NotImplementedError

    def held_to(self, sources, prefix):
        """What the answers to a list of sources are held to; see `zoo.decoding.constraints`.

        Args:
            sources: list of B sources.
            prefix: str, or list of B str, how each answer begins; or None.

        Returns:
            A dict, empty where answers are free, of `ids`, int32 (B, P), the tokens that are given
            and padding where they are not; and of `classes`, int32 (B, L), with `masks`, bool
            (C, V), the tokens that are allowed.
        """
        if prefix is None:
            return {}
        prefixes = texts("prefix", prefix)
        if len(prefixes) != len(sources):
            raise ValueError(
                "prefix must have one text for each input; "
                f"got {len(prefixes)} for {len(sources)} inputs."
            )
        return {"ids": padded(self.target_tokenizer.encode(prefixes))}

    def length(self, source):
        """Positions that a source has in a batch."""
        return len(source)

    def pack(self, sources):
        """A list of sources -> one batch for the graph, of `source_spec`."""
        raise NotImplementedError

    def whole(self, source, text):
        """The answer to a source, from the text that was generated."""
        return text

    def source_pieces(self, source, ids):
        """The names (list of str) of what `forced_ids` attends to, for an answer of `ids`."""
        raise NotImplementedError

    def begin(self, source):
        """A batch of sources -> `Beginning`, in the graph."""
        raise NotImplementedError

    def forced_ids(self, source, target):
        """One pass over known answers, in the graph.

        Args:
            source: a batch as from `pack`.
            target: int32 (B, T), without the start token.

        Returns:
            float32 (B,), the log-probability of each target, and float32 (B, layers, H, T, S).
        """
        raise NotImplementedError

    def search_ids(self, source, held, max_new_tokens, seeds, floats, *, plan):
        """Sources to ids, in the graph.

        Args:
            source: a batch as from `pack`.
            held: what the answers are held to, as from `held_to`.
            max_new_tokens: int32 (B,).
            seeds: int32 (B,).
            floats: from `Decoding.split`, as is
            plan: the static options.

        Returns:
            `zoo.decoding.Hypotheses`.
        """
        beginning = self.begin(source)
        return search(
            self.model.stepper(plan.times),
            beginning.static,
            beginning.state,
            batch_size=source.shape[0] or tf.shape(source)[0],
            start_id=beginning.first,
            end_id=END_ID,
            pad_id=PAD_ID,
            limit=tf.minimum(max_new_tokens, beginning.limit),
            plan=plan,
            floats=floats,
            seeds=seeds,
            constraint=self.constraint(held),
            renewal=beginning.renewal,
        )

    def constraint(self, held):
        """What the answers are held to, in the graph; see `zoo.decoding.constraints`."""
        vocab_size = self.target_tokenizer.vocab_size
        rules = [banned([PAD_ID, UNKNOWN_ID, START_ID], vocab_size)]
        if "ids" in held:
            rules.append(forced(held["ids"], PAD_ID, vocab_size))
        if "classes" in held:
            rules.append(template(held["classes"], held["masks"]))
        return all_of(*rules)

    def _search(self, sources, held, seeds, decoding):
        """Sources -> for each a list of lists of ids."""
        plan, floats = decoding.split()
        count = len(sources)
        found = self._search_function(plan, held)(
            self.pack(sources),
            held,
            np.full(count, decoding.max_new_tokens, "int32"),
            seeds,
            floats,
        )
        tokens, lengths = found.tokens.numpy(), found.lengths.numpy()
        return [
            [tokens[b, r, : lengths[b, r]].tolist() for r in range(tokens.shape[1])]
            for b in range(count)
        ]

    def _search_function(self, plan, held):
        """The compiled search for one static setting: traced once, for all shapes.

        Without AutoGraph, as everywhere here: no Python `if` or loop depends on a tensor, and to
        look for one took two thirds of the time to the first answer.
        """
        self.build()
        key = plan, tuple(held)
        if key not in self._searches:
            self._searches[key] = tf.function(
                functools.partial(self.search_ids, plan=plan),
                autograph=False,
                input_signature=[self.source_spec, held_spec(held), VECTOR, VECTOR, FLOATS],
            )
        return self._searches[key]

    @functools.cached_property
    def _forced_function(self):
        return tf.function(
            self.forced_ids, autograph=False, input_signature=[self.source_spec, IDS]
        )

    def forced(self, sources, targets):
        """`forced_ids` for lists of sources and of ids, as numpy arrays."""
        self.build()
        scores, attention = self._forced_function(self.pack(sources), padded(targets))
        return scores.numpy(), attention.numpy()

    def _score(self, sources, targets):
        """Log-probability of each list of ids given its source: float32 (B,)."""
        scores = np.zeros(len(sources), "float32")
        pairs = zip(sources, targets, strict=True)
        for rows in chunks([self.length(source) + len(ids) for source, ids in pairs]):
            scores[rows] = self.forced([sources[i] for i in rows], [targets[i] for i in rows])[0]
        return scores

    def _explain(self, source, ids):
        """Ids of an answer -> `Generated`."""
        scores, attention = self.forced([source], [ids or [END_ID]])
        return Generated(
            text=self.whole(source, self.target_tokenizer.decode([ids])[0]),
            tokens=self.target_tokenizer.pieces(ids),
            source_tokens=self.source_pieces(source, ids),
            score=float(scores[0]) if ids else 0.0,
            attention=attention[0, :, :, : len(ids)],
        )

    # Saving and serving.

    def export(self, path, verbose=False):
        """Writes a SavedModel of `signatures`, for TF Serving or any TensorFlow runtime.

        Args:
            path: folder to write.
            verbose: whether to print the names of the signatures.

        Raises:
            ImportError: tensorflow-text is missing, whose ops an export needs.
        """
        signatures = self.signatures()
        # The graph's resources, not the Keras objects, which would bring signatures of their own.
        module = tf.Module()
        module.weights = [weight.value for weight in self.weights]
        module.tokenizers = [tokenizer.resource for tokenizer in self._tokenizers()]
        module.functions = signatures
        tf.saved_model.save(module, str(path), signatures)
        if verbose:
            print(f"{path}: signatures {', '.join(signatures)}")

    def signatures(self):
        """What an export offers: name -> `tf.function` with an input signature.

        `serving_default` gives `text` string (B,) and `score` float32 (B,), with the decoding kept
        with the model. `attention` adds `target_tokens` string (B, T), `attention` float32
        (B, T, S), the mean over the heads of the last layer, and what it points at,
        `source_tokens` string (B, S); rows are filled up with empty strings and zeros.
        """
        self.build()
        signature = [self.serving_spec]
        return {
            "serving_default": tf.function(self._serve, autograph=False, input_signature=signature),
            "attention": tf.function(
                self._serve_attention, autograph=False, input_signature=signature
            ),
        }

    def lite_function(self):
        """The search for the answer to one source, as LiteRT runs it.

        Returns:
            The concrete function of `source`, as `source_spec` with a batch of 1, and
            `max_new_tokens` int32 (1,); a dict of `ids` int32 (1, T) and `score` float32 (1,).
        """
        return self._lite_function(self.decoding)

    def _lite_function(self, decoding, **specs):
        """`lite_function` with more inputs: `seed`, or options of `decoding` as tensors."""
        self.build()
        plan, kept = decoding.split()
        spec = self.source_spec

        def answer(source, max_new_tokens, seed=None, **floats):
            found = self.search_ids(source, {}, max_new_tokens, seed, {**kept, **floats}, plan=plan)
            return {"ids": found.tokens[:, 0], "score": found.log_probs[:, 0]}

        return tf.function(answer, autograph=False).get_concrete_function(
            source=tf.TensorSpec([1, *spec.shape[1:]], spec.dtype),
            max_new_tokens=tf.TensorSpec([1], tf.int32),
            **specs,
        )

    def lite_settings(self):
        """What the reader of a LiteRT file must know beside the options of decoding: a dict."""
        return {}

    def _tokenizers(self):
        return [self.target_tokenizer]

    def in_graph(self, inputs):
        """The raw inputs of an exported model -> a batch of sources."""
        raise NotImplementedError

    def whole_in_graph(self, inputs, text):
        """`whole` in the graph: raw inputs, and the tf.string (B,) that was generated."""
        return text

    def source_pieces_in_graph(self, source, ids):
        """`source_pieces` in the graph: a dict of `source_tokens` string (B, S), or empty."""
        raise NotImplementedError

    def _serve(self, inputs):
        return self._answer(inputs, self._best(self.in_graph(inputs)))

    def _answer(self, inputs, best):
        text = self.whole_in_graph(inputs, self.target_tokenizer.detokenize(best.ids))
        return {"text": text, "score": best.score}

    def _serve_attention(self, inputs):
        source = self.in_graph(inputs)
        best = self._best(source)
        # A row without tokens still needs a column to attend with.
        column = tf.fill([tf.shape(best.ids)[0], 1], PAD_ID)
        _, attention = self.forced_ids(source, tf.concat([best.ids, column], axis=1))
        weights = tf.reduce_mean(attention[:, -1], axis=1)[:, : tf.shape(best.ids)[1]]
        pieces = self.source_pieces_in_graph(source, best.ids)
        real = (best.ids != PAD_ID)[:, :, None]
        if pieces:
            real &= (pieces["source_tokens"] != "")[:, None, :]
            weights = weights[:, :, : tf.shape(pieces["source_tokens"])[1]]
        return {
            "text": self._answer(inputs, best)["text"],
            **pieces,
            "target_tokens": self.target_tokenizer.graph_pieces(best.ids),
            "attention": tf.where(real, weights, 0.0),
        }

    def _best(self, source, seeds=None, decoding=None, **floats):
        """The best `Answers` in the graph, by the decoding kept with the model or by another."""
        plan, kept = (decoding or self.decoding).split()
        rows = tf.shape(source)[0]
        found = self.search_ids(
            source,
            {},
            tf.fill([rows], self.decoding.max_new_tokens),
            tf.zeros([rows], tf.int32) if seeds is None else seeds,
            {**kept, **floats},
            plan=plan,
        )
        return Answers(found.tokens[:, 0], found.log_probs[:, 0])

    def get_config(self):
        return {**super().get_config(), "decoding": self.decoding.to_dict()}

    @classmethod
    def from_config(cls, config):
        parts = {name: config[name] for name in cls.serialized_parts}
        parts = {
            name: part and keras.saving.deserialize_keras_object(part)
            for name, part in parts.items()
        }
        return cls(**{**config, **parts})


IDS = tf.TensorSpec([None, None], tf.int32)
VECTOR = tf.TensorSpec([None], tf.int32)
FLOATS = dict.fromkeys(options.FLOATS, tf.TensorSpec([], tf.float32))


def held_spec(held):
    """The `tf.TensorSpec` of each array that `held_to` returns."""
    return {name: tf.TensorSpec([None, None], part.dtype) for name, part in held.items()}


def row_seeds(seed, count):
    """A seed for each of `count` answers, int32, from one int or, for None, from chance."""
    seed = int(np.random.default_rng().integers(2**31)) if seed is None else int(seed)
    return ((np.arange(count) + seed) % 2**31).astype("int32")


def framed(ids, start=False, end=False):
    """Ragged ids with a start and an end token around each row."""
    column = tf.ones([ids.nrows(), 1], tf.int32)
    parts = [column * START_ID] * start + [ids] + [column * END_ID] * end
    return tf.concat(parts, axis=1)


def texts(name, value):
    """A str or a list of str as a list; `TypeError` for anything else."""
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, (list, tuple)) or not all(isinstance(t, str) for t in found):
        raise TypeError(f"{name} must be a str or a list of str; got {value!r:.80}.")
    return list(found)


def padded(rows, left=False):
    """Lists of ids -> int32 (B, longest), filled up with padding at the right or the left."""
    ids = np.full((len(rows), max(map(len, rows), default=0)), PAD_ID, "int32")
    for row, values in zip(ids, rows, strict=True):
        if left:
            row[len(row) - len(values) :] = values
        else:
            row[: len(values)] = values
    return ids


def chunks(lengths):
    """Indices of `lengths`, shortest first, in chunks of about `_CHUNK_TOKENS` positions."""
    order, chunk = np.argsort(lengths, kind="stable"), []
    for i in order:
        if chunk and (len(chunk) + 1) * lengths[i] > _CHUNK_TOKENS:
            yield np.array(chunk)
            chunk = []
        chunk.append(i)
    if chunk:
        yield np.array(chunk)
