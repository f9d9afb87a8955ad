"""`SearchTask`: what all heads share that write text, token by token."""

import functools
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from zoo.decoding import Decoding, all_of, allowed_tokens, force_tokens, search, suppress_tokens
from zoo.system import checked_options
from zoo.tasks.answers import SHARED, Answering, watched
from zoo.tasks.inputs import FLOATS, IDS, VECTOR, chunks, constraints_spec, padded, row_seeds, texts
from zoo.tasks.output import Generated
from zoo.tasks.search_export import SearchExport
from zoo.tasks.task import Task
from zoo.text import END_ID, PAD_ID, START_ID, UNKNOWN_ID, checked_stops
from zoo.training import token_cross_entropy


class DecodeInit(NamedTuple):
    """What a search starts from; see `zoo.decoding.search`.

    Attributes:
        static, state: nests of tensors with B rows.
        first: int or int32 (B,), the token before the first new one.
        limit: int32 (B,), the most new tokens that make sense for each source; 0 is no answer.
        context_shift: of a state whose length is bounded; None where it is not.
        before: int32 (B, P), the tokens that an answer goes on with, padded at the left; None where
            it stands alone.
    """

    static: Any
    state: Any
    first: Any
    limit: tf.Tensor
    context_shift: Any = None
    before: Any = None


class SearchTask(Answering, SearchExport, Task):
    """Base of the task models that write text: raw inputs in, text out.

    An input becomes a *source* (`preprocess`), sources of like length a batch for the graph
    (`collate`), and a batch the beginning of a search (`init_decoding`). A subclass
    defines these three,

    - `batches`: raw data to batches of (inputs, next tokens, weights) for training;
    - `source_pieces`: the names of what attention can point at;
    - `source_spec`: sources in the graph; and what `SearchExport` needs.

    Args:
        model: what `call` and the search run; see ARCHITECTURE.md, the decoding protocol.
        target_tokenizer: a `zoo.text.SentencePieceTokenizer`, for what is generated.
        decoding: dict of the options that `generate` uses where it is not told otherwise.
        encoder: see `zoo.training.Learner`.
    """

    verb = "generate"
    rules = ()  # names of what else `build_constraints` takes
    spaces = True  # whether answers have spaces
    ends = (END_ID,)  # the tokens that end an answer

    def __init__(self, model, target_tokenizer, decoding=None, encoder=None, **kwargs):
        super().__init__(model, encoder, **kwargs)
        self.target_tokenizer = target_tokenizer
        self.decoding = Decoding(**(decoding or {}))

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
        early_stopping=None,
        prefix=None,
        stop=None,
        seed=None,
        return_dict=False,
        **rules,
    ):
        """Answers each input with text.

        Args:
            inputs: one input, or a list; the class says what an input is.
            max_new_tokens: the most tokens of an answer.
            num_beams, num_beam_groups, diversity_penalty, length_penalty, num_return_sequences,
            temperature, top_k, top_p, min_p, repetition_penalty, no_repeat_ngram_size,
            early_stopping: see `zoo.decoding.Decoding`. Default: the setting kept with the model.
            prefix: str, or a list of str, one for each input: how the answer must begin.
            stop: str, or a list of str, of any of which an answer ends in front: the text is cut
                there, and nothing is written after the token that completes it. Only what is
                generated is searched, the prefix with it. A table of (bytes of all stops + 2) ·
                vocabulary is made for it, and each answer that is stopped takes one step more.
            seed: int, for sampling; the same seed gives the same answers. Default: a random one.
            return_dict: whether to return `zoo.tasks.Generated` in place of strings.
            **rules: what else the class can hold answers to; see its `build_constraints`.

        Returns:
            A str for one input, a list for a list. With `num_return_sequences` above 1, a list of
            that many in place of each answer. Those of beams are different texts, best first; there
            are fewer where a search finds no more. Samples are drawn each for itself, in the order
            of their number, so that two may be equal.

        Raises:
            TypeError: `inputs`, `prefix` or `stop` is of the wrong kind; an unknown option.
            ValueError: an option outside its range.
        """
        checked_options(SearchTask.generate, rules, self.rules)
        stops = checked_stops(stop)
        sources, one = self.preprocess(inputs)
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
            early_stopping=early_stopping,
        )
        constraints = self.build_constraints(sources, prefix, **rules)
        constraints, stops = self._watched(constraints, stops)
        seeds = row_seeds(seed, len(sources))

        answers = self._answered(sources, constraints, seeds, decoding, stops, return_dict)
        if decoding.num_return_sequences == 1:
            answers = [row[0] for row in answers]
        return answers[0] if one else answers

    def _answered(self, sources, constraints, seeds, decoding, stops, return_dict):
        """Sources -> for each a list of its answers, str or `Generated`."""
        answers = [None] * len(sources)
        for rows in chunks(list(map(self.length, sources))):
            found = self._answers(
                [sources[i] for i in rows],
                {
                    name: part if name in SHARED else part[rows]
                    for name, part in constraints.items()
                },
                seeds[rows],
                decoding,
                stops,
            )
            for i, row in zip(rows, found, strict=True):
                answers[i] = row
        explain = self._explain if return_dict else lambda source, ids, text: text
        return [
            [explain(source, ids, text) for ids, text in row]
            for source, row in zip(sources, answers, strict=True)
        ]

    def answer(self, inputs):
        return self.generate(inputs)

    def preprocess(self, inputs):
        """What `generate` takes -> a list of sources, and whether it was one input alone."""
        raise NotImplementedError

    def build_constraints(self, sources, prefix):
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

    def collate(self, sources):
        """A list of sources -> one batch for the graph, of `source_spec`."""
        raise NotImplementedError

    def postprocess(self, source, text):
        """The answer to a source, from the text that was generated."""
        return text

    def source_pieces(self, source, ids):
        """The names (list of str) of what an answer `ids` attends to."""
        raise NotImplementedError

    def init_decoding(self, source):
        """A batch of sources -> `DecodeInit`, in the graph."""
        raise NotImplementedError

    def init_search(self, source, constraints, times):
        """A search in the graph: its `DecodeInit` and its step, for `times` rows of each source."""
        return self.init_decoding(source), self.model.make_decode_step(times)

    def teacher_forced_scores_tf(self, source, target):
        """One pass over known answers, in the graph.

        Args:
            source: a batch as from `collate`.
            target: int32 (B, T), without the start token.

        Returns:
            float32 (B,), the log-probability of each target, and float32 (B, layers, H, T, S).
        """
        if self.encoder is not None:
            source = self.encode_images(source)
        start = tf.fill([tf.shape(target)[0], 1], START_ID)
        inputs = {"source": source, "target": tf.concat([start, target[:, :-1]], axis=1)}
        logits, attention = self.model(inputs, return_attention_scores=True, training=False)
        losses = token_cross_entropy(target, logits) * tf.cast(target != PAD_ID, tf.float32)
        return -tf.reduce_sum(losses, axis=1), tf.cast(attention, tf.float32)

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
        """Sources to ids, in the graph.

        Args:
            source: a batch as from `collate`.
            constraints: what the answers are held to, as from `build_constraints`; `stops`, int32
                (Q, V), where they end: see `zoo.decoding.stops`.
            max_new_tokens: int32 (B,).
            seeds: int32 (B,).
            dynamic_params, static_config: from `Decoding.split`.
            shrink: see `zoo.decoding.search`.

        Returns:
            `zoo.decoding.Hypotheses`.
        """
        beginning, step = self.init_search(source, constraints, static_config.times)
        step, state, context_shift = watched(
            step, beginning.state, beginning.context_shift, constraints, source
        )
        return search(
            step,
            beginning.static,
            state,
            batch_size=tf.shape(source)[0],
            start_id=beginning.first,
            end_id=self.ends,
            pad_id=PAD_ID,
            limit=tf.minimum(max_new_tokens, beginning.limit),
            static_config=static_config,
            dynamic_params=dynamic_params,
            seeds=seeds,
            constraint=self.constraint(constraints),
            before=beginning.before,
            context_shift=context_shift,
            shrink=shrink,
        )

    def constraint(self, constraints):
        """What the answers are held to, in the graph; see `zoo.decoding.constraints`."""
        vocab_size = self.target_tokenizer.vocab_size
        rules = [suppress_tokens([PAD_ID, UNKNOWN_ID, START_ID], vocab_size)]
        if "ids" in constraints:
            rules.append(force_tokens(constraints["ids"], PAD_ID, vocab_size))
        if "classes" in constraints:
            rules.append(allowed_tokens(constraints["classes"], constraints["masks"]))
        return all_of(*rules)

    def _search(self, sources, constraints, seeds, static_config, dynamic_params, max_new_tokens):
        """Sources -> for each a list of pairs: the ids of an answer, and what ranks it among beams.

        That is minus infinity for an answer that does not exist.
        """
        limit = np.full(len(sources), max_new_tokens, "int32")
        found = self._search_function(static_config, constraints)(
            self.collate(sources), constraints, limit, seeds, dynamic_params
        )
        tokens, lengths, log_probs = (part.numpy() for part in found)
        scale = lengths.astype("float32") ** dynamic_params["length_penalty"].numpy()
        scores = log_probs / np.clip(scale, 1e-30, 1e30)
        return [
            [(ids[:n].tolist(), score) for ids, n, score in zip(*row, strict=True)]
            for row in zip(tokens, lengths, scores, strict=True)
        ]

    def _search_function(self, static_config, constraints):
        """The compiled search for one static setting: traced once, for all shapes.

        Without AutoGraph, as everywhere here: no Python `if` or loop depends on a tensor, and to
        look for one took two thirds of the time to the first answer.
        """
        self.build()
        key = static_config, tuple(constraints)
        if key not in self._functions:
            self._functions[key] = tf.function(
                functools.partial(self.search_ids, static_config=static_config),
                autograph=False,
                input_signature=[
                    self.source_spec,
                    constraints_spec(constraints),
                    VECTOR,
                    VECTOR,
                    FLOATS,
                ],
            )
        return self._functions[key]

    @property
    def _teacher_forced_function(self):
        if "forced" not in self._functions:
            self._functions["forced"] = tf.function(
                # TensorFlow counts the traces of a method over all models, and warns of the fifth.
                functools.partial(self.teacher_forced_scores_tf),
                autograph=False,
                input_signature=[self.source_spec, IDS],
            )
        return self._functions["forced"]

    def teacher_forced_scores(self, sources, targets):
        """`teacher_forced_scores_tf` for lists of sources and of ids, as numpy arrays."""
        self.build()
        scores, attention = self._teacher_forced_function(self.collate(sources), padded(targets))
        return scores.numpy(), attention.numpy()

    def scored(self, sources, one, name, value, kind):
        """Log-probabilities of texts given their sources, for the `score` of a head.

        Args:
            sources: list of sources.
            one: whether it was one alone, whose score is a float.
            name, value: of the argument with the texts, a str or a list of str.
            kind: what a source is called in an error.
        """
        lines = texts(name, value)
        if len(lines) != len(sources):
            raise ValueError(
                f"{name} must have one text for each {kind}; "
                f"got {len(lines)} for {len(sources)} {kind}s."
            )
        ids = [row + [END_ID] for row in self.target_tokenizer.encode(lines)]
        scores = self._score(sources, ids)
        return float(scores[0]) if one else scores

    def _score(self, sources, targets):
        """Log-probability of each list of ids given its source: float32 (B,)."""
        scores = np.zeros(len(sources), "float32")
        pairs = zip(sources, targets, strict=True)
        for rows in chunks([self.length(source) + len(ids) for source, ids in pairs]):
            scores[rows] = self.teacher_forced_scores(
                [sources[i] for i in rows], [targets[i] for i in rows]
            )[0]
        return scores

    def _explain(self, source, ids, text):
        """Ids and text of an answer -> `Generated`."""
        scores, attention = self.teacher_forced_scores([source], [ids or [END_ID]])
        return Generated(
            text=text,
            tokens=self.target_tokenizer.pieces(ids),
            source_tokens=self.source_pieces(source, ids),
            score=float(scores[0]) if ids else 0.0,
            attention=attention[0, :, :, : len(ids)],
        )

    def settings(self):
        return {"decoding": self.decoding.to_dict()}

    def get_config(self):
        return {**super().get_config(), "decoding": self.decoding.to_dict()}
