"""What `ShowAttendTell` asks of its attention is part of every training loss."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from conftest import ROOT

import zoo
from zoo.models import ShowAttendTell
from zoo.training import Learner
from zoo.training.self_critical import self_critical_batches

pytestmark = pytest.mark.model  # they train one

RNG = np.random.default_rng(0)
GRID = RNG.normal(size=(4, 6, 5)).astype("float32")
TARGET = RNG.integers(4, 11, (4, 3)).astype("int32")


def built(coverage):
    keras.utils.set_random_seed(1)
    model = ShowAttendTell(
        5, 11, model_dim=4, units=7, attention_units=3, dropout=0.0, coverage=coverage
    )
    model.build(None)
    return model


def learner(coverage):
    found = Learner(built(coverage))
    found.compile(keras.optimizers.SGD(0.0), label_smoothing=0.0)
    return found


def doubly_stochastic(model, inputs):
    """The mean over rows and cells of (1 - what a cell is given in all)²."""
    _, weights = model(inputs, return_attention_scores=True)
    weights = keras.ops.convert_to_numpy(weights)[:, 0, 0]  # (N, T, S)
    shown = (np.array(inputs["target"]) != 0)[:, :, None]
    return float(np.mean((1 - (weights * shown).sum(1)) ** 2))


def test_coverage_is_part_of_the_loss_that_fit_reports():
    from zoo.text import SentencePieceTokenizer  # needs TensorFlow, which JAX's process has not

    keras.utils.set_random_seed(1)
    captions = ["a red wall", "the sea is blue"] * 3
    images = RNG.integers(0, 255, (6, 16, 16, 3)).astype("uint8")
    words = SentencePieceTokenizer.train(captions, 300)
    pixels = keras.Input((16, 16, 3))
    encoder = keras.Model(pixels, keras.layers.Conv2D(5, 8, strides=8)(pixels / 255.0))
    model = ShowAttendTell(
        5, words.vocab_size, model_dim=4, units=7, attention_units=3, dropout=0.0, coverage=2.0
    )
    captioner = zoo.ImageCaptioner(encoder, model, words)
    captioner.compile(keras.optimizers.SGD(0.0), label_smoothing=0.0)
    (inputs, _, _) = next(iter(captioner.batches(images, captions, batch_size=6)))
    grids = {**inputs, "source": keras.ops.reshape(encoder(inputs["source"]), (6, 4, 5))}
    added = 2.0 * doubly_stochastic(model, grids)
    plain = captioner.evaluate(images, captions, batch_size=6, verbose=0)
    # What is shuffled is augmented, too.
    history = captioner.fit(images, captions, batch_size=6, shuffle=False, verbose=0).history
    assert added > 0.1
    assert history["loss"] == pytest.approx([plain + added], rel=1e-4)


def test_coverage_is_part_of_the_self_critical_loss():
    def sample(sources, seed):
        return np.random.default_rng(seed).integers(4, 11, (len(sources), 2, 3))

    def reward(rows, tokens):
        return (tokens[:, :, 0] > 6).astype(float)

    stream = self_critical_batches(sample, reward, GRID, batch=4)
    inputs, labels, weights = next(stream)
    # Rewards that are less than the mean make their weights negative.
    assert weights.min() < 0 < weights.max()
    added = 0.5 * doubly_stochastic(built(0.5), inputs)
    plain, whole = (
        float(learner(coverage).train_on_batch(inputs, labels, weights)) for coverage in (0.0, 0.5)
    )
    assert added > 0.1
    assert whole == pytest.approx(plain + added, rel=1e-4)


@pytest.mark.slow
def test_coverage_is_part_of_the_loss_on_jax():
    pytest.importorskip("jax")
    code = """
import sys
sys.modules["tensorflow"] = None
sys.path.insert(0, "tests")
from test_coverage import GRID, TARGET, built, doubly_stochastic, learner
inputs = {"source": GRID, "target": TARGET}
plain, whole = (float(learner(c).train_on_batch(inputs, TARGET)) for c in (0.0, 0.5))
print(whole - plain, 0.5 * doubly_stochastic(built(0.5), inputs))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    added, expected = map(float, done.stdout.split()[-2:])
    assert expected > 0.1
    assert added == pytest.approx(expected, rel=1e-4)
