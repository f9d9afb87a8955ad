"""How the language models are trained: one procedure, and a short file of numbers for each."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import keras

from zoo.recipes.procedure import kept_tokenizer, muon, train_and_save
from zoo.tasks import TextGenerator
from zoo.text import SentencePieceTokenizer


@dataclasses.dataclass(frozen=True)
class GenerationRecipe:
    """What makes one text generator.

    Attributes:
        texts: `data_dir -> (train, valid)`, each a list of str.
        tokenizer: options of `SentencePieceTokenizer.train` beside the lines.
        model: `vocabulary size -> keras.Model`.
        steps: number of batches.
        batch_tokens: see `TextGenerator.fit`.
        peak: the highest learning rate, of `zoo.recipes.procedure.muon`.
        warmup: steps until then.
        weight_decay: a step shrinks the weights by this times the learning rate.
        interval: steps between two validations, each with a checkpoint.
        decoding: what `generate` does by default.
        form: see `TextGenerator`.
        seed: of everything random.
    """

    texts: Callable
    tokenizer: dict
    model: Callable
    steps: int
    batch_tokens: int = 4096
    peak: float = 3e-3
    warmup: int = 100
    weight_decay: float = 0.1
    interval: int = 200
    decoding: dict = dataclasses.field(default_factory=dict)
    form: dict | None = None
    seed: int = 1

    def train(self, *, out, run_dir, data_dir=None, steps=None, verbose="auto"):
        """Trains, and saves `out`/model.keras; arguments as of `TranslationRecipe.train`."""
        keras.utils.set_random_seed(self.seed)
        train, valid = self.texts(data_dir)
        tokenizer = kept_tokenizer(
            Path(run_dir) / "vocabulary.model",
            lambda: SentencePieceTokenizer.train(
                [line for text in train for line in text.split("\n") if line],
                lossless=True,
                **self.tokenizer,
            ),
        )
        return train_and_save(
            lambda: TextGenerator(
                self.model(tokenizer.vocab_size), tokenizer, decoding=self.decoding, form=self.form
            ),
            train,
            valid,
            optimizer=lambda total: muon(self.peak, self.warmup, total, self.weight_decay),
            steps=steps or self.steps,
            interval=self.interval,
            batch_tokens=self.batch_tokens,
            seed=self.seed,
            policy="float32",  # where the CPU has no bfloat16, mixed precision is slower
            out=out,
            run_dir=run_dir,
            verbose=verbose,
        )
