"""SeqGAN on the synthetic task of its paper: maximum likelihood, then the game; both curves.

    TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 python scripts/seqgan_oracle.py

An LSTM with random weights, the oracle, writes the data, so that it can also say how likely it
finds what a generator writes: the negative log-likelihood (NLL) of the oracle, in nats per token.
It is low for whoever writes what the oracle likes best, however little that is. So the NLL of the
test stands beside it, how likely the generator finds new sequences of the oracle, and what maximum
likelihood comes to when its samples are drawn at lower temperatures, which costs nothing.

Writes curves.json and curves.png. A run that was stopped goes on by the same command.

Reference: Yu et al. 2017, SeqGAN, section 5 and figure 1; Caccia et al. 2020, Language GANs Falling
Short.
"""

import argparse
import json
import time
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np

from zoo.models import LSTMGenerator, TextClassifier
from zoo.system import writing
from zoo.training import Learner
from zoo.training.adversarial import RollOut, SequenceGame

VOCABULARY, LENGTH, UNITS = 5000, 20, 32
REAL, TEST, WRITTEN = 10_000, 2000, 2000  # sequences
BATCH = 64
EPOCHS = 24  # of maximum likelihood; from two thirds of them on with a tenth of the rate
RATES = 1e-2, 1e-2, 1e-3  # of Adam: imitation, policy, discriminator
ROUNDS, POINT = 110, 10  # of the game; rounds between two points of the curve
# Four times the paper's sequences in a step, each completed twice after every second token, take a
# quarter of the tokens that its 16 completions after each token take.
POLICY_BATCH, TIMES, EVERY = 256, 2, 2
VERDICTS = 4  # batches of the discriminator in a round
WARMUP = 30  # times that the discriminator sees a quarter of the data before the game
TEMPERATURES = (1.0, 0.95, 0.9, 0.85, 0.8)
ROUNDS_AN_EPOCH = 10  # on the axis of the picture
GREY, ORANGE = "0.45", "#d94801"


class Task:
    """The oracle, what it wrote, and the two that learn from that."""

    def __init__(self, seed, rates, baseline):
        keras.utils.set_random_seed(seed)
        self.oracle = Learner(LSTMGenerator(VOCABULARY, UNITS, UNITS, stddev=1.0, seed=seed))
        self.oracle.build()
        self.oracle.compile(label_smoothing=0.0, jit_compile=True)
        data = self._data(REAL + TEST, seed)
        self.test = data[REAL:]
        # Of another seed: with the same it would begin as a tenth of the oracle's own weights.
        generator = LSTMGenerator(VOCABULARY, UNITS, UNITS, seed=seed + 1000)
        judge = TextClassifier(VOCABULARY + 1, 2, 64, 32, (2, 3, 4, 5), 64, 0.0, 0.25)
        for model in (generator, judge):
            model.build(None)
        self.game = SequenceGame(
            generator,
            judge,
            data[:REAL],
            optimizers=[keras.optimizers.Adam(rate) for rate in rates],
            batch=BATCH,
            policy_batch=POLICY_BATCH,
            times=TIMES,
            every=EVERY,
            shift=1,  # word 0 is a word like any other
            baseline=baseline,
            seed=seed,
        )

    def figures(self):
        """The generator as it is now: both NLL, and the share of different pairs of tokens."""
        written = self.game.write(WRITTEN)
        pairs = {pair for row in written.tolist() for pair in zip(row[:-1], row[1:], strict=True)}
        return {
            "oracle_nll": self._oracle_nll(written),
            "test_nll": self.game.loss(self.test),
            "distinct_2": len(pairs) / written[:, 1:].size,
        }

    def at_temperatures(self):
        """`figures` of the generator at each temperature, which divides its logits."""
        weights, found = self.game.generator.get_weights(), {}
        for temperature in TEMPERATURES:
            *rest, kernel, bias = weights
            self.game.generator.set_weights([*rest, kernel / temperature, bias / temperature])
            found[temperature] = self.figures()
        self.game.generator.set_weights(weights)
        return found

    def _data(self, count, seed):
        writer = RollOut(self.oracle.model, 1000, LENGTH)
        writer.compile(jit_compile=True)
        rng = np.random.default_rng(seed)
        parts = [
            writer.predict_on_batch(rng.random((1000, LENGTH), "float32"))
            for _ in range(count // 1000)
        ]
        return np.concatenate(parts)

    def _oracle_nll(self, rows):
        shown = np.concatenate([np.zeros_like(rows[:, :1]), rows[:, :-1]], axis=1)
        parts = np.split(np.arange(len(rows)), len(rows) // 500)
        return float(np.mean([self._of_oracle(shown[i], rows[i]) for i in parts]))

    def _of_oracle(self, shown, rows):
        return self.oracle.test_on_batch(shown, rows, np.ones(rows.shape, "float32"))


class Run:
    """What a run has seen so far, in a folder."""

    def __init__(self, folder, task):
        self.folder, self.task = Path(folder), task
        self.note = {"imitation": [], "game": [], "temperatures": {}, "seconds": 0.0}
        if (self.folder / "game.npz").exists():
            self.note = task.game.restore(self.folder / "game.npz")
        self._began = time.monotonic() - self.note["seconds"]

    def add(self, curve, number, **more):
        """One more point of a curve, and a checkpoint."""
        point = {"number": number, **self.task.figures(), **more}
        self.note[curve].append(point)
        print(curve, {key: round(value, 3) for key, value in point.items()}, flush=True)
        self.keep()

    def keep(self):
        """Writes the checkpoint and the curves."""
        self.note["seconds"] = time.monotonic() - self._began
        self.task.game.save(self.folder / "game.npz", **self.note)
        with writing(self.folder / "curves.json") as beside:
            beside.write_text(json.dumps(self.note, indent=1) + "\n", encoding="utf-8")

    def imitate(self):
        """The epochs of maximum likelihood that are still missing, and its temperatures."""
        game = self.task.game
        for epoch in range(len(self.note["imitation"]), EPOCHS):
            game.set_imitation_rate(RATES[0] * (0.1 if epoch >= EPOCHS * 2 // 3 else 1.0))
            loss = np.mean([game.imitate() for _ in range(REAL // BATCH)])
            self.add("imitation", epoch + 1, training_loss=float(loss))
        if not self.note["temperatures"]:
            self.note["temperatures"] = self.task.at_temperatures()
            print(json.dumps(self.note["temperatures"]))
            for _ in range(WARMUP):
                loss = game.discriminate(REAL // BATCH // 4)
            print(f"the discriminator before the game: loss {loss:.3f}", flush=True)
            self.keep()

    def play(self, rounds):
        """The rounds of the game that are still missing."""
        done = self.note["game"][-1]["number"] if self.note["game"] else 0
        rewards = []
        for number in range(done + 1, rounds + 1):
            rewards.append(self.task.game.play())
            loss = self.task.game.discriminate(VERDICTS)
            if number % POINT == 0 or number == rounds:
                self.add("game", number, reward=float(np.mean(rewards)), verdict_loss=loss)
                rewards.clear()


def draw_curves(note, path):
    """The paper's figure 1, and what it leaves out."""
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    _draw_quality(axes[0], note)
    _draw_plane(axes[1], note)
    figure.savefig(path, dpi=110)


def _draw_quality(ax, note):
    """The NLL of the oracle along the training; and at lower temperatures, without a game."""
    imitation, game = note["imitation"], note["game"]
    ax.plot(*_columns(imitation, "number", "oracle_nll"), color=GREY, label="maximum likelihood")
    rounds, nll = _columns(game, "number", "oracle_nll")
    ax.plot(EPOCHS + rounds / ROUNDS_AN_EPOCH, nll, color=ORANGE, label="SeqGAN")
    ax.axvline(EPOCHS, color="0.7", linestyle="--", linewidth=1)
    right = ax.get_xlim()[1]
    for temperature, point in list(note["temperatures"].items())[1:]:
        nll, name = point["oracle_nll"], f"likelihood at {temperature}"
        ax.axhline(nll, color="0.8", linestyle=":", linewidth=1)
        ax.text(right, nll, name, horizontalalignment="right", verticalalignment="bottom", size=8)
    ax.set(
        xlabel=f"epochs of maximum likelihood, then {ROUNDS_AN_EPOCH} rounds of the game each",
        ylabel="NLL of the oracle, nats per token",
    )
    ax.legend(loc="upper right")


def _draw_plane(ax, note):
    """Quality against coverage."""
    keys = "oracle_nll", "test_nll"
    for points, style, label in (
        (list(note["temperatures"].values()), {"color": GREY, "marker": "o"}, "likelihood, cooler"),
        (note["game"], {"color": ORANGE, "marker": ".", "linewidth": 0.8}, "SeqGAN, its rounds"),
    ):
        ax.plot(*_columns(points, *keys), label=label, **style)
    for temperature, point in note["temperatures"].items():
        place = point["oracle_nll"], point["test_nll"]
        ax.annotate(str(temperature), place, xytext=(5, 4), textcoords="offset points", size=8)
    ax.set(
        xlabel="NLL of the oracle (left: better sequences)",
        ylabel="NLL of the test (low: covers more)",
    )
    ax.legend()


def _columns(points, *keys):
    return np.array([[point[key] for key in keys] for point in points]).T


def main():
    """Reads the command line, plays, and writes curves.json and curves.png."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"of the game: {ROUNDS}")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--policy-rate", type=float, default=RATES[1], help="of Adam")
    parser.add_argument(
        "--no-baseline", action="store_true", help="what a token is worth is counted from 0"
    )
    parser.add_argument("--run-dir", default="runs/seqgan_oracle")
    arguments = parser.parse_args()
    rates = RATES[0], arguments.policy_rate, RATES[2]
    run = Run(arguments.run_dir, Task(arguments.seed, rates, not arguments.no_baseline))
    run.imitate()
    run.play(arguments.rounds)
    draw_curves(run.note, run.folder / "curves.png")
    best = min(point["oracle_nll"] for point in run.note["imitation"])
    last = run.note["game"][-1]
    print(
        f"NLL of the oracle: maximum likelihood at best {best:.3f}, the game at its end "
        f"{last['oracle_nll']:.3f}; {run.note['seconds'] / 60:.1f} minutes"
    )


if __name__ == "__main__":
    main()
