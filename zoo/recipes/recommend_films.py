"""Films to see next: a causal Transformer over the films that somebody rated."""

import dataclasses
import functools
from collections.abc import Callable

import keras

from zoo import data
from zoo.models import SASRec
from zoo.recipes.procedure import muon, train_and_save
from zoo.tasks import Recommender


@dataclasses.dataclass(frozen=True)
class RecommendationRecipe:
    """What makes a recommender.

    Attributes:
        histories: `data_dir -> (train, valid)`: a list of histories, and a list of (history, item).
        items: `data_dir -> list of (id, name)`.
        model: `number of items -> keras.Model`.
        steps: number of batches.
        batch_tokens: see `Recommender.fit`.
        peak, warmup, weight_decay: see `zoo.recipes.procedure.muon`.
        interval: steps between two validations, each with a checkpoint.
        seed: of everything random.
    """

    histories: Callable
    items: Callable
    model: Callable
    steps: int
    batch_tokens: int
    peak: float
    warmup: int
    weight_decay: float
    interval: int
    seed: int = 1

    def train(self, *, out, run_dir, data_dir=None, steps=None, verbose="auto"):
        """Trains, and saves `out`/model.keras; arguments as of `TranslationRecipe.train`."""
        keras.utils.set_random_seed(self.seed)
        train, valid = self.histories(data_dir)
        ids, names = zip(*self.items(data_dir), strict=True)
        return train_and_save(
            lambda: Recommender(self.model(len(names)), names, ids),
            train,
            tuple(map(list, zip(*valid, strict=True))),
            optimizer=lambda total: muon(self.peak, self.warmup, total, self.weight_decay),
            steps=steps or self.steps,
            interval=self.interval,
            after=lambda recommender: recommender.count(train),
            batch_tokens=self.batch_tokens,
            seed=self.seed,
            out=out,
            run_dir=run_dir,
            verbose=verbose,
        )


RECIPE = RecommendationRecipe(
    histories=lambda data_dir: (
        data.movielens("train", data_dir),
        data.movielens("val", data_dir),
    ),
    items=data.movielens_films,
    model=functools.partial(
        SASRec,
        context_length=200,
        num_layers=2,
        model_dim=128,
        num_heads=4,
        ff_dim=256,
        dropout=0.3,
    ),
    steps=3000,
    batch_tokens=3200,
    peak=4e-3,
    warmup=100,
    weight_decay=0.05,
    interval=500,
)
