"""How the rankers are trained: vectors of the collection first, then judged documents."""

import dataclasses
import itertools
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from zoo.evaluation.ranking import ndcg
from zoo.recipes.procedure import adam, kept_tokenizer, train_and_save
from zoo.tasks import Ranker
from zoo.tasks.rank_index import bm25_of
from zoo.text import SentencePieceTokenizer, rarity, word_vectors

_WEIGHTS = (0, 2, 5, 10, 15, 20, 30, 40, 60, 80, 120)  # of late interaction that are tried


@dataclasses.dataclass(frozen=True)
class RankingRecipe:
    """What makes one ranker.

    Attributes:
        material: `data_dir -> (train, valid)`, each a `zoo.data.Documents`.
        tokenizer: options of `SentencePieceTokenizer.train` beside the lines.
        model: `(vocabulary size, width of a vector) -> keras.Model`.
        steps: number of batches.
        batch_size: queries of a batch.
        wrong: how many of the best documents of BM25 that do not fit stand beside a query.
        model_dim: width of an embedded token.
        window: how far neighbours stand that a vector is made of; see `zoo.text.word_vectors`.
        max_length: see `Ranker`.
        candidates: see `Ranker`.
        peak: the highest learning rate.
        warmup: steps until then.
        interval: steps between two validations, each with a checkpoint.
        seed: of everything random.
    """

    material: Callable
    tokenizer: dict
    model: Callable
    steps: int
    batch_size: int = 32
    wrong: int = 30
    model_dim: int = 128
    window: int = 8
    max_length: int = 160
    candidates: int = 1000
    peak: float = 1e-3
    warmup: int = 50
    interval: int = 240
    seed: int = 1

    def train(self, *, out, run_dir, data_dir=None, steps=None, verbose="auto"):
        """Trains, chooses the weight beside BM25 on validation, and saves `out`/model.keras.

        Arguments as of `TranslationRecipe.train`.
        """
        keras.utils.set_random_seed(self.seed)
        train, valid = self.material(data_dir)
        documents, queries = list(train.documents.values()), list(train.queries.values())
        tokenizer = kept_tokenizer(
            Path(run_dir) / "vocabulary.model",
            lambda: SentencePieceTokenizer.train(documents + 3 * queries, **self.tokenizer),
        )
        rows = tokenizer.encode(documents)
        text = rows + tokenizer.encode(queries)
        vectors = word_vectors(text, tokenizer.vocab_size, self.model_dim, self.window)
        rare = rarity(rows, tokenizer.vocab_size)

        def build():
            model = self.model(tokenizer.vocab_size, self.model_dim)
            model.build(None)
            model.set_vectors(vectors)
            model.set_rarity(rare)
            return Ranker(model, tokenizer, candidates=self.candidates, max_length=self.max_length)

        search = _Words(train.documents)
        return train_and_save(
            build,
            self._judged(train, search),
            self._judged(valid, search),
            optimizer=lambda total: adam(self.peak, self.warmup, total),
            steps=steps or self.steps,
            interval=self.interval,
            metrics=["accuracy"],
            after=lambda ranker: choose_weight(ranker, valid, train.answered()),
            batch_size=self.batch_size,
            seed=self.seed,
            policy="float32",  # the products are small, and gain nothing from bfloat16
            out=out,
            run_dir=run_dir,
            verbose=verbose,
        )

    def _judged(self, material, search):
        """(query, document, grade) of what was judged, and of BM25's best that were not."""
        rows = []
        for key, query in material.queries.items():
            judged = material.judgments[key]
            wrong = [name for name in search(query) if name not in judged][: self.wrong]
            rows += [(query, material.documents[name], grade) for name, grade in judged.items()]
            rows += [(query, material.documents[name], 0) for name in wrong]
        return rows


class _Words:
    """BM25 alone: the names of the documents that share a word with a query, best first."""

    def __init__(self, documents):
        self._names = list(documents)
        self._score = bm25_of(documents.values())

    def __call__(self, query):
        scores = self._score(query)
        order = np.argsort(-scores, kind="stable")[: np.count_nonzero(scores)]
        return [self._names[i] for i in order]


def choose_weight(ranker, material, queries):
    """Sets the weight of late interaction beside BM25 with the best nDCG@10.

    It is the mean over an index of the documents alone and one with `queries`, since both are used.

    Args:
        ranker: `zoo.Ranker`.
        material: `zoo.data.Documents`, other queries than those of the training.
        queries: dict of the id of a document -> the queries that it fits; see `Ranker.index`.

    Returns:
        dict of each weight that was tried -> its nDCG@10.
    """
    indexes = [ranker.index(material.documents, queries=asked) for asked in (None, queries)]
    place = {name: i for i, name in enumerate(indexes[0].ids)}
    found = dict.fromkeys(_WEIGHTS, 0.0)
    for index, (key, query) in itertools.product(indexes, material.queries.items()):
        grades = np.zeros(len(index), int)
        for name, grade in material.judgments[key].items():
            grades[place[name]] = grade
        parts = ranker.parts(query, index)
        for weight in _WEIGHTS:
            found[weight] += ndcg(
                parts.combined(weight), grades[parts.numbers], 10, ideal=grades
            ) / (len(indexes) * len(material.queries))
    ranker.weight = float(max(found, key=found.get))
    return found
