"""How the translators are trained: one procedure, and a short file of numbers for each."""

import dataclasses
import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import keras

from zoo.tasks import Translator
from zoo.tasks.files import save_model
from zoo.text import SentencePieceTokenizer
from zoo.training import WarmupLinear


@dataclasses.dataclass(frozen=True)
class TranslationRecipe:
    """What makes one translator.

    Attributes:
        pairs: `data_dir -> (train, valid)`, each a list of (source, target).
        vocab_size: number of tokens, or a pair of numbers for two vocabularies.
        model: `(source vocabulary size, target vocabulary size) -> keras.Model`.
        steps: number of batches.
        batch_tokens: see `Translator.fit`.
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
        started = time.time()
        run_dir, steps = Path(run_dir), steps or self.steps
        epochs = -(-steps // self.interval)
        interval = -(-steps // epochs)
        steps = epochs * interval
        keras.utils.set_random_seed(self.seed)
        train, valid = self.pairs(data_dir)
        random.Random(self.seed).shuffle(train)
        tokenizers = self._tokenizers(train, run_dir)

        # Products in bfloat16, sums and weights in float32: 1.3 times the speed on a CPU.
        translator = self._translator(tokenizers, "mixed_bfloat16")
        schedule = WarmupLinear(self.peak, max(1, min(self.warmup, steps // 4)), steps)
        translator.compile(
            # beta_2: the usual choice for Transformers; forgets old gradients in 50 steps.
            keras.optimizers.Adam(schedule, beta_2=0.98),
            label_smoothing=self.label_smoothing,
        )
        translator.fit(
            train,
            validation_data=valid,
            batch_tokens=self.batch_tokens,
            seed=self.seed,
            steps_per_epoch=interval,
            epochs=epochs,
            initial_epoch=_finished_epochs(run_dir / "backup"),
            verbose=verbose,
            callbacks=[
                keras.callbacks.BackupAndRestore(
                    str(run_dir / "backup"), double_checkpoint=True, delete_checkpoint=False
                ),
                keras.callbacks.TensorBoard(str(run_dir / "logs"), write_graph=False),
                keras.callbacks.CSVLogger(str(run_dir / "log.csv"), append=True),
            ],
        )
        finished = self._translator(tokenizers, "float32")
        finished.set_weights(translator.get_weights())
        path = Path(out) / "model.keras"
        save_model(finished, path, half=True)
        print(f"{path}: {(time.time() - started) / 60:.1f} minutes since this start")
        return path

    def _tokenizers(self, train, run_dir):
        """The vocabularies, from `run_dir` where an interrupted run left them."""
        sizes = self.vocab_size
        sides = [[line for pair in train for line in pair]]
        if isinstance(sizes, tuple):
            sides = zip(*train, strict=True)
        else:
            sizes = (sizes,)
        tokenizers = []
        run_dir.mkdir(parents=True, exist_ok=True)
        for i, (size, lines) in enumerate(zip(sizes, sides, strict=True)):
            path = run_dir / f"vocabulary_{i}.model"
            if not path.exists():
                beside = path.with_suffix(".part")
                beside.write_bytes(SentencePieceTokenizer.train(lines, size).proto)
                beside.replace(path)
            tokenizers.append(SentencePieceTokenizer(path.read_bytes()))
        return tokenizers

    def _translator(self, tokenizers, policy):
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(policy)
        try:
            model = self.model(tokenizers[0].vocab_size, tokenizers[-1].vocab_size)
            translator = Translator(
                model,
                tokenizers[0],
                tokenizers[-1] if len(tokenizers) > 1 else None,
                decoding=self.decoding,
            )
        finally:
            keras.config.set_dtype_policy(before)
        translator.build()
        return translator


def _finished_epochs(backup):
    """How many epochs a run has behind it.

    A kill while that was being noted leaves half a note: the checkpoint before takes over, and
    without one the run starts anew.
    """
    note = backup / "training_metadata.json"
    try:
        return json.loads(note.read_text())["epoch"]
    except FileNotFoundError:
        return 0
    except json.JSONDecodeError:
        for latest in (backup / "latest.weights.h5", note):
            before = latest.with_name(latest.name + ".bkp")
            if before.exists():
                before.replace(latest)
            else:
                latest.unlink(missing_ok=True)
        return _finished_epochs(backup)
