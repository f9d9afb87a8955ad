"""Measure a recommender: how high it ranks what somebody chose next, among all items not seen.

Ties: an item that has the score of the one that was chosen counts as ranked above it. So a tie
never helps, whatever the order of the catalogue.
"""

from typing import NamedTuple

import numpy as np

from zoo import data
from zoo.evaluation.markdown import table
from zoo.evaluation.measures import figure, interval, titles
from zoo.evaluation.progress import progress
from zoo.evaluation.ranking import paired_bootstrap
from zoo.evaluation.sources import checksums

_BATCH = 256  # histories that are scored together
_K = 10
_MEASURES = "hr_10", "ndcg_10"
_NEGATIVES = 100  # of the sampled protocol


class HistoryCorpus(NamedTuple):
    """One split of one set of histories, of each of which one item is left out.

    Attributes:
        data: key of `zoo.data.DATASETS`, which is also the name of its loader.
        split: split of the set.
    """

    data: str
    split: str

    compared = 500  # inputs of `compare_litert`
    unit = "users"  # key of a result: how many were measured

    @property
    def name(self):
        """Readable and unique: `"movielens test"`."""
        return f"{self.data} {self.split}"

    @property
    def checksums(self):
        """Path -> SHA-256 of the files behind the corpus; the loaders compare these on reading."""
        return checksums(self.data)

    def read(self, data_dir=None):
        """What `measure` needs: a list of (history, item), and the training histories."""
        load = getattr(data, self.data)
        return load(self.split, data_dir=data_dir), load("train", data_dir=data_dir)

    def measure(self, model, material, limit=None):
        """Measures a `zoo.Recommender` on the first `limit` histories; see `measure_next`."""
        pairs, training = material
        return measure_next(model, pairs[:limit], training, self.name)

    def inputs(self, material, count):
        """The first histories, and no options; see `compare_litert`."""
        return [history for history, _ in material[0][:count]], {}

    def score(self, model, material, answers):
        """Name and value of the measure of answers to `inputs`."""
        pairs = zip(answers, material[0], strict=False)
        return "hr_10", sum(item in answer for answer, (_, item) in pairs) / len(answers)

    @staticmethod
    def summary(result):
        """One line of the figures that count."""
        return (
            f"HR@10 {result['hr_10']:.4f}, NDCG@10 {result['ndcg_10']:.4f} among all items not "
            f"seen ({result['users']} histories); among 100 sampled ones "
            f"{result['sampled']['hr_10']:.4f}, {result['sampled']['ndcg_10']:.4f}"
        )

    def section(self, result):
        """Paragraphs of the card, of the test set: beside baselines, and among sampled items."""
        if self.split != "test":
            return
        yield (
            f"{self.name}, beside baselines that counted the same training histories: what is "
            "rated most, and neighbours, the sum of the cosines of a film with those of the "
            "history (two films are alike when the same people rated both). Ties count against a "
            "system. By how much the model's nDCG@10 is better: the 95 % interval, and the share p "
            "of 10,000 samples of the people in which it is not (paired bootstrap). The last two "
            "columns rank among 100 films drawn by chance, as many papers did, and are here for "
            "comparison with those alone: **they mislead**, since almost all of the films drawn "
            "are easy to tell from the right one, and a worse recommender can come out better "
            "(Krichene and Rendle 2020, On Sampled Metrics for Item Recommendation)."
        )
        rows = []
        for system, found in [("**this model**", result), *result["baselines"].items()]:
            better = interval(found["bootstrap"]) if "bootstrap" in found else ["", ""]
            full = [figure(found, key) for key in _MEASURES]
            sampled = [figure(found["sampled"], key) for key in _MEASURES]
            rows.append([system, *full, *better, *sampled])
        names = titles(_MEASURES)
        sampled = (f"{name} of 100 sampled" for name in names)
        yield table(["", *names, "the model is better by", "p", *sampled], rows)


def measure_next(model, pairs, training, description="histories"):
    """Measure a recommender, and two baselines beside it.

    Args:
        model: `zoo.Recommender`.
        pairs: list of (history, item), what came before and what came next.
        training: the histories that the baselines count, as of `Recommender.fit`.
        description: of the progress bar.

    Returns:
        dict: `users`; `hr_10`, the share of histories whose next item is among the best 10 of all
        that were not seen, and `ndcg_10`, in which rank r counts 1 / log2(r + 1); `sampled`, the
        same among 100 items that were not seen, drawn with equal chance; `baselines`, all of this
        of `"most popular"`, and of `"neighbours"`, the sum of the cosines of an item with those of
        the history, each with `bootstrap`, how sure it is that the model's `ndcg_10` is better; see
        `paired_bootstrap`.

    Raises:
        ValueError: no pairs, or an item that is not in the catalogue.

    Reference:
        Krichene and Rendle 2020, On Sampled Metrics for Item Recommendation: with sampled items a
        worse recommender can come out better.
    """
    if not pairs:
        raise ValueError("pairs must hold at least one pair; got 0 pairs.")
    count = len(model.items)
    rows = [model.catalogue.numbers(history) for history, _ in pairs]
    targets = np.array(model.catalogue.numbers([item for _, item in pairs], "items"))
    systems = {"model": None, **baselines(map(model.catalogue.numbers, training), count)}
    ranks = {name: [] for name in systems}
    sampled = {name: [] for name in systems}
    rng = np.random.default_rng(1)
    starts = range(0, len(rows), _BATCH)
    for start in progress(list(starts), description):
        several = rows[start : start + _BATCH]
        drawn = [_drawn(rng, row, target, count) for row, target in zip(several, targets[start:])]
        for name, score in systems.items():
            if score is None:
                histories = [history for history, _ in pairs[start : start + _BATCH]]
                found = model.scores(histories)
            else:
                found = np.stack([score(row) for row in several])
            for row, scores, target, some in zip(several, found, targets[start:], drawn):
                scores = np.array(scores, "float64")
                # What was seen is no candidate, unless it is seen again.
                scores[[i - 1 for i in row if i != target]] = -np.inf
                ranks[name].append(rank(scores, target - 1))
                few = scores[[target - 1, *(i - 1 for i in some)]]
                sampled[name].append(rank(few, 0))
    figures = {name: {**_at_10(ranks[name]), "sampled": _at_10(sampled[name])} for name in systems}
    ours = figures.pop("model")
    for name, theirs in figures.items():
        theirs["bootstrap"] = paired_bootstrap(_gains(ranks["model"]), _gains(ranks[name]))
    return {"users": len(rows), **ours, "baselines": figures}


def rank(scores, place):
    """The rank of one item, from 1; of items with the same score it is the last.

    Args:
        scores: float (C,).
        place: int, of the item.
    """
    return int(np.sum(np.asarray(scores) >= scores[place]))


def baselines(histories, count):
    """What a model is compared with, counted on training histories.

    Args:
        histories: lists of numbers of items, from 1.
        count: number of items, C.

    Returns:
        dict of name -> `history -> float (C,)`.
    """
    histories = list(histories)
    seen = np.zeros((len(histories), count), "float32")
    for row, history in zip(seen, histories, strict=True):
        row[[i - 1 for i in history]] = 1
    popularity = seen.sum(axis=0)
    together = seen.T @ seen
    norms = np.sqrt(np.maximum(popularity, 1))
    cosines = together / norms[:, None] / norms[None]
    np.fill_diagonal(cosines, 0)
    return {
        "most popular": lambda history: popularity,
        "neighbours": lambda history: cosines[[i - 1 for i in history]].sum(axis=0),
    }


def _drawn(rng, row, target, count):
    """Numbers of 100 different items that were not seen and are not the target."""
    others = np.setdiff1d(np.arange(1, count + 1), [*row, target])
    return rng.choice(others, min(_NEGATIVES, len(others)), replace=False)


def _at_10(ranks):
    share = np.mean(np.array(ranks) <= _K)
    return {"hr_10": float(share), "ndcg_10": float(_gains(ranks).mean())}


def _gains(ranks):
    ranks = np.array(ranks)
    return np.where(ranks <= _K, 1 / np.log2(ranks + 1), 0.0)
