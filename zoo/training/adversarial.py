"""SeqGAN: a generator writes, a discriminator judges, and what passes for real becomes likelier.

A token is chosen, not computed, so that no gradient goes through it from the discriminator to the
generator. The generator is a policy instead: each token is worth what the discriminator thinks of
the sequences that it may lead to. What they are is found by trying (Monte Carlo roll-outs).

Reference: Yu et al. 2017, SeqGAN: Sequence Generative Adversarial Nets with Policy Gradient.
"""

import json
import math
import warnings
from pathlib import Path

import keras
import numpy as np
from keras import ops

from zoo.lite.subwords import PAD_ID
from zoo.system import writing
from zoo.training.learner import Learner

REAL = 1  # the discriminator's label of what is real; 0 is what was generated


def draw(logits, uniform):
    """One token a row, by inverting the cumulative distribution: one random number serves a row.

    The vocabulary is cut into about sqrt(V) blocks. First a block is found by the sums of the
    blocks, then the token in it, so that no sum runs over the whole vocabulary. (The usual trick,
    the maximum of logits and Gumbel noise, needs V random numbers a row.)

    Args:
        logits: float (N, V).
        uniform: float32 (N,), in [0, 1).

    Returns:
        int32 (N,).
    """
    vocab_size = logits.shape[-1]
    size = math.isqrt(vocab_size - 1) + 1
    count = -(-vocab_size // size)
    rest = size * count - vocab_size
    logits = ops.pad(logits, [[0, 0], [0, rest]], constant_values=-1e9)
    logits = logits - ops.max(logits, axis=-1, keepdims=True)
    blocks = ops.reshape(logits, (-1, count, size))
    sums = ops.sum(ops.exp(blocks), axis=-1)  # (N, count)
    ends = _running_sums(sums)
    goal = uniform * ends[:, -1]
    block = _first_above(ends, goal)[:, None]
    before = ops.take_along_axis(ends - sums, block, axis=1)[:, 0]
    chosen = ops.exp(ops.take_along_axis(blocks, block[:, :, None], axis=1)[:, 0])
    place = _first_above(_running_sums(chosen), goal - before)
    return ops.minimum(block[:, 0] * size + place, vocab_size - 1)


def _running_sums(x):
    """Cumulative sums (N, C) by a product with a triangle: on a CPU much faster than a scan."""
    return ops.matmul(x, ops.triu(ops.ones((x.shape[1], x.shape[1]), x.dtype)))


def _first_above(ends, goal):
    """The first place of each row (N, C) that is above a number (N,): int32 (N,)."""
    found = ops.sum(ops.cast(ends <= goal[:, None], "int32"), axis=1)
    return ops.minimum(found, ends.shape[1] - 1)


class RollOut(keras.Model):
    """Writes sequences, and completes their beginnings several times, all in one pass.

    At each step all rows get a token: the sequences, and the completions that began at earlier
    steps. After the tokens of `places` each sequence is copied `times` times, with its state, and
    from then on the copies go their own ways. So no beginning is ever read twice.

    Args:
        model: follows the decoding protocol (see ARCHITECTURE.md), without a memory.
        batch: number of sequences, B.
        length: tokens of a sequence, T, the end token included.
        times: completions of a beginning, K.
        places: numbers of tokens, ascending, after which completions begin: P of them.
        start_id: the token before the first.
        end_id: the token that ends a sequence, which is padded after it; None for sequences that
            all have `length` tokens.

    Call arguments:
        uniform: float32 (R, T) in [0, 1), with R = B (1 + P K): one number for each token.

    Returns:
        Tokens int32 (R, T): first the sequences, then for each place the completions of the first
        sequence, of the second, ...
    """

    def __init__(self, model, batch, length, times=0, places=(), start_id=0, end_id=None, **kwargs):
        super().__init__(**kwargs)
        self.model = model
        self.batch, self.length, self.times = batch, length, times
        self.places = tuple(places) if times else ()
        self.start_id, self.end_id = start_id, end_id
        self.built = True

    @property
    def rows(self):
        """R, the number of rows."""
        return self.batch * (1 + self.times * len(self.places))

    def call(self, uniform):
        with warnings.catch_warnings():
            # Keras warns of an attention over one position, with which a sequence begins.
            warnings.filterwarnings("ignore", "You are using a softmax over axis")
            return self._written(uniform)

    def _written(self, uniform):
        step = self.model.make_decode_step()
        begin = ops.full((self.batch, 1), self.start_id, "int32")
        static, state = self.model.prefill(begin)
        last, done = begin[:, 0], ops.zeros((self.batch,), "bool")
        columns = ops.zeros((self.batch, 0), "int32")
        for t in range(self.length):
            logits, state = step(last, static, state)
            last = draw(logits, uniform[: last.shape[0], t])
            if self.end_id is not None:
                last = ops.where(done, PAD_ID, last)
                done = ops.logical_or(done, ops.equal(last, self.end_id))
            columns = ops.concatenate([columns, last[:, None]], axis=1)
            if t + 1 in self.places:
                rows = state, last, done, columns
                state, last, done, columns = keras.tree.map_structure(self._with_copies, rows)
        return columns

    def _with_copies(self, rows):
        copies = ops.repeat(rows[: self.batch], self.times, axis=0)
        return ops.concatenate([rows, copies], axis=0)


class SequenceGame:
    """A generator and a discriminator that learn from each other.

    Args:
        generator: follows the decoding protocol, without a memory, built.
        discriminator: maps tokens int (B, T), padding 0, to logits (B, 2), label 1 for what is
            real; built. `zoo.models.TextClassifier` does, and says by its attention what it saw.
        real: int (N, T), the real sequences, without a start token, padded.
        optimizers: a `keras.optimizers.Optimizer` for the generator's imitation of real sequences,
            one for its policy, and one for the discriminator.
        batch: sequences of a step of imitation, and of the discriminator.
        policy_batch: sequences of a step of the policy.
        times: completions of a beginning.
        every: completions begin after each of so many tokens. Tokens between two such places are
            worth what the next place is.
        start_id, end_id: see `RollOut`.
        shift: what is added to tokens before the discriminator sees them, where 0 is a word.
        baseline: whether what a token is worth is counted from the mean of the batch at its place,
            which makes the gradient less noisy; or from 0, as in the paper.
        jit_compile: as in `keras.Model.compile`.
        seed: of everything random.
    """

    def __init__(
        self,
        generator,
        discriminator,
        real,
        *,
        optimizers,
        batch=64,
        policy_batch=64,
        times=16,
        every=1,
        start_id=0,
        end_id=None,
        shift=0,
        baseline=True,
        jit_compile=True,
        seed=0,
    ):
        self.generator, self.discriminator = generator, discriminator
        self.real, self.batch, self.times, self.every = real, batch, times, every
        self.policy_batch = policy_batch
        self.start_id, self.shift, self.baseline = start_id, shift, baseline
        self._rng = np.random.default_rng(seed)
        length = real.shape[1]
        self._writer = RollOut(generator, batch, length, start_id=start_id, end_id=end_id)
        self._player = RollOut(
            generator, policy_batch, length, times, range(every, length, every), start_id, end_id
        )
        pupils = generator, generator, discriminator
        self._learners = [Learner(pupil) for pupil in pupils]
        for learner, optimizer in zip(self._learners, optimizers, strict=True):
            learner.build()
            learner.compile(optimizer, label_smoothing=0.0, jit_compile=jit_compile)
            learner.optimizer.build(learner.trainable_variables)
        for roll_out in (self._writer, self._player):
            roll_out.compile(jit_compile=jit_compile)

    def write(self, count):
        """`count` sequences of the generator as it is now: int32 (count, T)."""
        found = [self._rolled(self._writer) for _ in range(-(-count // self.batch))]
        return np.concatenate(found)[:count]

    def imitate(self):
        """One step by maximum likelihood, on real sequences; returns its loss in nats per token."""
        rows = self._real()
        return self._step(self._learners[0], rows, self._counted(rows))

    def set_imitation_rate(self, rate):
        """The learning rate of `imitate` from now on."""
        self._learners[0].optimizer.learning_rate = rate

    def loss(self, tokens):
        """The generator's negative log-likelihood of sequences int (N, T), in nats per token."""
        found, weighed = 0.0, 0.0
        for rows in np.array_split(tokens, max(1, len(tokens) // 256)):
            shown, weights = self._shown(rows), self._counted(rows)
            loss = float(self._learners[0].test_on_batch(shown, rows, weights))
            found, weighed = found + loss * weights.sum(), weighed + weights.sum()
        return float(found / weighed)

    def discriminate(self, steps, passes=1):
        """The discriminator learns to tell real sequences from as many new ones.

        Args:
            steps: batches of real sequences, and of new ones.
            passes: times that all of them are seen.

        Returns:
            The mean loss, in nats, of a verdict.
        """
        rows = np.concatenate(
            [*(self._real() for _ in range(steps)), self.write(steps * self.batch)]
        )
        labels = np.repeat(np.array([REAL, 1 - REAL], "int32"), steps * self.batch)
        losses = []
        for _ in range(passes):
            order = self._rng.permutation(len(rows)).reshape(-1, self.batch)
            for some in order:
                x, y = rows[some] + self.shift, labels[some]
                losses.append(self._learners[2].train_on_batch(x, y, np.ones(len(x), "float32")))
        return float(np.mean(losses))

    def judge(self, tokens):
        """The discriminator's probability that sequences int (N, T) are real: float (N,)."""
        parts = np.array_split(tokens + self.shift, max(1, len(tokens) // 2048))
        logits = np.concatenate([self._learners[2].predict_on_batch(part) for part in parts])
        return 1 / (1 + np.exp(logits[:, 1 - REAL] - logits[:, REAL]))

    def play(self):
        """One step by policy gradient; returns the mean reward of the sequences, in 0 .. 1."""
        written = self._rolled(self._player)
        tokens = written[: self.policy_batch]
        worth = self._worth(self.judge(written))
        weights = self._counted(tokens)
        # Adding a number that the token has no part in changes no expectation; less the mean of
        # the batch, a worth says whether a token was better than usual at its place.
        usual = worth.mean(axis=0) if self.baseline else 0.0
        gain = (worth - usual) * weights / weights.sum()
        self._step(self._learners[1], tokens, gain.astype("float32"))
        return float(worth[:, -1].mean())

    def _worth(self, verdicts):
        """Verdicts (R,) of a roll-out -> what each token of a sequence is worth (B, T)."""
        whole, tried = verdicts[: self.policy_batch], verdicts[self.policy_batch :]
        tried = tried.reshape(-1, self.policy_batch, self.times).mean(axis=2)
        known = np.concatenate([tried, whole[None]])  # (P + 1, B)
        place = np.arange(self.real.shape[1]) // self.every
        return known[np.minimum(place, len(known) - 1)].T

    def _real(self):
        return self.real[self._rng.integers(len(self.real), size=self.batch)]

    def _rolled(self, roll_out):
        shape = roll_out.rows, self.real.shape[1]
        return roll_out.predict_on_batch(self._rng.random(shape, "float32"))

    def _step(self, learner, tokens, weights):
        return float(learner.train_on_batch(self._shown(tokens), tokens, weights))

    def _shown(self, tokens):
        """What the generator has read where it gives each token: int32 (N, T)."""
        start = np.full_like(tokens[:, :1], self.start_id)
        return np.concatenate([start, tokens[:, :-1]], axis=1)

    def _counted(self, tokens):
        """float32 (N, T), 0 at padding, if 0 is no word."""
        counted = np.ones_like(tokens) if self.shift else tokens != PAD_ID
        return counted.astype("float32")

    def save(self, path, **notes):
        """Writes all that the game is, and what JSON can hold of notes, so that it can go on."""
        arrays = {f"{i:04d}": ops.convert_to_numpy(v) for i, v in enumerate(self._variables())}
        state = json.dumps({"rng": self._rng.bit_generator.state, "notes": notes})
        with writing(Path(path)) as beside, open(beside, "wb") as file:
            np.savez(file, state=np.array(state), **arrays)

    def restore(self, path):
        """Goes back to what `save` wrote; returns its notes."""
        with np.load(path) as stored:
            state = json.loads(str(stored["state"]))
            for i, variable in enumerate(self._variables()):
                variable.assign(stored[f"{i:04d}"])
        self._rng.bit_generator.state = state["rng"]
        return state["notes"]

    def _variables(self):
        weights = [*self.generator.variables, *self.discriminator.variables]
        optimizers = [v for learner in self._learners for v in learner.optimizer.variables]
        return [*weights, *optimizers]
