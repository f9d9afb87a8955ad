"""`Matcher`: a question and sentences in, the sentences by how well they answer it out."""

import math

import keras
import numpy as np
import tensorflow as tf

from zoo.data.batching import candidate_lists
from zoo.lite.readers import SOURCE
from zoo.tasks import raw_data
from zoo.tasks.inputs import IDS, chunks, padded, texts
from zoo.tasks.output import Matched
from zoo.tasks.pair_task import PairTask, checked_pairs, checked_triples, not_empty

_LITE_ROWS = 32  # texts of one length that a LiteRT file takes at a time
_LIST = 20  # texts of a question that are seen together in training
_STEPS = 100  # of Newton's method, which needs about ten


@keras.saving.register_keras_serializable(package="zoo")
class Matcher(PairTask):
    """Says how well a text fits a question: whether it answers it, or asks for the same.

    `fit` trains on triples of a question, a text and 1 or 0; `match` puts sentences in order, best
    first; `predict` gives the score of each of a list of pairs.

    It learns from lists: of the texts of a question, which is the right one, or is none? With a
    single text for each question that is the question of whether the two match.

    Args:
        model: `zoo.models.CompareAggregate`, or any `keras.Model` that maps a dict of `query` int32
            (B, Q) and `text` int32 (B, N, S), padded with 0, to logits float32 (B, N + 1), of which
            the first is 0, and with `return_attention_scores=True` gives beside them the weights
            float32 (B, N, Q, S).
        tokenizer: a `zoo.text.SentencePieceTokenizer`, for both.
        scale, offset: what makes a probability of a logit, `sigmoid(scale * logit + offset)`; see
            `calibrate`.
        threshold: the probability from which on a text is said to match; see `calibrate`.
        max_length: longer texts and questions are cut to this many tokens.

    Raises:
        ValueError: a number out of its range.

    Reference:
        Wang and Jiang 2017, A Compare-Aggregate Model for Matching Text Sequences; Cao et al. 2007,
        Learning to Rank: From Pairwise Approach to Listwise Approach.
    """

    verb = "match"

    def __init__(
        self, model, tokenizer, scale=1.0, offset=0.0, threshold=0.5, max_length=128, **kwargs
    ):
        super().__init__(model, **kwargs)
        if not 0 < scale < math.inf:
            raise ValueError(f"scale must be > 0 and finite; got scale={scale}.")
        if not math.isfinite(offset):
            raise ValueError(f"offset must be finite; got offset={offset}.")
        if not 0 <= threshold <= 1:
            raise ValueError(f"threshold must be in [0, 1]; got threshold={threshold}.")
        self.tokenizer = tokenizer
        self.scale, self.offset = float(scale), float(offset)
        self.threshold = float(threshold)
        self.max_length = raw_data.whole_number("max_length", max_length)

    def batches(self, x, y=None, *, batch_tokens=4096, batch_size=None, shuffle=0, seed=0):
        """Judged texts -> batches of (lists, the place of the right text, weights).

        Each text that is right stands in a list with those of the same question that are wrong; a
        question without a right one gives one list. With `shuffle`, of many wrong ones some are
        drawn anew in each pass, so that a list has at most 20 texts.

        Args:
            x: list of (question, text, 1 or 0); or of (question, text), with `y`; or a
                tf.data.Dataset of such triples, batched or not, which is read to its end first.
            y: list of 1 or 0.
            batch_tokens, batch_size, shuffle, seed: see `fit`; a batch is one of lists.

        Returns:
            A tf.data.Dataset of a dict of `query` int32 (B, Q) and `text` int32 (B, N, S); places
            int32 (B,), 0 where no text is right; weights float32 (B,), all 1.
        """
        lists = {}
        for question, text, right in checked_triples(x, y):
            lists.setdefault(question, ([], []))[right].append(text)
        if not lists:
            raise ValueError("x must hold at least one triple; got none.")
        every = list(
            dict.fromkeys([*lists, *(t for sides in lists.values() for s in sides for t in s)])
        )
        place = {text: i for i, text in enumerate(every)}
        examples = [
            (
                place[question],
                -1 if right is None else place[right],
                [place[text] for text in wrong],
            )
            for question, (wrong, rights) in lists.items()
            for right in (rights or [None])
        ]
        return candidate_lists(
            self._encode(every),
            examples,
            longest=_LIST if shuffle else None,
            batch_tokens=batch_tokens,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
        )

    def match(self, question, sentences=None, top_k=None, return_dict=False):
        """Puts sentences in the order in which they answer a question; or scores pairs.

        Args:
            question: str; or, without `sentences`, a list of (question, sentence).
            sentences: list of str, or one str.
            top_k: None for all sentences, else how many, best first.
            return_dict: whether to return `zoo.tasks.Matched` in place of each score, with what
                each word of the question looked at.

        Returns:
            Of a list, a list of (sentence, score), best first, of equal ones the first; a score is
            the probability that the sentence answers the question. Of one sentence, or of each of a
            list of pairs, the score.

        Raises:
            TypeError: an argument of another kind.
            ValueError: `top_k` is below 1.
        """
        if sentences is None:
            if isinstance(question, str):
                rule = "a str or a list of str with a question"
                raise TypeError(f"sentences must be {rule}; got sentences=None.")
            pairs = checked_pairs("question", question)
            return self._matched(pairs) if return_dict else self.answer(pairs).tolist()
        if not isinstance(question, str):
            raise TypeError(f"question must be a str with sentences; got {question!r:.80}.")
        if top_k is not None:
            top_k = raw_data.whole_number("top_k", top_k)
        rows = texts("sentences", sentences)
        pairs = [(question, sentence) for sentence in rows]
        if return_dict:
            found = self._matched(pairs)
            scores = [out.score for out in found]
        else:
            scores = self.answer(pairs).tolist()
            found = list(zip(rows, scores, strict=True))
        if isinstance(sentences, str):
            return found[0] if return_dict else scores[0]
        order = np.argsort(-np.array(scores), kind="stable")[:top_k]
        return [found[i] for i in order]

    def ask(self, inputs, return_dict=False):
        """The best sentence to a text of several lines, the question first; or to each of a list.

        With `return_dict=True` it comes as `zoo.tasks.Matched`.
        """
        answers = []
        for i, text in enumerate(texts("inputs", inputs)):
            question, *sentences = text.split("\n")
            if not sentences:
                raise ValueError(
                    "inputs must have a question in the first line and a sentence in each other; "
                    f"got inputs[{i}]={text!r:.80}."
                )
            best = self.match(question, sentences, top_k=1, return_dict=True)[0]
            answers.append(best if return_dict else best.text)
        return answers[0] if isinstance(inputs, str) else answers

    def answer(self, inputs):
        """The score of each of a list of (question, text): float32 (N,)."""
        pairs = checked_pairs("inputs", inputs)
        return self._probability(self._scored(pairs)[0]).astype("float32")

    def calibrate(self, x, y=None):
        """Sets `scale`, `offset` and `threshold` by judged texts that were not trained on.

        After it, a score of 0.9 is right about nine times in ten, and the texts from the threshold
        on have the best F1. It changes no order.

        Args:
            x, y: as of `batches`.

        Returns:
            The threshold.

        Reference:
            Platt 1999, Probabilistic Outputs for Support Vector Machines.
        """
        triples = checked_triples(x, y)
        right = np.array([label for *_, label in triples], "float64")
        if not 0 < right.sum() < len(right):
            raise ValueError(
                f"x must hold matches and others; got {int(right.sum())} of {len(right)}."
            )
        logits = self._scored([pair[:2] for pair in triples])[0].astype("float64")
        self.scale, self.offset = _logistic(logits, right)
        found = self._probability(logits)
        order = np.argsort(-found, kind="stable")
        hits, count = np.cumsum(right[order]), np.arange(1, len(right) + 1)
        last = np.append(np.diff(found[order]) < 0, True)  # equal scores fall on one side
        f1 = np.where(last, 2 * hits / (count + right.sum()), 0)
        best = int(np.argmax(f1))
        below = found[order[best + 1]] if best + 1 < len(found) else 0.0
        self.threshold = float((found[order[best]] + below) / 2)
        return self.threshold

    def settings(self):
        return {"scale": self.scale, "offset": self.offset, "threshold": self.threshold}

    def answer_settings(self):
        return self.scale, self.offset

    def _encode(self, rows):
        return [ids[: self.max_length] for ids in self.tokenizer.encode(rows)]

    def _scored(self, pairs):
        """Logits float32 (N,) of pairs; and of each its tokens and the attention between them."""
        self.build()
        every = list(dict.fromkeys(text for pair in pairs for text in pair))
        ids = dict(zip(every, self._encode(every), strict=True))
        encoded = [(ids[question], ids[text]) for question, text in pairs]
        logits, attention = np.zeros(len(pairs), "float32"), [None] * len(pairs)
        for rows in chunks([max(1, len(query) + len(text)) for query, text in encoded]):
            query, text = (not_empty(padded([encoded[i][k] for i in rows])) for k in (0, 1))
            found, weights = self._logit_function(query, text)
            logits[rows] = found.numpy()
            for i, row in zip(rows, weights.numpy(), strict=True):
                attention[i] = row[: len(encoded[i][0]), : len(encoded[i][1])]
        return logits, encoded, attention

    def _probability(self, logits):
        exponent = -(self.scale * np.asarray(logits, "float64") + self.offset)
        return 1 / (1 + np.exp(np.minimum(exponent, 700)))

    @property
    def _logit_function(self):
        if "logits" not in self._functions:
            self._functions["logits"] = tf.function(
                self.logits, autograph=False, input_signature=[IDS, IDS]
            )
        return self._functions["logits"]

    def logits(self, query, text):
        """Tokens int32 (B, Q) and (B, S) -> logits float32 (B,), weights float32 (B, Q, S)."""
        logits, attention = self.model(
            {"query": query, "text": tf.expand_dims(text, 1)},
            return_attention_scores=True,
            training=False,
        )
        return logits[:, 1] - logits[:, 0], attention[:, 0]

    def probability(self, logits):
        """Logits -> scores, in a graph."""
        return tf.sigmoid(self.scale * logits + self.offset)

    def _matched(self, pairs):
        logits, encoded, attention = self._scored(pairs)
        scores = self._probability(logits).tolist()
        return [
            Matched(
                question=question,
                sentence=sentence,
                score=score,
                tokens=self.tokenizer.pieces(query),
                source_tokens=self.tokenizer.pieces(text),
                attention=weights[None, None],
            )
            for (question, sentence), score, (query, text), weights in zip(
                pairs, scores, encoded, attention, strict=True
            )
        ]

    # In a graph, and without TensorFlow.

    def graph_answer(self, inputs):
        return self.probability(self.logits(*self.preprocess_tf(inputs))[0])

    def resources(self):
        return [self.tokenizer.resource]

    def serve_attention(self, inputs):
        query, text = self.preprocess_tf(inputs)
        logits, attention = self.logits(query, text)
        return self.explained(self.probability(logits), query, text, attention)

    def lite_function(self):
        """See `Task`: `source` int32 (B, S) and `query` int32 (B, Q) -> `score` float32 (B,)."""
        self.build()

        def run(source, query):
            return {"score": self.probability(self.logits(query, source)[0])}

        return tf.function(run, autograph=False).get_concrete_function(source=IDS, query=IDS)

    def lite_files(self):
        return {SOURCE: self.tokenizer.proto}

    def lite_manifest(self, weights):
        return {"rows": _LITE_ROWS, "longest_source": self.max_length}

    def get_config(self):
        names = ("scale", "offset", "threshold", "max_length")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _logistic(logits, right):
    """Scale, above 0, and offset of the logistic regression of 0 and 1 on logits."""
    # A prior keeps both finite where the two can be told without a mistake.
    target = np.where(
        right > 0, (right.sum() + 1) / (right.sum() + 2), 1 / (len(right) - right.sum() + 2)
    )
    inputs = np.stack([np.clip(logits, -50, 50), np.ones_like(logits)], axis=1)
    weights = np.array([1.0, 0.0])
    for _ in range(_STEPS):
        found = 1 / (1 + np.exp(-inputs @ weights))
        curvature = (inputs * (found * (1 - found))[:, None]).T @ inputs + 1e-6 * np.eye(2)
        step = np.linalg.solve(curvature, inputs.T @ (found - target))
        weights = weights - np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-9:
            break
    return max(float(weights[0]), 1e-3), float(weights[1])
