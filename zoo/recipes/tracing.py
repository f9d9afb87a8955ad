"""How the knowledge tracers are trained: one procedure, and a short file of numbers for each."""

import dataclasses
from collections.abc import Callable

import keras

from zoo import data
from zoo.recipes.procedure import muon, train_and_save
from zoo.tasks import KnowledgeTracer


@dataclasses.dataclass(frozen=True)
class TracingRecipe:
    """What makes a knowledge tracer.

    Attributes:
        set: of the sets of `zoo.data.learners`.
        skills: `data_dir -> names of the skills`, in the order of their numbers.
        model: `number of skills -> keras.Model`.
        steps: number of batches.
        batch_tokens: see `KnowledgeTracer.fit`.
        peak, warmup, weight_decay: see `zoo.recipes.procedure.muon`.
        interval: steps between two validations, each with a checkpoint.
        seed: of everything random.
    """

    set: str
    skills: Callable
    model: Callable
    steps: int
    batch_tokens: int = 2048
    peak: float = 6e-3
    warmup: int = 50
    weight_decay: float = 0.1
    interval: int = 100
    seed: int = 1

    def train(self, *, out, run_dir, data_dir=None, steps=None, verbose="auto"):
        """Trains, and saves `out`/model.keras; arguments as of `TranslationRecipe.train`."""
        keras.utils.set_random_seed(self.seed)
        names = self.skills(data_dir)
        return train_and_save(
            lambda: KnowledgeTracer(self.model(len(names)), names),
            data.learners(self.set, "train", data_dir),
            data.learners(self.set, "val", data_dir),
            optimizer=lambda total: muon(self.peak, self.warmup, total, self.weight_decay),
            steps=steps or self.steps,
            interval=self.interval,
            batch_tokens=self.batch_tokens,
            seed=self.seed,
            policy="float32",  # the products are small, and gain nothing from bfloat16
            out=out,
            run_dir=run_dir,
            verbose=verbose,
        )
