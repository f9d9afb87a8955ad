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
        return checksums(self.data, rf"docs\.|\b{_FILES.get(self.split, self.split)}\.")

    def read(self, data_dir=None):
        """What `measure` needs: `zoo.data.Documents`; errors as of the loaders."""
        return getattr(data, self.data)(self.split, data_dir=data_dir)

    def measure(self, model, material, limit=None):
        """Measures a `zoo.Ranker` on the first `limit` queries; see `measure_ranking`."""
        queries = dict(list(material.queries.items())[:limit])
        return measure_ranking(model, material._replace(queries=queries), self.name)

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
        bm25 = result["bm25"]
        better = bm25["bootstrap"]
        keys = ("ndcg_10", "map", "mrr")
        yield (
            f"On {self.name}, among all {result['documents']} documents, beside BM25 (k1 1.2, b "
            "0.75, common English endings cut) on the same words. The nDCG@10 differs by "
            f"{better['difference']:+.4f}, 95 % interval {better['low']:+.4f} to "
            f"{better['high']:+.4f}; in a share of {better['p']:.4f} of 10,000 samples of the "
            "queries the model is not better (paired bootstrap). Of documents with the same score, "
            "those that fit least are taken to come first:"
        )
        rows = [["**this model**", *(figure(result, key) for key in keys)]]
        rows.append(["BM25", *(figure(bm25, key) for key in keys)])
        yield table(["", *titles(keys)], rows)


def measure_ranking(model, material, description="queries"):
    """Measures a ranker on all documents of a collection, beside BM25 on the same words.

    Of documents with the same score, those that fit least are taken to come first.

    Args:
        model: `zoo.Ranker`.
        material: `zoo.data.Documents`.
        description: what a progress bar says.

    Returns:
        dict: `queries`, `documents`, `ndcg_10`, `map`, `mrr`, and `bm25` with the same three and
        `bootstrap`, of the nDCG@10 of the model against it.
    """
    index = model.index(material.documents)
    place = {name: i for i, name in enumerate(index.ids)}
    ours, theirs = [], []
    for key, query in progress(list(material.queries.items()), description):
        grades = np.zeros(len(index), int)
        for name, grade in material.judgments[key].items():
            grades[place[name]] = grade
        words = index.bm25(query)
        theirs.append(_figures(words, grades))
        scores = np.zeros(len(index))
        ranked = model.rank(query, index, top_k=None)
        # By its place, since what is ranked anew comes before the rest whatever its score.
        last, level = None, 0
        for name, score in ranked:
            level -= score != last
            last = score
            scores[place[name]] = level
        ours.append(_figures(scores, grades))
    ours, theirs = np.array(ours), np.array(theirs)
    names = ("ndcg_10", "map", "mrr")

    def means(found):
        return {name: float(x) for name, x in zip(names, found.mean(axis=0), strict=True)}

    return {
        "queries": len(ours),
        "documents": len(index),
        **means(ours),
        "bm25": {**means(theirs), "bootstrap": paired_bootstrap(ours[:, 0], theirs[:, 0])},
    }


def _figures(scores, grades):
    return (
        ndcg(scores, grades, _K),
        average_precision(scores, grades),
        reciprocal_rank(scores, grades),
    )
