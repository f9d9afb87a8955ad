"""How the translators are trained: one procedure, and a short file of numbers for each."""

import dataclasses
import random
from collections.abc import Callable
from pathlib import Path

import keras

from zoo.recipes.procedure import adam, kept_tokenizer, train_and_save
from zoo.tasks import Translator
from zoo.text import SentencePieceTokenizer


@dataclasses.dataclass(frozen=True)
class TranslationRecipe:
    """What makes one translator.

    Attributes:
        pairs: `data_dir -> (train, valid)`, each a list of (source, target).
        vocab_size: number of tokens, or a pair of numbers for two vocabularies.
        model: `(source vocabulary size, target vocabulary size) -> keras.Model`.
        steps: number of batches.
        batch_tokens: see `Translator.fit`.
        optimizer: `(peak, warmup, steps) -> keras.optimizers.Optimizer`.
        policy: see `train_and_save`.
        peak: the highest learning rate.
        warmup: steps until then.
        label_smoothing: see `Translator.compile`.
        interval: steps between two validations, each with a checkpoint.
        decoding: what `generate` does by default.
        seed: of everything random.
    """

    pairs: Callable
    vocab_size: int | tuple[int, int]
    model: Callable
    steps: int
    batch_tokens: int = 2048
    optimizer: Callable = adam
    policy: str = "mixed_bfloat16"
    peak: float = 2e-3
    warmup: int = 400
    label_smoothing: float = 0.1
    interval: int = 200
    decoding: dict = dataclasses.field(default_factory=lambda: {"num_beams": 5})
    seed: int = 1

    def train(self, *, out, run_dir, data_dir=None, steps=None, verbose="auto"):
        """Trains, and saves `out`/model.keras. After a kill, the same call goes on.

        Args:
            out: folder of the finished model.
            run_dir: folder of the checkpoints, the vocabulary and the TensorBoard logs.
            data_dir: where the data is; see `zoo.data.find`.
            steps: number of batches, rounded up to intervals of one size. Default: the recipe's.
            verbose: as in `keras.Model.fit`.

        Returns:
            The path of the model.
        """
        keras.utils.set_random_seed(self.seed)
        train, valid = self.pairs(data_dir)
        random.Random(self.seed).shuffle(train)
        tokenizers = self._tokenizers(train, Path(run_dir))
        steps = steps or self.steps
        return train_and_save(
            lambda: self._translator(tokenizers),
            train,
            valid,
            optimizer=lambda total: self.optimizer(self.peak, self.warmup, total),
            steps=steps,
            interval=self.interval,
            label_smoothing=self.label_smoothing,
            batch_tokens=self.batch_tokens,
            seed=self.seed,
            policy=self.policy,
            out=out,
            run_dir=run_dir,
            verbose=verbose,
        )

    def _tokenizers(self, train, run_dir):
        """The vocabularies, from `run_dir` where an interrupted run left them."""
        sizes = self.vocab_size
        sides = [[line for pair in train for line in pair]]
        if isinstance(sizes, tuple):
            sides = zip(*train, strict=True)
        else:
            sizes = (sizes,)
        tokenizers = []
        for i, (size, lines) in enumerate(zip(sizes, sides, strict=True)):
            tokenizers.append(
                kept_tokenizer(
                    run_dir / f"vocabulary_{i}.model",
                    lambda lines=lines, size=size: SentencePieceTokenizer.train(lines, size),
                )
            )
        return tokenizers

    def _translator(self, tokenizers):
        return Translator(
            self.model(tokenizers[0].vocab_size, tokenizers[-1].vocab_size),
            tokenizers[0],
            tokenizers[-1] if len(tokenizers) > 1 else None,
            decoding=self.decoding,
        )
