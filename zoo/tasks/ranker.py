"""`Ranker`: a query and documents in, the documents by how well they fit out."""

import math
import os
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from zoo.lite.catalogue import checked_ids
from zoo.tasks import rank_index, raw_data
from zoo.tasks.inputs import IDS, chunks, padded, texts
from zoo.tasks.output import Ranked
from zoo.tasks.pair_task import PairTask, checked_pairs, checked_triples, not_empty
from zoo.tasks.rank_index import RankIndex

_DOCUMENTS = "a list of str"


class Parts(NamedTuple):
    """What the scores of the candidates of a query are made of.

    Attributes:
        numbers: int (N,), of the candidates in the index, best first by BM25.
        words: float32 (N,), their BM25.
        late: float32 (N,), their late interaction.
        others: int (M,), of the documents that are no candidates, best first by BM25.
        ids: list of the tokens of the query.
    """

    numbers: np.ndarray
    words: np.ndarray
    late: np.ndarray
    others: np.ndarray
    ids: list

    def combined(self, weight):
        """BM25 + weight * late interaction: float32 (N,)."""
        return self.words + np.float32(weight) * self.late


@keras.saving.register_keras_serializable(package="zoo")
class Ranker(PairTask):
    """Finds the documents that fit a query: BM25 first, and late interaction on what it finds.

    `fit` trains on triples of a query, a document and a grade; `index` makes documents ready, once
    for all queries; `rank` puts them in order; `predict` scores pairs by late interaction alone.

    A document's score is `BM25 + weight * late interaction`, among the `candidates` that are best
    by BM25; behind them come the others in the order of BM25.

    Args:
        model: `zoo.models.LateInteraction`, or any `keras.Model` of its kind.
        tokenizer: a `zoo.text.SentencePieceTokenizer`, for both.
        weight: of the late interaction beside BM25.
        candidates: how many documents are ranked anew.
        max_length: longer documents are cut to this many tokens.
        max_query_length: the same for queries.

    Raises:
        ValueError: a number out of its range.

    Reference:
        Khattab and Zaharia 2020, ColBERT; Robertson and Zaragoza 2009, The Probabilistic Relevance
        Framework: BM25 and Beyond; Nogueira et al. 2019, Document Expansion by Query Prediction.
    """

    verb = "rank"

    def __init__(
        self,
        model,
        tokenizer,
        weight=20.0,
        candidates=1000,
        max_length=256,
        max_query_length=32,
        **kwargs,
    ):
        super().__init__(model, **kwargs)
        if not 0 <= weight < math.inf:
            raise ValueError(f"weight must be >= 0 and finite; got weight={weight}.")
        self.tokenizer = tokenizer
        self.weight = float(weight)
        self.candidates = raw_data.whole_number("candidates", candidates)
        self.max_length = raw_data.whole_number("max_length", max_length)
        self.max_query_length = raw_data.whole_number("max_query_length", max_query_length)

    def batches(self, x, y=None, *, batch_tokens=4096, batch_size=None, shuffle=0, seed=0):
        """Judged documents -> batches of (queries with documents, the place of the right one, ...).

        Of each query one document that fits, drawn by its grade, and one that does not, such as a
        high one of BM25, stand in a batch; the documents of the other queries are wrong, too, but
        for those that fit this one as well.

        Args:
            x: list of (query, document, grade), grades whole numbers from 0; or of (query,
                document), with `y`; or a tf.data.Dataset of such triples.
            y: list of grades.
            batch_tokens: of the documents, where `batch_size` is None.
            batch_size: queries of a batch.
            shuffle, seed: see `fit`.

        Returns:
            A tf.data.Dataset of a dict of `query` int32 (B, Q), `text` int32 (N, S) and `allowed`
            bool (B, N); places int32 (B,); weights float32 (B,), all 1.
        """
        judged = {}
        for query, text, grade in checked_triples(x, y, most=None):
            judged.setdefault(query, {})[text] = grade
        judged = {query: texts for query, texts in judged.items() if any(texts.values())}
        if not judged:
            raise ValueError("x must hold a query with a document that fits; got none.")
        size = batch_size or max(1, batch_tokens // (2 * self.max_length))
        queries = list(judged)
        every = dict.fromkeys(text for texts in judged.values() for text in texts)
        ids = dict(zip(every, self._encode(list(every), self.max_length), strict=True))
        asked = self._encode(queries, self.max_query_length)
        rng = np.random.default_rng(seed)

        def pack(numbers):
            draws = rng if shuffle else np.random.default_rng(seed)
            chosen = [_drawn(judged[queries[n]], draws) for n in numbers]
            texts = list(dict.fromkeys(text for pair in chosen for text in pair))
            place = {text: i for i, text in enumerate(texts)}
            allowed = np.array([[not judged[queries[n]].get(t) for t in texts] for n in numbers])
            targets = np.array([place[pair[0]] for pair in chosen], "int32")
            allowed[np.arange(len(numbers)), targets] = True
            query = not_empty(padded([asked[n] for n in numbers]))
            return query, not_empty(padded([ids[text] for text in texts])), allowed, targets

        def batch(numbers):
            kinds = (tf.int32, tf.int32, tf.bool, tf.int32)
            query, text, allowed, targets = tf.numpy_function(pack, [numbers], kinds)
            inputs = {"query": query, "text": text, "allowed": allowed}
            inputs = {name: tf.ensure_shape(x, [None, None]) for name, x in inputs.items()}
            targets = tf.ensure_shape(targets, [None])
            return inputs, targets, tf.ones_like(targets, tf.float32)

        numbers = tf.data.Dataset.range(len(queries))
        if shuffle:
            numbers = numbers.shuffle(len(queries), seed=seed)
        return numbers.batch(size).map(batch)

    def index(self, documents, ids=None, queries=None):
        """Makes documents ready to be ranked.

        Where it is known what people asked and which documents answered it, such as from the log of
        a site, BM25 reads those queries as a part of these documents: a new query finds what
        answered one that shares words with it.

        Args:
            documents: list of str, an array of them, or a generator, which is gone through once; or
                a dict of ids and texts.
            ids: list of int or str, each another, or the like: what the documents are called,
                looked at last; by default their numbers from 0.
            queries: dict of the id of a document -> list of str, the queries that it is known to
                fit, from `zoo.data.Documents.answered` or a log.

        Returns:
            `zoo.tasks.RankIndex`; its `save` keeps it in a folder.

        Raises:
            TypeError: a document that is no str, an id that is neither int nor str, or `queries`
                of another kind.
            ValueError: no document; `ids` of another number, or the same one twice; `queries` of an
                id that no document has.
            ImportError: bm25s is not installed.
        """
        if isinstance(documents, dict):
            documents, ids = documents.values(), list(documents)
        if ids is not None and not hasattr(ids, "__next__"):
            checked_ids(ids)  # what is wrong in them already, before the work
        queries = _checked_queries(queries)
        # Where all ids are known already, a wrong one is told before the work.
        if queries and not any(hasattr(given, "__next__") for given in (documents, ids)):
            rank_index.places_of(queries, range(len(documents)) if ids is None else ids)
        return rank_index.build(_checked(documents), ids, self._digest(), self._encoded, queries)

    def rank(self, query, documents, top_k=10, return_dict=False):
        """Puts documents in the order in which they fit a query.

        Args:
            query: str, or a list of str.
            documents: `zoo.tasks.RankIndex`, or the folder of a saved one; or documents as of
                `index`, of which one is made for this call.
            top_k: how many of them, best first; None for all.
            return_dict: whether to return `zoo.tasks.Ranked` for each, with the word of
                the document that each word of the query found.

        Returns:
            list of (id, score), of equal ones the first; for a list of queries a list of these. The
            ids of a list of str are their numbers, as str. A query without words gives every
            document 0.

        Raises:
            TypeError: an argument of another kind.
            ValueError: an index of another model; `top_k` below 1.
            FileNotFoundError: a folder without an index.
        """
        queries = (
            [query]
            if isinstance(query, str)
            else raw_data.text_items("query", query, "a str or a list of str")
        )
        if top_k is not None:
            top_k = raw_data.whole_number("top_k", top_k)
        index = self._index_of(documents)
        found = [self._rank(one, index, top_k, return_dict) for one in queries]
        return found[0] if isinstance(query, str) else found

    def ask(self, inputs, return_dict=False):
        """The best document to a text of several lines, the query first; or to each of a list.

        With `return_dict=True` it comes as `zoo.tasks.Ranked`.
        """
        answers = []
        for i, text in enumerate(texts("inputs", inputs)):
            query, *documents = text.split("\n")
            if not documents:
                raise ValueError(
                    "inputs must have a query in the first line and a document in each other; "
                    f"got inputs[{i}]={text!r:.80}."
                )
            (best,) = self.rank(query, documents, top_k=1, return_dict=True)
            answers.append(best if return_dict else best.text)
        return answers[0] if isinstance(inputs, str) else answers

    def answer(self, inputs):
        """Late interaction of each of a list of (query, document): float32 (N,), from -1 to 1."""
        self.build()
        pairs = checked_pairs("inputs", inputs)
        query = self._encode([pair[0] for pair in pairs], self.max_query_length)
        text = self._encode([pair[1] for pair in pairs], self.max_length)
        scores = np.zeros(len(pairs), "float32")
        for rows in chunks([max(1, len(text[i]) + len(query[i])) for i in range(len(pairs))]):
            sides = (not_empty(padded([side[i] for i in rows])) for side in (query, text))
            scores[rows] = self._function("scores", self._scores, 2)(*sides).numpy()
        return scores

    def settings(self):
        return {"weight": self.weight, "candidates": self.candidates}

    def parts(self, query, index):
        """What the scores of the candidates of a query are made of: `Parts`."""
        words = np.array(index.bm25(query), "float32")
        order = np.argsort(-words, kind="stable")
        best = order[: self.candidates]
        (ids,) = self._encode([query], self.max_query_length)
        late = np.zeros(len(best), "float32")
        if ids:
            late = index.late(*self._asked(ids), best)
        return Parts(best, words[best], late, order[self.candidates :], ids)

    def _rank(self, query, index, top_k, return_dict):
        parts = self.parts(query, index)
        scores = parts.combined(self.weight)
        order = np.argsort(-scores, kind="stable")[:top_k]
        found = list(zip(parts.numbers[order], scores[order].tolist(), strict=True))
        if top_k is None or len(found) < top_k:
            words = index.bm25(query)
            rest = parts.others[: None if top_k is None else top_k - len(found)]
            found += [(number, float(words[number])) for number in rest]
        if return_dict:
            return [self._ranked(query, parts.ids, index, *one) for one in found]
        return [(index.ids[number], score) for number, score in found]

    def _ranked(self, query, ids, index, number, score):
        vectors, pieces = index.vectors(number)
        attention = np.zeros((len(ids), len(pieces)), "float32")
        if attention.size:
            asked, weights = self._asked(ids)
            alike = asked @ np.asarray(vectors, "float32").T
            best = alike.argmax(axis=1)
            rows = np.arange(len(ids))
            attention[rows, best] = np.maximum(alike[rows, best], 0)
        return Ranked(
            query=query,
            id=index.ids[number],
            text=index.text(number),
            score=score,
            tokens=self.tokenizer.pieces(ids),
            source_tokens=self.tokenizer.pieces([int(i) for i in pieces]),
            attention=attention[None, None],
        )

    def _index_of(self, documents):
        if isinstance(documents, RankIndex):
            index = documents
        elif isinstance(documents, (str, os.PathLike)):
            index = RankIndex.load(documents)
        else:
            return self.index(documents)
        if index.model != self._digest():
            raise ValueError(
                "documents must be an index of this model, whose vectors it holds; got one of "
                f"another model ({index.model}, not {self._digest()}): make it anew."
            )
        return index

    def _digest(self):
        self.build()
        return rank_index.digest(self.model.get_weights())

    def _encode(self, rows, length):
        return [ids[:length] for ids in self.tokenizer.encode(rows)]

    def _encoded(self, rows):
        """Tokens and vectors of each of a list of documents."""
        self.build()
        ids = self._encode(rows, self.max_length)
        found = [None] * len(ids)
        width = self.model.get_config()["vector_dim"]
        for part in chunks([max(1, len(row)) for row in ids]):
            vectors = self._function("encode", self._vectors, 1)(
                not_empty(padded([ids[i] for i in part]))
            ).numpy()
            for i, row in zip(part, vectors, strict=True):
                size = len(ids[i])
                tokens = np.array(ids[i], "int32")
                found[i] = tokens, row[:size].astype("float16").reshape(size, width)
        return found

    def _asked(self, ids):
        """Vectors (Q, D) and weights (Q,) of a query."""
        vectors, weights = self._function("asked", self._asked_vectors, 1)(padded([ids]))
        return vectors.numpy()[0], weights.numpy()[0]

    def _function(self, name, function, inputs):
        if name not in self._functions:
            self._functions[name] = tf.function(
                function, autograph=False, input_signature=[IDS] * inputs
            )
        return self._functions[name]

    def _vectors(self, ids):
        return self.model.encode(ids, training=False)

    def _asked_vectors(self, ids):
        return self._vectors(ids), self.model.weigh(ids)

    def _alike(self, query, text):
        """How like the tokens of pairs are: (B, Q, S), -1 at the padding of the document."""
        alike = tf.matmul(self._vectors(query), self._vectors(text), transpose_b=True)
        return tf.where(tf.expand_dims(text != 0, 1), alike, -1.0)

    def _scores(self, query, text):
        best = tf.reduce_max(self._alike(query, text), axis=2)
        score = tf.reduce_sum(self.model.weigh(query) * best, axis=1)
        return tf.where(tf.reduce_any(text != 0, axis=1), score, 0.0)

    # In a graph.

    def preprocess_tf(self, inputs):
        query = self.tokens(inputs[:, 0], self.max_query_length)
        return query, self.tokens(inputs[:, 1], self.max_length)

    def graph_answer(self, inputs):
        return self._scores(*self.preprocess_tf(inputs))

    def serve_attention(self, inputs):
        query, text = self.preprocess_tf(inputs)
        alike = self._alike(query, text)
        best = tf.one_hot(tf.argmax(alike, axis=2), tf.shape(text)[1])
        seen = tf.expand_dims(tf.cast(query != 0, tf.float32), 2) * tf.maximum(alike, 0.0)
        return self.explained(self._scores(query, text), query, text, best * seen)

    def signatures(self):
        """What an export offers: the late interaction of pairs, and the vectors of documents.

        `serving_default` and `attention` as of `PairTask`. `encode` takes `text` string (B,), and
        gives `vectors` float32 (B, T, D), zeros behind the end of a document.
        """

        def encode(text):
            return {"vectors": self._vectors(self.tokens(text, self.max_length))}

        spec = tf.TensorSpec([None], tf.string, name="text")
        encode = tf.function(encode, autograph=False, input_signature=[spec])
        return {**super().signatures(), "encode": encode}

    def resources(self):
        return [self.tokenizer.resource]

    def lite_function(self):
        raise ValueError("A Ranker has no LiteRT file: its index is what answers without a model.")

    def get_config(self):
        names = ("weight", "candidates", "max_length", "max_query_length")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _drawn(judged, rng):
    """A text that fits, by its grade, and one that does not, or else the same again."""
    texts, grades = list(judged), np.array(list(judged.values()), "float64")
    right = texts[rng.choice(len(texts), p=grades / grades.sum())]
    wrong = [text for text, grade in judged.items() if not grade]
    return right, wrong[rng.integers(len(wrong))] if wrong else right


def _checked_queries(queries):
    """Lists of str by the id of a document."""
    rule = "a dict of an id -> a list of str"
    if queries is not None and not isinstance(queries, dict):
        raise TypeError(f"queries must be {rule}; got {type(queries).__name__} {queries!r:.80}.")
    return {
        name: [str(text) for text in raw_data.text_items(f"queries[{name!r}]", asked, _DOCUMENTS)]
        for name, asked in (queries or {}).items()
    }


def _checked(documents):
    """Documents one by one, of an iterator as they come."""
    if not hasattr(documents, "__next__"):
        documents = raw_data.text_items("documents", documents, _DOCUMENTS)
    for i, text in enumerate(documents):
        place = f"documents[{i}]"
        raw_data.check_items(place, [text], raw_data.is_text, "documents", _DOCUMENTS)
        yield str(text)
