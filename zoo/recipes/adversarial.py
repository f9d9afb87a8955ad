"""How a text generator goes on against a discriminator: one procedure, a short file of numbers."""

import csv
import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from zoo import registry
from zoo.evaluation.kneser_ney import KneserNey
from zoo.system import writing
from zoo.tasks.files import save_model
from zoo.text import END_ID, PAD_ID, START_ID
from zoo.training.adversarial import SequenceGame

_JUDGE_ORDER = 4
_COLUMNS = ("round", "seconds", "reward", "verdict_loss", "imitation_loss", "valid_loss", "judge")


@dataclasses.dataclass(frozen=True)
class AdversarialRecipe:
    """What makes a text generator of a form by SeqGAN, from one that maximum likelihood trained.

    Attributes:
        start: name of the shipped generator that the game begins with.
        texts: `data_dir -> (train, valid)`, each a list of str.
        model: `(vocabulary size, number of labels) -> keras.Model`, the discriminator.
        steps: rounds of the game; each has one step of the policy.
        batch: poems of a step.
        times, every: completions of a beginning, and tokens between two beginnings; see
            `zoo.training.adversarial.SequenceGame`.
        warmup: batches of real poems, and of written ones, that the discriminator learns from
            before the first round.
        verdicts: the same in each round.
        imitations: steps by maximum likelihood in each round, against collapse.
        peak, imitation_rate, verdict_rate: learning rates of Adam, for the policy, for imitation,
            and for the discriminator.
        interval: rounds between two validations, each with a checkpoint.
        samples: poems that are written for a validation.
        tolerance: nats per token that the loss of the held-out poems may rise above that of the
            start. Of the validations within it the one is kept whose poems an n-gram model, which
            had no part in the game, finds likeliest.
        seed: of everything random.
    """

    start: str
    texts: Callable
    model: Callable
    steps: int
    batch: int = 32
    times: int = 4
    every: int = 8
    warmup: int = 60
    verdicts: int = 2
    imitations: int = 1
    peak: float = 1e-4
    imitation_rate: float = 1e-4
    verdict_rate: float = 1e-3
    interval: int = 20
    samples: int = 512
    tolerance: float = 0.05
    seed: int = 1

    def train(self, *, out, run_dir, data_dir=None, steps=None, verbose="auto"):
        """Plays, and saves `out`/model.keras; arguments as of `TranslationRecipe.train`."""
        keras.utils.set_random_seed(self.seed)
        run_dir, steps = Path(run_dir), steps or self.steps
        generator = registry.load(registry.find(self.start), task="generation")
        train, valid = (_whole(generator, texts) for texts in self.texts(data_dir))
        game = self._game(generator, train)
        judge = KneserNey(train, generator.tokenizer.vocab_size, _JUDGE_ORDER)
        log = _resumed(game, run_dir)
        if not log:
            game.discriminate(self.warmup)
            log = [self._validation(game, judge, valid, 0, {})]
            _keep(game, run_dir, log, verbose)
        while log[-1]["round"] < steps:
            count = min(self.interval, steps - log[-1]["round"])
            means = self._rounds(game, count)
            log.append(self._validation(game, judge, valid, log[-1]["round"] + count, means))
            _keep(game, run_dir, log, verbose)
        best = self.chosen(log)
        if verbose:
            print(f"kept: round {best['round']}", flush=True)
        with np.load(_weights(run_dir, best["round"])) as stored:
            generator.model.set_weights([stored[name] for name in stored.files])
        path = Path(out) / "model.keras"
        save_model(generator, path, compact=True)
        return path

    def discriminator(self, run_dir, generator):
        """The discriminator as a run left it, for those who want to see what it looks at.

        Args:
            run_dir: folder of a run.
            generator: the `zoo.TextGenerator` of the run, for its vocabulary.
        """
        model = self.model(generator.tokenizer.vocab_size, 2)
        model.build(None)
        with np.load(Path(run_dir) / "discriminator.npz") as stored:
            model.set_weights([stored[name] for name in stored.files])
        return model

    def chosen(self, log):
        """Of the rows of a log the one whose weights are kept; see `tolerance`."""
        limit = log[0]["valid_loss"] + self.tolerance
        return min((row for row in log if row["valid_loss"] <= limit), key=lambda row: row["judge"])

    def _game(self, generator, train):
        discriminator = self.model(generator.tokenizer.vocab_size, 2)
        discriminator.build(None)
        rates = self.imitation_rate, self.peak, self.verdict_rate
        return SequenceGame(
            generator.model,
            discriminator,
            train,
            optimizers=[keras.optimizers.Adam(rate) for rate in rates],
            batch=self.batch,
            policy_batch=self.batch,
            times=self.times,
            every=self.every,
            start_id=START_ID,
            end_id=END_ID,
            jit_compile=False,  # XLA takes minutes for the unrolled Transformer
            seed=self.seed,
        )

    def _rounds(self, game, count):
        """Plays; returns the means of what the log has of a round, and its seconds."""
        began, rows = time.monotonic(), []
        for _ in range(count):
            reward = game.play()
            verdict = game.discriminate(self.verdicts)
            imitation = np.mean([game.imitate() for _ in range(self.imitations)])
            rows.append((reward, verdict, imitation))
        means = map(float, np.mean(rows, axis=0))
        seconds = (time.monotonic() - began) / count
        return dict(zip(_COLUMNS[1:5], (seconds, *means), strict=True))

    def _validation(self, game, judge, valid, number, means):
        written = game.write(self.samples)
        losses = [-judge.log_prob(row[row != PAD_ID]).mean() for row in written]
        return {
            "round": number,
            **means,
            "valid_loss": game.loss(valid),
            "judge": float(np.mean(losses)),
        }


def _whole(generator, texts):
    """The texts that have a token for each character, with the end token: int32 (N, T)."""
    rows = generator.tokenizer.encode(texts)
    rows = [row for row in rows if len(row) == generator.form.length]
    return np.array([[*row, END_ID] for row in rows], "int32")


def _weights(run_dir, number):
    return run_dir / f"round_{number}.npz"


def _resumed(game, run_dir):
    """The log of a run that has a checkpoint, to which the game goes back; else an empty list."""
    path = run_dir / "game.npz"
    return game.restore(path)["log"] if path.exists() else []


def _keep(game, run_dir, log, verbose):
    """Writes weights, log and checkpoint; the checkpoint last, for it says what there is."""
    for path, model in (
        (_weights(run_dir, log[-1]["round"]), game.generator),
        (run_dir / "discriminator.npz", game.discriminator),
    ):
        with writing(path) as beside, open(beside, "wb") as file:
            np.savez(file, *model.get_weights())
    with writing(run_dir / "log.csv") as beside, open(beside, "w", newline="") as file:
        rows = csv.DictWriter(file, _COLUMNS)
        rows.writeheader()
        rows.writerows(log)
    game.save(run_dir / "game.npz", log=log)
    if verbose:
        print(", ".join(f"{name} {log[-1][name]:.4g}" for name in _COLUMNS if name in log[-1]))
