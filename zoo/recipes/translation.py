"""How the translators are trained: one procedure, and a short file of numbers for each."""

import dataclasses
import functools
import random
from collections.abc import Callable
from pathlib import Path

import keras

from zoo.recipes import synthetic
from zoo.recipes.procedure import adam, finish, kept_tokenizer, train_and_save
from zoo.tasks import Translator
from zoo.text import SentencePieceTokenizer
from zoo.training import portable

# Of a packed training: each is compiled once, and hardly a pair is longer. Half of the everyday
# pairs fit the first.
WIDTHS = (12, 18, 28, 60)


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
        label_smoothing, r_drop_alpha: see `Translator.compile`.
        subword_sampling: see `Translator.fit`.
        interval: steps between two validations, each with a checkpoint.
        decoding: what `generate` does by default.
        source_language: see `zoo.Translator`.
        max_sentence_length: see `zoo.Translator`.
        seed: of everything random.
        replaced: what the source's vocabulary reads as other text, see
            `zoo.text.SentencePieceTokenizer.replacing`; or None.
        augment: `train -> list of (source, target)`: more pairs, made of those that people wrote;
            or None.
        synthetic: names of `zoo.recipes.synthetic.SETS` and how often each is seen.
        last: `data_dir -> list of (source, target)`: what is learned at last, at a low rate, from
            weights that have learned all else; or None.
        last_steps, last_peak: number of batches of these, and the highest rate there.
        reverse: what is different in the recipe of the model for the other direction, which writes
            synthetic pairs, beside the direction.
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
    r_drop_alpha: float = 0.0
    subword_sampling: float = 0.0
    interval: int = 200
    decoding: dict = dataclasses.field(default_factory=lambda: {"num_beams": 5})
    source_language: str | None = None
    max_sentence_length: int | None = 0
    seed: int = 1
    replaced: dict | None = None
    augment: Callable | None = None
    synthetic: dict = dataclasses.field(default_factory=dict)
    last: Callable | None = None
    last_steps: int = 0
    last_peak: float = 1e-4
    reverse: dict = dataclasses.field(default_factory=dict)

    def reversed(self):
        """The recipe of the model for the other direction, which writes synthetic pairs."""
        sizes = self.vocab_size

        def pairs(data_dir):
            return [[pair[::-1] for pair in split] for split in self.pairs(data_dir)]

        return dataclasses.replace(
            self,
            pairs=pairs,
            vocab_size=sizes[::-1] if isinstance(sizes, tuple) else sizes,
            replaced=None,
            augment=None,
            synthetic={},
            last=None,
            source_language=None,
            **self.reverse,
        )

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
        train, valid, tokenizers = self._data(run_dir, run_dir, data_dir)
        path = self._stage(
            lambda: self._translator(tokenizers),
            train,
            valid,
            optimizer=lambda total: self.optimizer(self.peak, self.warmup, total),
            steps=steps or self.steps,
            interval=self.interval,
            out=out if self.last is None else Path(run_dir) / "before_last",
            run_dir=run_dir,
            verbose=verbose,
        )
        if self.last is None:
            return path
        return self.train_last(
            path, out=out, run_dir=Path(run_dir) / "last", data_dir=data_dir, verbose=verbose
        )

    def train_last(self, path, *, out, run_dir, data_dir=None, verbose="auto"):
        """The last stage alone, from a file of the model before it; else as `train`."""

        def build():
            before = keras.models.load_model(path)
            translator = self._translator([before.source_tokenizer, before.target_tokenizer])
            translator.build()
            translator.set_weights(before.get_weights())
            return translator

        return self._stage(
            build,
            self.last(data_dir),
            self.pairs(data_dir)[1],
            optimizer=lambda total: adam(self.last_peak, total // 10, total),
            steps=self.last_steps,
            interval=self.last_steps,
            out=out,
            run_dir=run_dir,
            verbose=verbose,
        )

    def _stage(self, build, train, valid, **options):
        return train_and_save(
            build,
            train,
            valid,
            label_smoothing=self.label_smoothing,
            r_drop_alpha=self.r_drop_alpha,
            subword_sampling=self.subword_sampling,
            batch_tokens=self.batch_tokens,
            seed=self.seed,
            policy=self.policy,
            **options,
        )

    def pack(self, folder, *, run_dir, data_dir=None):
        """Writes the training for `python -m zoo.training`; see `zoo.training.portable`."""
        train, valid, tokenizers = self._data(folder, run_dir, data_dir)
        steps, last = self.steps, self.last_steps
        stages = [{"steps": steps, "optimizer": self.optimizer(self.peak, self.warmup, steps)}]
        if self.last is not None:
            optimizer = adam(self.last_peak, last // 10, last)
            stages.append({"steps": last, "train": self.last(data_dir), "optimizer": optimizer})
        portable.pack(
            folder,
            model=self._translator(tokenizers).model,
            stages=stages,
            train=train,
            valid=valid,
            tokenizers=tokenizers,
            widths=WIDTHS,
            batch_tokens=self.batch_tokens,
            sampling=self.subword_sampling,
            label_smoothing=self.label_smoothing,
            r_drop_alpha=self.r_drop_alpha,
            interval=self.interval,
            seed=self.seed,
        )

    def finish(self, folder, *, out, data_dir=None):
        """Saves `out`/model.keras with the weights of a packed training in `folder`."""
        return finish(self._translator(self._tokenizers(None, Path(folder))), folder, out)

    def _data(self, folder, run_dir, data_dir):
        """Training pairs, validation pairs and the vocabularies, which are kept in `folder`."""
        keras.utils.set_random_seed(self.seed)
        train, valid = self.pairs(data_dir)
        random.Random(self.seed).shuffle(train)
        tokenizers = self._tokenizers(train, Path(folder))  # of what people wrote
        if self.augment is not None:
            train += self.augment(list(dict.fromkeys(train)))
        for name, times in self.synthetic.items():
            train += synthetic.pairs(name, run_dir, data_dir) * times
        random.Random(self.seed).shuffle(train)
        return train, valid, tokenizers

    def _tokenizers(self, train, run_dir):
        """The vocabularies, from `run_dir` where an interrupted run left them."""
        sizes = self.vocab_size

        def lines(side):
            if isinstance(sizes, tuple):
                return [pair[side] for pair in train]
            return [line for pair in train for line in pair]

        def vocabulary(side, size):
            replaced = self.replaced if side == 0 else None
            return SentencePieceTokenizer.train(lines(side), size, replaced=replaced)

        return [
            kept_tokenizer(
                run_dir / f"vocabulary_{i}.model", functools.partial(vocabulary, i, size)
            )
            for i, size in enumerate(sizes if isinstance(sizes, tuple) else (sizes,))
        ]

    def _translator(self, tokenizers):
        return Translator(
            self.model(tokenizers[0].vocab_size, tokenizers[-1].vocab_size),
            tokenizers[0],
            tokenizers[-1] if len(tokenizers) > 1 else None,
            decoding=self.decoding,
            max_sentence_length=self.max_sentence_length,
            source_language=self.source_language,
        )
