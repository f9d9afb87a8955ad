"""How what reads conversations is trained: chat partners and summarisers."""

import dataclasses
import random
from collections.abc import Callable
from pathlib import Path

import keras

from zoo.recipes.procedure import adam, finish, kept_tokenizer, train_and_save
from zoo.text import SentencePieceTokenizer
from zoo.training import portable


@dataclasses.dataclass(frozen=True)
class ConversationRecipe:
    """What makes one chat partner or summariser.

    Attributes:
        task: `zoo.ChatBot` or `zoo.Summarizer`, or a partial of one.
        pairs: `data_dir -> (train, valid)`, each a list of (conversation, answer).
        vocab_size: number of tokens, of conversations and answers alike.
        model: `(vocabulary size, vocabulary size) -> keras.Model`.
        steps: number of batches.
        widths: (source, target) tokens of the batches of a packed training; pairs that fit in none
            are left out there.
        before: `(data_dir, run_dir) -> pairs` to learn from first, or None.
        before_steps: number of batches of these.
        symbols: see `zoo.text.SentencePieceTokenizer.train`.
        character_coverage, replaced: as there.
        batch_tokens: see `Task.fit`.
        optimizer: `(peak, warmup, steps) -> keras.optimizers.Optimizer`.
        policy: see `train_and_save`.
        peak: the highest learning rate.
        warmup: steps until then.
        label_smoothing, r_drop_alpha: see `Task.compile`; r_drop_alpha is that of `steps` alone.
        interval: steps between two validations, each with a checkpoint.
        seed: of everything random.
    """

    task: Callable
    pairs: Callable
    vocab_size: int
    model: Callable
    steps: int
    widths: tuple
    before: Callable | None = None
    before_steps: int = 0
    symbols: tuple = ()
    character_coverage: float = 1.0
    replaced: dict | None = None
    batch_tokens: int = 8192
    optimizer: Callable = adam
    policy: str = "mixed_bfloat16"
    peak: float = 1e-3
    warmup: int = 400
    label_smoothing: float = 0.1
    r_drop_alpha: float = 0.0
    interval: int = 500
    seed: int = 1

    def train(self, *, out, run_dir, data_dir=None, steps=None, verbose="auto"):
        """Trains, and saves `out`/model.keras. After a kill, the same call goes on.

        Args:
            out: folder of the finished model.
            run_dir: folder of the checkpoints, the vocabulary and the TensorBoard logs.
            data_dir: where the data is; see `zoo.data.find`.
            steps: number of batches, after those of `before`. Default: the recipe's.
            verbose: as in `keras.Model.fit`.

        Returns:
            The path of the model.
        """
        run_dir = Path(run_dir)
        train, valid, before, tokenizer = self._data(run_dir, run_dir, data_dir)
        first = None
        if before:
            first = self._phase(
                before,
                valid,
                build=lambda: self._task(tokenizer),
                steps=self.before_steps,
                out=run_dir / "before",
                run_dir=run_dir / "before",
                verbose=verbose,
            )

        def build():
            task = self._task(tokenizer)
            if first is not None:
                task.build()
                task.set_weights(keras.models.load_model(first).get_weights())
            return task

        return self._phase(
            train,
            valid,
            build=build,
            steps=steps or self.steps,
            r_drop_alpha=self.r_drop_alpha,
            out=out,
            run_dir=run_dir,
            verbose=verbose,
        )

    def _phase(self, train, valid, **options):
        return train_and_save(
            train=train,
            valid=valid,
            optimizer=lambda total: self.optimizer(self.peak, self.warmup, total),
            interval=self.interval,
            label_smoothing=self.label_smoothing,
            batch_tokens=self.batch_tokens,
            seed=self.seed,
            policy=self.policy,
            **options,
        )

    def pack(self, folder, *, run_dir, data_dir=None):
        """Writes the training for `python -m zoo.training`; see `zoo.training.portable`."""
        train, valid, before, tokenizer = self._data(Path(folder), run_dir, data_dir)
        stages = [{"steps": self.steps, "r_drop_alpha": self.r_drop_alpha}]
        if before:
            stages.insert(0, {"steps": self.before_steps, "train": before})
        for stage in stages:
            stage["optimizer"] = self.optimizer(self.peak, self.warmup, stage["steps"])
        portable.pack(
            folder,
            model=self.model(tokenizer.vocab_size, tokenizer.vocab_size),
            stages=stages,
            train=train,
            valid=valid,
            tokenizers=[tokenizer],
            turns=True,
            widths=self.widths,
            batch_tokens=self.batch_tokens,
            sampling=0.0,
            label_smoothing=self.label_smoothing,
            r_drop_alpha=0.0,
            interval=self.interval,
            seed=self.seed,
        )

    def finish(self, folder, *, out, data_dir=None):
        """Saves `out`/model.keras with the weights of a packed training in `folder`."""
        return finish(self._task(self._tokenizer(None, Path(folder))), folder, out)

    def _data(self, folder, run_dir, data_dir):
        """Training pairs, validation pairs, the pairs before, and the vocabulary in `folder`."""
        keras.utils.set_random_seed(self.seed)
        train, valid = self.pairs(data_dir)
        before = self.before(data_dir, run_dir) if self.before is not None else []
        tokenizer = self._tokenizer(train + before, folder)
        return train, valid, before, tokenizer

    def _tokenizer(self, pairs, folder):
        """The vocabulary, from `folder` where an interrupted run left it."""

        def train():
            texts = dict.fromkeys(text for pair in pairs for text in pair)
            lines = dict.fromkeys(line for text in texts for line in text.split("\n"))
            return SentencePieceTokenizer.train(
                list(lines),
                self.vocab_size,
                character_coverage=self.character_coverage,
                symbols=self.symbols,
                replaced=self.replaced,
            )

        return kept_tokenizer(folder / "vocabulary_0.model", train)

    def _task(self, tokenizer):
        return self.task(self.model(tokenizer.vocab_size, tokenizer.vocab_size), tokenizer)


def histories(dialogues, longest, opening=0.0, seed=0):
    """Each turn of dialogues with the turns before it.

    Args:
        dialogues: list of lists of turns.
        longest: the most turns of a history.
        opening: share of the later turns that stand once more behind no history, so that the model
            also knows what is said anywhere: see `zoo.ChatBot`, on dull replies.
        seed: of their choice.

    Returns:
        list of (history, its turns joined by line breaks; turn). A first turn has the history "".
    """
    rng = random.Random(seed)
    pairs = []
    for turns in dialogues:
        turns = [" ".join(turn.split()) for turn in turns]
        for i, turn in enumerate(turns):
            pairs.append(("\n".join(turns[max(0, i - longest) : i]), turn))
            if i and rng.random() < opening:
                pairs.append(("", turn))
    return pairs
