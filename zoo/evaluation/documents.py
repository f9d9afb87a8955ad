"""Measure a ranker: how early the documents that fit come, among all of a collection."""

from typing import NamedTuple

import numpy as np

from zoo import data
from zoo.evaluation.markdown import table
from zoo.evaluation.measures import figure, titles
from zoo.evaluation.progress import progress
from zoo.evaluation.ranking import average_precision, ndcg, paired_bootstrap, reciprocal_rank
from zoo.evaluation.sources import checksums

_K = 10  # documents that count
_BESIDE = {
    "bm25_queries": "BM25 on the same index",
    "plain": "this model, its index without the queries",
    "bm25": "BM25 on that",
}
_FILES = {"val": "dev"}  # how a split is called in the names of the files


class DocumentCorpus(NamedTuple):
    """One split of one collection with queries and graded judgments.

    Attributes:
        data: key of `zoo.data.DATASETS`, which is also the name of its loader.
        split: split of the queries; the documents are all.
    """

    data: str
    split: str

    unit = "queries"  # key of a result: how many were measured

    @property
    def name(self):
        """Readable and unique: `"nfcorpus test"`."""
        return f"{self.data} {self.split}"

    @property
    def checksums(self):
        """Path -> SHA-256 of the files behind the corpus; the loaders compare these on reading."""
        return checksums(self.data, rf"docs\.|\b(train|{_FILES.get(self.split, self.split)})\.")

    def read(self, data_dir=None):
        """What `measure` needs: `zoo.data.Documents` of the split and of train.

        Errors as of the loaders.
        """
        load = getattr(data, self.data)
        return load(self.split, data_dir=data_dir), load("train", data_dir=data_dir)

    def measure(self, model, material, limit=None):
        """Measures a `zoo.Ranker` on the first `limit` queries; see `measure_ranking`."""
        asked, train = material
        queries = dict(list(asked.queries.items())[:limit])
        asked = asked._replace(queries=queries)
        return measure_ranking(model, asked, self.name, train.answered())

    @staticmethod
    def summary(result):
        """One line of the figures that count."""
        beside = result["bm25"]
        return (
            f"nDCG@10 {result['ndcg_10']:.4f} (BM25 {beside['ndcg_10']:.4f}, p "
            f"{beside['bootstrap']['p']:.4f}), MAP {result['map']:.4f}, MRR {result['mrr']:.4f} "
            f"({result['queries']} queries)"
        )

    def section(self, result):
        """Paragraphs of the card: beside BM25."""
        keys = ("ndcg_10", "map", "mrr")
        yield (
            f"On {self.name}, among all {result['documents']} documents, beside BM25 (k1 1.2, b "
            "0.75, common English endings cut) on the same words. The documents of the model's "
            "index have the queries of train that they fit beside them, for BM25 to read "
            "(`Ranker.index`, `queries=`). By how much its nDCG@10 is larger is given as a 95 % "
            "interval; p is the share of 10,000 samples of the queries in which it is not larger "
            "(paired bootstrap). Of documents with the same score, those that fit least are taken "
            "to come first:"
        )
        rows = [["**this model**", *(figure(result, key) for key in keys), "", ""]]
        for name, title in _BESIDE.items():
            beside = result[name]
            better = beside["bootstrap"]
            interval = f"{better['low']:+.4f} to {better['high']:+.4f}"
            figures = (figure(beside, key) for key in keys)
            rows.append([title, *figures, interval, f"{better['p']:.4f}"])
        yield table(["", *titles(keys), "the model is better by", "p"], rows)


def measure_ranking(model, material, description="queries", answered=None):
    """Measures a ranker on all documents of a collection, beside BM25 on the same words.

    Of documents with the same score, those that fit least are taken to come first.

    Args:
        model: `zoo.Ranker`.
        material: `zoo.data.Documents`.
        description: what a progress bar says.
        answered: other queries by the document that they fit; see `Ranker.index`.

    Returns:
        dict: `queries`, `documents`, `ndcg_10`, `map`, `mrr`; and the systems beside it, `bm25` and
        `plain`, BM25 and the model on an index of the documents alone, and `bm25_queries`, BM25 on
        that of the model, each with the same three and `bootstrap`, of the nDCG@10 of the model
        against it.
    """
    index = model.index(material.documents, queries=answered)
    plain = model.index(material.documents)
    systems = {
        "ours": lambda query: _levels(model.rank(query, index, top_k=None), place),
        "plain": lambda query: _levels(model.rank(query, plain, top_k=None), place),
        "bm25_queries": index.bm25,
        "bm25": plain.bm25,
    }
    place = {name: i for i, name in enumerate(index.ids)}
    figures = {name: [] for name in systems}
    for key, query in progress(list(material.queries.items()), description):
        grades = np.zeros(len(index), int)
        for name, grade in material.judgments[key].items():
            grades[place[name]] = grade
        for name, scores in systems.items():
            figures[name].append(_figures(scores(query), grades))
    names = ("ndcg_10", "map", "mrr")
    figures = {name: np.array(found).T for name, found in figures.items()}
    means = {
        name: {figure: float(x.mean()) for figure, x in zip(names, found, strict=True)}
        for name, found in figures.items()
    }
    ours = figures.pop("ours")
    return {
        "queries": len(material.queries),
        "documents": len(index),
        **means["ours"],
        **{
            name: {**means[name], "bootstrap": paired_bootstrap(ours[0], found[0])}
            for name, found in figures.items()
        },
    }


def _levels(ranked, place):
    """What a ranking says as scores of all documents: float (N,).

    By its places, since what is ranked anew comes before the rest whatever its score.
    """
    scores, last, level = np.zeros(len(place)), None, 0
    for name, score in ranked:
        level -= score != last
        last = score
        scores[place[name]] = level
    return scores


def _figures(scores, grades):
    return (
        ndcg(scores, grades, _K),
        average_precision(scores, grades),
        reciprocal_rank(scores, grades),
    )
