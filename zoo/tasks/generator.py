"""`TextGenerator`: the beginning of a text in, the text with its continuation out."""

import dataclasses
import functools
import warnings
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from zoo.data.batching import bucketed_windows
from zoo.decoding import Decoding, begin_rows, extend, row_shapes, rows_shapes
from zoo.lite.chat import Chat
from zoo.lite.subwords import continued, prompt_ids
from zoo.system import checked_options
from zoo.tasks import raw_data
from zoo.tasks.answers import watched
from zoo.tasks.chat_bot import Reply
from zoo.tasks.inputs import (
    FLOATS,
    IDS,
    VECTOR,
    constraints_spec,
    framed,
    padded,
    prompts,
    row_seeds,
    text_tensor,
)
from zoo.tasks.inputs import texts as listed
from zoo.tasks.search_task import DecodeInit, SearchTask
from zoo.tasks.windows import Windows
from zoo.text import END_ID, PAD_ID, START_ID, Form, checked_stops
from zoo.training import token_cross_entropy

SAMPLE_INPUTS = {"temperature": tf.float32, "top_p": tf.float32, "seed": tf.int32}
_STREAM_TOKENS = 8  # that `stream` waits for between two pieces


class Prompt(NamedTuple):
    """The beginning of a text that answers go on with, and the tokens (list of int) to be read."""

    text: str
    ids: list


@keras.saving.register_keras_serializable(package="zoo")
class TextGenerator(SearchTask):
    """A language model with its tokenizer and its way of decoding.

    `fit` trains on raw texts; `generate` goes on with a str, or with each of a list of str, and
    returns the prompt with its continuation. An empty prompt begins a new text. Of a prompt that is
    longer than the context the newest part is read, and a warning says so.

    Args:
        model: `zoo.models.TransformerLM`, or any `keras.Model` that maps tokens to logits and has
            `context_length`, `prefill` and `make_decode_step` (see ARCHITECTURE.md, the decoding
            protocol).
        tokenizer: a `zoo.text.SentencePieceTokenizer`, trained with `lossless=True`.
        decoding: dict of the options that `generate` uses where it is not told otherwise.
        form: dict of the arguments of `zoo.text.Form`, which `generate(..., form=True)` keeps to;
            None for a model of no form.
        start_token: whether the start token is put in front of a prompt. It is for an empty one,
            and in `fit` and `score`, in any case.
        end_tokens: list of int, tokens that end a text beside the end token.
        chat: dict of the attributes of `zoo.lite.chat.Chat`, for `reply`; None for a model that has
            not learned to answer turns.

    Reference:
        Bengio et al. 2003, A Neural Probabilistic Language Model; Radford et al. 2019.
    """

    source_spec = IDS
    rules = ("form", "acrostic")
    serving_spec = tf.TensorSpec([None], tf.string, name="text")

    def __init__(
        self,
        model,
        tokenizer,
        decoding=None,
        form=None,
        start_token=True,
        end_tokens=(),
        chat=None,
        **kwargs,
    ):
        super().__init__(model, tokenizer, decoding, **kwargs)
        self.tokenizer = tokenizer
        self.form = None if form is None else Form(**form)
        self.start_token = bool(start_token)
        self.end_tokens = tuple(map(int, end_tokens))
        self.chat = None if chat is None else Chat(**chat)

    @property
    def ends(self):
        return END_ID, *self.end_tokens

    def batches(self, x, y=None, *, batch_tokens=4096, batch_size=None, shuffle=0, seed=0):
        """Texts -> batches of (inputs, next tokens, weights).

        A text is followed by the end token. What is longer than the context is cut into windows,
        each of which begins with the start token.

        Args:
            x: a tf.data.Dataset of strings, batched or not, or a list of str; an array or a
                generator serves as a list.
            y: must be None: the text is its own target.
            batch_tokens, batch_size, shuffle, seed: see `fit`.

        Returns:
            A tf.data.Dataset of inputs int32 (B, T); next tokens int32 (B, T); weights float32
            (B, T), 0 at padding.
        """
        if y is not None:
            raise ValueError(f"y must be None: a text is its own target; got {type(y).__name__}.")
        windows = bucketed_windows(
            _strings(x),
            lambda documents: framed(self.tokenizer(documents), end=True),
            batch_tokens=batch_tokens,
            batch_size=batch_size,
            window=self.model.context_length,
            shuffle=shuffle,
            seed=seed,
        )

        def shifted(targets):
            start = tf.fill([tf.shape(targets)[0], 1], START_ID)
            inputs = tf.concat([start, targets[:, :-1]], axis=1)
            return inputs, targets, tf.cast(targets != PAD_ID, tf.float32)

        return windows.map(shifted)

    def score(self, texts):
        """Natural-log probability of each text, as the beginning of one: without an end token.

        A text that is longer than the context is read in the windows in which `generate` reads:
        each token is judged with at least the newest half of the context before it.

        Args:
            texts: str, or a list of str.

        Returns:
            A float for a str, float32 (B,) for a list.
        """
        rows = self.tokenizer.encode(listed("texts", texts))
        windows = [(row, *window) for row, ids in enumerate(rows) for window in self._windows(ids)]
        scores = np.zeros(len(rows))
        if windows:
            owners, befores, targets = zip(*windows, strict=True)
            found = self._score([Prompt("", ids) for ids in befores], list(targets))
            np.add.at(scores, list(owners), found)
        return float(scores[0]) if isinstance(texts, str) else scores.astype("float32")

    def perplexity(self, texts):
        """Perplexity a token of each text: `exp(-score / tokens)`; arguments as of `score`."""
        counts = [max(1, len(ids)) for ids in self.tokenizer.encode(listed("texts", texts))]
        found = np.exp(-np.atleast_1d(self.score(texts)) / counts)
        return float(found[0]) if isinstance(texts, str) else found

    def _windows(self, ids):
        """Tokens -> pairs of what is read, and what is judged after it."""
        context = self.model.context_length
        kept = context // 2
        end = min(context, len(ids))
        if end:
            yield [START_ID], ids[:end]
        while end < len(ids):
            begin, end = end, min(end + context - kept, len(ids))
            yield [START_ID, *ids[begin - kept : begin]], ids[begin:end]

    def stream(
        self, prompt, *, prefix=None, stop=None, seed=None, form=False, acrostic=None, **options
    ):
        """Writes on, and gives the text while it comes into being.

        Args:
            prompt: str.
            prefix, stop, seed, form, acrostic, **options: as in `generate`; the options are those
                of greedy search and of sampling. The same seed gives the text of `generate`.

        Returns:
            An iterator of str: the prompt, then the pieces of its continuation.

        Raises:
            TypeError: `prompt` is no str, or an unknown option.
            ValueError: an option outside its range, or beam search, which knows its text only at
                the end.
        """
        if not isinstance(prompt, str):
            raise TypeError(f"prompt must be a str; got {prompt!r:.80}.")
        known = {field.name for field in dataclasses.fields(Decoding)} - {"do_sample"}
        checked_options(TextGenerator.stream, options, known)
        stops = checked_stops(stop)
        sources, _ = self.preprocess(prompt)
        decoding = self.decoding.updated(**options)
        if decoding.num_beams > 1 or decoding.num_return_sequences > 1:
            raise ValueError(
                "stream needs num_beams = 1 and num_return_sequences = 1; "
                f"got num_beams={decoding.num_beams}, "
                f"num_return_sequences={decoding.num_return_sequences}."
            )
        constraints = self.build_constraints(sources, prefix, form=form, acrostic=acrostic)
        constraints, stops = self._watched(constraints, stops)
        return self._stream(sources, decoding, constraints, stops, row_seeds(seed, 1))

    def _stream(self, sources, decoding, constraints, stops, seeds):
        yield sources[0].text
        self.build()
        static_config, dynamic_params = decoding.split()
        begin, go_on = self._stream_functions(static_config, constraints)
        limit = np.full(1, decoding.max_new_tokens, "int32")
        source = self.collate(sources)
        static, rows = begin(source, constraints, limit)
        told, until = "", 0
        while not rows.done.numpy().all():
            until += _STREAM_TOKENS
            rows = go_on(
                source, static, rows, constraints, limit, seeds, dynamic_params, tf.constant(until)
            )
            (ids,), done = rows.tokens.numpy().tolist(), rows.done.numpy().all()
            (text,) = self.tokenizer.decode([ids if stops is None else stops.until(ids)])
            text = self.postprocess(sources[0], text).removeprefix(sources[0].text)
            # The bytes of a character may not have come all.
            whole = text if done else text.rstrip("\ufffd")
            if stops is not None:
                whole = stops.cut(text) if done else stops.settled(whole)
            yield whole[len(told) :]
            told = whole

    def _stream_functions(self, static_config, constraints):
        """Two compiled functions for one static setting: the beginning, and some tokens more."""
        key = "stream", static_config, tuple(constraints)
        if key not in self._functions:

            def begin(source, constraints, limit):
                static, state = self.model.prefill(source)
                _, state, _ = watched(None, state, None, constraints, source)
                return static, begin_rows(state, first=source[:, -1], limit=limit)

            def go_on(source, static, rows, constraints, limit, seeds, dynamic_params, until):
                step, _, context_shift = watched(
                    self.model.make_decode_step(),
                    None,
                    self.model.context_shift,
                    constraints,
                    source,
                )
                return extend(
                    rows,
                    step,
                    static,
                    tf.range(tf.shape(limit)[0]),
                    ends=self.ends,
                    pad_id=PAD_ID,
                    limit=limit,
                    static_config=static_config,
                    dynamic_params=dynamic_params,
                    seeds=seeds,
                    constraint=self.constraint(constraints),
                    before=source,
                    until=until,
                    context_shift=context_shift,
                )

            specs = self.source_spec, constraints_spec(constraints)
            begin = tf.function(begin, autograph=False, input_signature=[*specs, VECTOR])
            static, rows = begin.get_concrete_function().structured_outputs
            static, rows = tf.nest.map_structure(
                lambda tensor, shape: tf.TensorSpec(shape, tensor.dtype),
                (static, rows),
                (row_shapes(static), rows_shapes(rows)),
            )
            source, constraints = specs
            scalar = tf.TensorSpec([], tf.int32)
            signature = [source, static, rows, constraints, VECTOR, VECTOR, FLOATS, scalar]
            go_on = tf.function(go_on, autograph=False, input_signature=signature)
            self._functions[key] = begin, go_on
        return self._functions[key]

    def reply(self, turns, *, persona=(), return_dict=False, **options):
        """Says the assistant's next turn of a conversation.

        The oldest turns leave, a pair at a time, where there is no room in the context for them
        and an answer of `max_new_tokens`, or for one of half the context.

        Args:
            turns: list of str, oldest first: the user's, the assistant's, and so on, the last one
                the user's.
            persona: list of str, the lines of a message of the system, which never leaves. Without
                one, the prompt has what the model was given for that case.
            return_dict: whether to return `zoo.tasks.chat_bot.Reply` in place of a str.
            **options: see `generate`.

        Returns:
            A str; with `num_return_sequences` above 1, a list of that many.

        Raises:
            TypeError: `turns` is no list of str; an unknown option.
            ValueError: the model has no chat format; an even number of turns, or a persona for
                which the format has no place; or an option outside its range.
        """
        if self.chat is None:
            raise ValueError(
                "reply needs a model with a chat format; this one goes on with texts: generate."
            )
        turns, lines = _listed_turns("turns", turns), _listed_turns("persona", persona)
        prompt, left_out = self._chat_prompt(turns, "\n".join(lines) if lines else None, options)
        (found,) = self.generate([prompt], return_dict=return_dict, **options)
        if not return_dict:
            return found
        several = isinstance(found, list)
        replies = [Reply.of(answer, left_out) for answer in (found if several else [found])]
        return replies if several else replies[0]

    def _chat_prompt(self, turns, system, options):
        """The newest turns that fit as a `Prompt`, and how many are left out."""
        context = self.model.context_length
        given = self.decoding.updated(max_new_tokens=options.get("max_new_tokens"))
        room = max(context - 2 - given.max_new_tokens, context // 2)
        for left_out in range(
            0, max(1, len(turns)), 2
        ):  # of no turns the format says what is wrong
            text = self.chat.prompt(turns[left_out:], system)
            (ids,) = self.tokenizer.encode([text])
            if len(ids) <= room:
                break
        return Prompt("", ids[2 - context :]), left_out

    def preprocess(self, inputs):
        if isinstance(inputs, list) and inputs and isinstance(inputs[0], Prompt):
            return inputs, False
        texts = listed("inputs", inputs)
        room = self.model.context_length - 2
        rows = self.tokenizer.encode(texts)
        longest = max(map(len, rows), default=0)
        if longest > room:
            warnings.warn(
                f"inputs must have at most {room} tokens to be read whole; got {longest}: "
                "only the newest are read.",
                stacklevel=3,
            )
        sources = [
            Prompt(text, prompt_ids(ids, room, self.start_token))
            for text, ids in zip(texts, rows, strict=True)
        ]
        return sources, isinstance(inputs, str)

    def build_constraints(self, sources, prefix, form=False, acrostic=None):
        """What the continuations of prompts are held to.

        Args:
            sources: list of B prompts, as from `preprocess`.
            prefix: str, or list of B str, how each continuation begins; or None.
            form: whether prompt and continuation together are a text of the model's form.
            acrostic: str, or list of B str, the first characters of the lines (藏頭詩); it implies
                `form`.

        Raises:
            ValueError: the model has no form, or the form cannot be met; or a prefix with a form.
        """
        if not form and acrostic is None:
            return super().build_constraints(sources, prefix)
        if self.form is None:
            raise ValueError("form and acrostic need a model that has a form; this one has none.")
        if prefix is not None:
            raise ValueError(f"prefix must be None with a form; got prefix={prefix!r:.80}.")
        acrostics = None if acrostic is None else listed("acrostic", acrostic)
        if acrostics is not None and len(acrostics) != len(sources):
            raise ValueError(
                "acrostic must have one text for each input; "
                f"got {len(acrostics)} for {len(sources)} inputs."
            )
        tables = self.form.tables(self.tokenizer, [source.text for source in sources], acrostics)
        return tables._asdict()

    def length(self, source):
        return len(source.ids)

    def collate(self, sources):
        return padded([source.ids for source in sources], left=True)

    def postprocess(self, source, text):
        return continued(source.text, text, self.tokenizer.adds_space)

    def _explain(self, source, ids, text):
        found = super()._explain(source, ids, text)
        return dataclasses.replace(found, axes=("earlier text", "new text"))

    def init_decoding(self, source):
        static, state = self.model.prefill(source)
        return DecodeInit(
            static=static,
            state=state,
            first=source[:, -1],
            limit=tf.fill([tf.shape(source)[0]], tf.int32.max),
            context_shift=self.model.context_shift,
            before=source,
        )

    def teacher_forced_scores_tf(self, source, target):
        """See `SearchTask`; S is P + T - 1: the prompt, and the answer but for its last token.

        Beyond the context, each token is judged in the window in which the search wrote it: the
        start token and the newest half of what stood there when the context was full, and what was
        written since. To the tokens outside its window a token attends with a weight of 0, which is
        what it did.
        """
        before = tf.reduce_sum(tf.cast(source != PAD_ID, tf.int32), axis=1)  # (B,)
        tokens = _joined(source, target)
        length = tf.shape(tokens)[1] - 1
        # A model without context_shift reads everything in one go.
        context = length if self.model.context_shift is None else self.model.context_length
        windows = Windows(context, length)
        inputs = windows.cut(tokens[:, :-1], PAD_ID, START_ID)  # (B·W, C)
        logits, attention = self.model(inputs, return_attention_scores=True, training=False)
        losses = token_cross_entropy(windows.cut(tokens[:, 1:], PAD_ID), logits)
        # Row t of the answer was written from the position before it.
        rows = before[:, None] - 1 + tf.range(tf.shape(target)[1])[None]  # (B, T)
        losses = windows.rows(losses, rows)
        scores = -tf.reduce_sum(tf.where(target != PAD_ID, losses, 0.0), axis=1)
        return scores, windows.attention(tf.cast(attention, tf.float32), rows)

    def source_pieces(self, source, ids):
        return self.tokenizer.pieces([*source.ids, *ids[:-1]])

    def signatures(self):
        """What an export offers; `sample` beside what every task model has.

        `sample` takes `text` string (B,), `temperature` and `top_p` float32 (B,) and `seed` int32
        (B,): a row answers as `generate` with these options does, alone. Where `generate` would
        raise an error, the row is refused: its text is empty, without the prompt, and its score 0,
        and the other rows are answered. That is a temperature that is not above 0 or not finite,
        and a top_p that is not above 0 and at most 1.
        """
        vectors = [tf.TensorSpec([None], dtype, name) for name, dtype in SAMPLE_INPUTS.items()]
        sample = tf.function(
            self._serve_sample, autograph=False, input_signature=[self.serving_spec, *vectors]
        )
        return {**super().signatures(), "sample": sample}

    def _serve_sample(self, text, temperature, top_p, seed):
        dynamic_params = {"temperature": temperature, "top_p": top_p}
        best = self._best(self.preprocess_tf(text), seed, self._sampling, **dynamic_params)
        answer = self._answer(text, best)
        return {**answer, "text": tf.where(in_range(dynamic_params), answer["text"], "")}

    def search_ids(
        self,
        source,
        constraints,
        max_new_tokens,
        seeds,
        dynamic_params,
        *,
        static_config,
        shrink=True,
    ):
        """See `SearchTask`. A row whose options are out of range has no answer."""
        given = {name: value for name, value in dynamic_params.items() if value.shape.rank}
        if given:
            max_new_tokens = tf.where(in_range(given), max_new_tokens, 0)
        if seeds is not None:  # as in Python, modulo 2**31
            seeds = tf.where(seeds < 0, seeds - tf.int32.min, seeds)
        return super().search_ids(
            source,
            constraints,
            max_new_tokens,
            seeds,
            dynamic_params,
            static_config=static_config,
            shrink=shrink,
        )

    @property
    def _sampling(self):
        # A top_p below 1 puts the filter into the graph; 1 in a row is off.
        return self.decoding.updated(temperature=1.0, top_p=0.5)

    def lite_function(self):
        """See `SearchTask`; `temperature`, `top_p` and `seed` are inputs, too, as of `sample`.

        A row that `sample` refuses has no ids here.
        """
        inputs = {name: tf.TensorSpec([None], dtype) for name, dtype in SAMPLE_INPUTS.items()}
        return self._lite_function(self._sampling, **inputs)

    def lite_manifest(self, weights):
        return {
            **super().lite_manifest(weights),
            "longest_source": self.model.context_length - 1,
            "start_token": self.start_token,
        }

    def graph_inputs(self, inputs):
        return text_tensor(inputs)

    def preprocess_tf(self, inputs):
        pieces = self.tokenizer(inputs)[:, 2 - self.model.context_length :]
        ids = prompts(pieces, self.start_token)
        return tf.ensure_shape(_padding_first(ids.to_tensor()), [None, None])

    def postprocess_answer_tf(self, inputs, text):
        if self.tokenizer.adds_space:
            text = tf.where(inputs == "", tf.strings.regex_replace(text, "^ ", ""), text)
        return tf.strings.join([tf.strings.unicode_transcode(inputs, "UTF-8", "UTF-8"), text])

    def source_pieces_in_graph(self, source, ids):
        return {"source_tokens": self.tokenizer.graph_pieces(_joined(source, ids)[:, :-1])}

    def get_config(self):
        return {
            **super().get_config(),
            "form": self.form and dataclasses.asdict(self.form),
            "start_token": self.start_token,
            "end_tokens": list(self.end_tokens),
            "chat": self.chat and self.chat._asdict(),
        }


def in_range(dynamic_params):
    """Which rows have options that `Decoding` takes: bool (B,), of a dict of float32 (B,)."""
    # A comparison with NaN is false.
    rules = {
        "temperature": lambda x: (x > 0) & (x <= x.dtype.max),
        "top_p": lambda x: (x > 0) & (x <= 1),
    }
    return functools.reduce(tf.logical_and, [rules[name](x) for name, x in dynamic_params.items()])


def _listed_turns(name, value):
    """A list of str.

    Raises:
        TypeError: anything else.
    """
    if isinstance(value, str):
        raise TypeError(f"{name} must be a list of str; got {value!r:.80}.")
    return raw_data.text_items(name, value, "a list of str")


def _joined(source, target):
    """Prompts (B, P) padded at the left, answers (B, T) -> (B, P + T), padded at the right."""
    both = tf.concat([source, target], axis=1)
    return _sorted(both, both == PAD_ID)


def _padding_first(ids):
    """Ids (B, T) padded at the right -> padded at the left."""
    return _sorted(ids, ids != PAD_ID)


def _sorted(ids, last):
    """Each row with the tokens for which `last` is true, bool (B, T), moved behind the others."""
    order = tf.argsort(tf.cast(last, tf.int32), axis=1, stable=True)
    return tf.gather(ids, order, batch_dims=1)


def _strings(x):
    """What `fit` takes as data -> a tf.data.Dataset of scalar strings."""
    if isinstance(x, tf.data.Dataset):
        return raw_data.string_dataset(x, 1, "a dataset of strings")
    rows = raw_data.text_items("x", x, "a list of str")
    if not rows:
        raise ValueError("x must hold at least one text; got none.")
    return tf.data.Dataset.from_tensor_slices(rows)
