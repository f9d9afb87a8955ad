import json
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from zoo.models import CaptionTransformer, Transformer
from zoo.tasks import Translator
from zoo.text import SentencePieceTokenizer
from zoo.training import Learner, WarmupLinear, batches, portable
from zoo.training.self_critical import advantages, self_critical_batches, weighted

pytestmark = pytest.mark.model  # most of them teach one

ROOT = Path(__file__).resolve().parent.parent
WORDS = {"rot": "red", "blau": "blue", "grau": "grey", "gelb": "yellow", "weiß": "white"}


def text_pairs():
    rng = np.random.default_rng(0)
    rows = [rng.choice(list(WORDS), rng.integers(1, 6)) for _ in range(60)]
    return [(" ".join(row), " ".join(WORDS[word] for word in row)) for row in rows]


def tokenizer():
    return SentencePieceTokenizer.train([side for pair in text_pairs() for side in pair], 300)


def tiny(vocab_size, dropout=0.0, **options):
    return Transformer(
        vocab_size,
        vocab_size,
        num_encoder_layers=1,
        num_decoder_layers=1,
        model_dim=16,
        num_heads=2,
        ff_dim=32,
        dropout=dropout,
        share_embeddings=True,
        **options,
    )


NUMBERS = {
    "widths": (12, 40),
    "batch_tokens": 240,
    "label_smoothing": 0.0,
    "r_drop_alpha": 0.0,
    "sampling": 0.0,
    "seed": 1,
}


def pack(folder, steps, peak=0.02, **numbers):
    words = tokenizer()
    optimizer = keras.optimizers.Adam(WarmupLinear(peak, 2, steps))
    portable.pack(
        folder,
        model=tiny(words.vocab_size),
        stages=[{"steps": steps, "optimizer": optimizer}],
        train=text_pairs() * 3,
        valid=text_pairs()[:20],
        tokenizers=[words],
        **{**NUMBERS, "interval": steps // 2, **numbers},
    )
    return words


def test_packed_training_learns_and_its_weights_are_the_model(tmp_path):
    words = pack(tmp_path, steps=40, widths=(12,))
    portable.run(tmp_path, policy="float32", verbose=0)
    rows = [line.split(",") for line in (tmp_path / "log.csv").read_text().split()[1:]]
    assert [int(row[0]) for row in rows] == [0, 1]
    before, after = (float(row[-1]) for row in rows)
    assert after < before
    model = tiny(words.vocab_size)
    model.build(None)
    portable.load_weights(tmp_path / "weights.npz", model)
    translator = Translator(model, words)
    translator.compile()
    # Half precision of the weights, and padding that the other batches have not.
    measured = translator.evaluate(text_pairs()[:20], batch_tokens=10_000, verbose=0)
    assert measured == pytest.approx(after, rel=0.05)


def test_training_goes_on_from_trained_weights(tmp_path):
    words = tokenizer()
    model = tiny(words.vocab_size)
    model.build(None)
    portable.pack(
        tmp_path,
        model=model,
        stages=[{"steps": 1, "optimizer": keras.optimizers.SGD(0.0)}],
        train=text_pairs(),
        valid=text_pairs(),
        tokenizers=[words],
        trained=True,
        interval=1,
        **NUMBERS,
    )
    before = [weight.numpy().astype("float16") for weight in model.weights]
    portable.run(tmp_path, policy="float32", verbose=0)
    with np.load(tmp_path / "weights.npz") as after:
        for old, name in zip(before, sorted(after.files), strict=True):
            np.testing.assert_array_equal(old, after[name])


def test_weights_of_another_model_are_refused(tmp_path):
    words = pack(tmp_path, steps=2)
    portable.run(tmp_path, policy="float32", verbose=0)
    other = tiny(words.vocab_size + 1)
    other.build(None)
    with pytest.raises(ValueError, match="path must hold the weights of this model; got .*npz"):
        portable.load_weights(tmp_path / "weights.npz", other)


def test_a_stage_may_have_examples_of_its_own_and_lines_may_be_turns(tmp_path, monkeypatch):
    words, seen = tokenizer(), []

    class Spy:
        """Stands in for the learner, and notes what it is given."""

        def __init__(self, *parts):
            self.encoder, self.weights = None, []

        def build(self):
            pass

        def compile(self, optimizer, label_smoothing, r_drop_alpha):
            seen.append(r_drop_alpha)

        def fit(self, train, steps_per_epoch, epochs, **options):
            inputs, _, _ = next(train)
            seen.append(words.decode(inputs["source"].tolist())[0])
            seen.append(inputs["source"].shape[1] - 1 - inputs["source"][0].tolist()[::-1].index(3))
            seen.append(epochs)

    monkeypatch.setattr(portable, "Learner", Spy)
    sgd = keras.optimizers.SGD(0.1)
    portable.pack(
        tmp_path,
        model=tiny(words.vocab_size),
        stages=[
            {"steps": 4, "optimizer": sgd, "train": [("rot\nblau", "red")]},
            {"steps": 2, "optimizer": sgd, "r_drop_alpha": 1.0},
        ],
        train=[("grau", "grey")],
        valid=[("grau", "grey")],
        tokenizers=[words],
        turns=True,
        interval=2,
        **{**NUMBERS, "batch_tokens": 12, "widths": (12,)},
    )
    portable.run(tmp_path, verbose=0)
    first, second = (len(words.encode([text])[0]) for text in ("rot", "blau"))
    assert seen[:4] == [0.0, "rot blau", first + 1 + second, 2]
    assert seen[4:] == [1.0, "grau", len(words.encode(["grau"])[0]), 3]


def test_packed_training_runs_on_jax_without_tensorflow(tmp_path):
    pytest.importorskip("jax")
    pack(tmp_path, steps=2)
    code = (
        "import sys; sys.modules['tensorflow'] = None\n"
        "from zoo.training.portable import run\n"
        f"run({str(tmp_path)!r}, policy='float32', verbose=0)\n"
    )
    done = in_another_process(code, KERAS_BACKEND="jax")
    assert done.returncode == 0, done.stderr
    assert np.isfinite(float((tmp_path / "log.csv").read_text().split()[-1].split(",")[-1]))
    with np.load(tmp_path / "weights.npz") as arrays:
        assert len(arrays.files) > 20


def test_layers_and_models_need_no_tensorflow():
    pytest.importorskip("jax")
    code = """
import sys
sys.modules["tensorflow"] = None
import numpy as np
from zoo.models import Transformer
model = Transformer(30, 30, num_encoder_layers=1, num_decoder_layers=1, model_dim=8, num_heads=2)
out = model({"source": np.ones((1, 3), "int32"), "target": np.ones((1, 2), "int32")})
print(out.shape)
import zoo
try:
    zoo.Translator
except ImportError as error:
    print(error)
"""
    done = in_another_process(code, KERAS_BACKEND="jax")
    assert done.stdout.splitlines()[0] == "(1, 2, 30)", done.stderr
    assert "tensorflow" in done.stdout.splitlines()[1]


def in_another_process(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def test_captions_train_with_their_encoder(tmp_path):
    rng = np.random.default_rng(0)
    files = []
    for _ in range(8):
        file = BytesIO()
        Image.fromarray(rng.integers(0, 255, (16, 16, 3), "uint8")).save(file, "PNG")
        files.append(file.getvalue())
    captions = [[target, source] for source, target in text_pairs()[:8]]
    images = keras.Input((16, 16, 3))
    grid = keras.layers.Conv2D(4, 3, strides=8, padding="same", name="look")(images)
    encoder = keras.Model(images, grid)
    words = tokenizer()
    kernel = encoder.get_layer("look").get_weights()[0]
    stages = [
        {"steps": 2, "optimizer": keras.optimizers.Adam(0.01), "train_encoder": trained}
        for trained in (False, True)
    ]
    portable.pack(
        tmp_path,
        model=CaptionTransformer(4, 4, words.vocab_size, num_layers=1, model_dim=8, ff_dim=8),
        encoder=encoder,
        stages=stages,
        train=(files, captions),
        valid=(files[:4], captions[:4]),
        tokenizers=[words],
        batch_images=4,
        max_length=8,
        label_smoothing=0.1,
        r_drop_alpha=0.0,
        interval=2,
        seed=1,
    )

    def learned_kernel():
        portable.run(tmp_path, policy="float32", verbose=0)
        with np.load(tmp_path / "weights.npz") as arrays:
            return next(arrays[n] for n in arrays.files if arrays[n].shape == kernel.shape)

    assert not np.allclose(learned_kernel(), kernel, atol=1e-3)  # half precision: 1e-4
    spec = json.loads((tmp_path / "training.json").read_text())
    spec["stages"] = spec["stages"][:1]
    (tmp_path / "training.json").write_text(json.dumps(spec))
    np.testing.assert_allclose(learned_kernel(), kernel, atol=1e-3)


# Batches.


def test_batches_of_pairs_hold_each_pair_once_a_pass_in_few_shapes():
    sources = [[10 + i] * (1 + i % 9) for i in range(100)]
    targets = [[200 + i] * (1 + i % 4) for i in range(100)]
    stream = batches.pair_batches(lambda: (sources, targets), (6, 12), 24)
    seen, shapes = [], set()
    while len(seen) < 200:
        inputs, labels, weights = next(stream)
        shapes.add(inputs["source"].shape)
        np.testing.assert_array_equal(inputs["target"][:, 1:], labels[:, :-1])
        np.testing.assert_array_equal(weights, labels != 0)
        for source, target in zip(inputs["source"], inputs["target"], strict=True):
            n = int(source[0]) - 10
            assert source[source != 0].tolist() == [*sources[n], 3]
            assert target[target != 0].tolist() in ([2, *targets[n]], [2, *targets[n], 3])
            seen.append(n)
    assert shapes == {(4, 6), (2, 12)}
    # Full batches alone: what is left of a pass comes in the next one.
    counts = np.bincount(seen, minlength=100)
    assert counts.min() >= 1 and counts.max() <= 3


def test_all_pairs_are_there_and_fillers_weigh_nothing():
    sources, targets = [[5], [6, 7], [8] * 11], [[9], [4, 4], [5]]
    listed = batches.all_pairs(sources, targets, (6, 12), 24)
    assert [inputs["source"].shape for inputs, _, _ in listed] == [(4, 6), (2, 12)]
    assert sum(weights.sum() for _, _, weights in listed) == sum(len(t) + 1 for t in targets)


def test_source_and_target_may_have_widths_of_their_own():
    sources, targets = [[5] * n for n in (3, 8, 9, 3)], [[7] * n for n in (2, 2, 3, 4)]
    listed = batches.all_pairs(sources, targets, ((4, 3), (10, 4)), 20)
    shapes = [(inputs["source"].shape, inputs["target"].shape) for inputs, _, _ in listed]
    assert shapes == [((5, 4), (5, 3)), ((2, 10), (2, 4))]
    # The target of the last pair fits in no width.
    assert [int(weights.sum()) for _, _, weights in listed] == [3, 3 + 4]


def test_crop_keeps_the_shape_and_follows_its_seed():
    image = np.random.default_rng(0).integers(0, 255, (24, 32, 3), "uint8")
    seen = [portable.crop(image, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert seen[0].shape == image.shape and seen[0].dtype == "uint8"
    np.testing.assert_array_equal(seen[0], seen[1])
    assert (seen[0] != seen[2]).any()


# R-Drop.


def test_consistency_adds_the_divergence_of_two_passes():
    class Alternating(keras.Model):
        """Logits that differ from pass to pass, as with dropout."""

        calls = 0

        def call(self, inputs, training=None):
            self.calls += 1
            return keras.ops.convert_to_tensor(LOGITS[(self.calls - 1) % 2])

    rng = np.random.default_rng(0)
    LOGITS = rng.normal(size=(2, 1, 2, 3)).astype("float32")
    p, q = (np.exp(x) / np.exp(x).sum(-1, keepdims=True) for x in LOGITS)
    y, weights = np.array([[1, 2]]), np.ones((1, 2), "float32")
    kl = 0.5 * ((p * np.log(p / q)).sum(-1) + (q * np.log(q / p)).sum(-1))
    nll = -0.5 * sum(np.log(np.take_along_axis(d, y[..., None], -1)[..., 0]) for d in (p, q))
    learner = Learner(Alternating())
    learner.compile(label_smoothing=0.0, r_drop_alpha=3.0)
    first = learner(np.zeros((1, 2)), training=True)
    loss = learner.compute_loss(np.zeros((1, 2)), y, first, weights, training=True)
    assert float(loss) == pytest.approx(float((nll + 3.0 * kl).mean()), rel=1e-5)
    alone = learner.compute_loss(None, y, LOGITS[0], weights, training=False)
    first_nll = -np.log(np.take_along_axis(p, y[..., None], -1)).mean()
    assert float(alone) == pytest.approx(float(first_nll), rel=1e-5)


def test_consistency_below_zero_is_refused():
    with pytest.raises(ValueError, match="r_drop_alpha must be >= 0; got r_drop_alpha=-1"):
        Learner(tiny(300)).compile(r_drop_alpha=-1)


# Subword sampling.


def test_sampling_cuts_words_otherwise_and_loses_no_letter():
    words = tokenizer()
    texts = [" ".join(WORDS), "rot gelb"] * 20
    best = words.encode(texts)
    drawn = words.encode(texts, 0.1)
    assert words.decode(drawn) == texts
    assert drawn != best and len({tuple(row) for row in drawn[::2]}) > 1
    in_graph = words(tf.constant(texts), sampling=0.1).to_list()
    assert words.decode(in_graph) == texts and in_graph != best
    assert words(tf.constant(texts)).to_list() == best


def test_fit_with_sampling_sees_other_tokens_each_pass():
    words = tokenizer()
    translator = Translator(tiny(words.vocab_size), words)
    passes = [
        [x["source"].numpy().tolist() for x, _, _ in data]
        for data in [translator.batches(text_pairs(), subword_sampling=0.1)] * 2
    ]
    assert passes[0] != passes[1]


def test_sampling_below_zero_is_refused():
    translator = Translator(tiny(300), tokenizer())
    with pytest.raises(ValueError, match="subword_sampling must be >= 0; got subword_sampling=-1"):
        translator.fit(text_pairs(), subword_sampling=-1)


# Self-critical training.


def test_advantage_is_the_reward_less_the_mean_of_the_others():
    np.testing.assert_allclose(
        advantages(np.array([[1.0, 2.0, 6.0]])), [[1 - 4, 2 - 3.5, 6 - 1.5]], rtol=1e-6
    )


def test_weighted_batch_is_shifted_and_its_padding_weighs_nothing():
    tokens = np.array([[[7, 3, 0], [8, 9, 3]]])
    inputs, labels, weights = weighted(np.zeros((1, 2, 2)), tokens, np.array([[-1.0, 1.0]]))
    assert inputs["target"].tolist() == [[2, 7, 3], [2, 8, 9]]
    assert labels.tolist() == [[7, 3, 0], [8, 9, 3]]
    np.testing.assert_allclose(weights * 5, [[-1, -1, 0], [1, 1, 1]], rtol=1e-6)


def test_self_critical_training_makes_what_is_rewarded_likelier():
    """A model without a past: one logit for each token; only token 5 is rewarded."""

    class Free(keras.Model):
        def build(self, shape):
            self.logits = self.add_weight(shape=(8,), initializer="zeros", name="logits")
            self.built = True

        def call(self, inputs, training=None):
            shape = (*keras.ops.shape(inputs["target"]), 8)
            return keras.ops.broadcast_to(self.logits, shape)

    model = Free()
    learner = Learner(model)
    learner.build()
    learner.compile(keras.optimizers.SGD(2.0), label_smoothing=0.0)

    def probabilities():
        return keras.ops.convert_to_numpy(keras.ops.softmax(model.logits))

    def sample(sources, seed):
        chances = probabilities().astype("float64")
        drawn = np.random.default_rng(seed).choice(
            8, (len(sources), 4, 1), p=chances / sum(chances)
        )
        return np.concatenate([drawn, np.full_like(drawn, 3)], axis=2)

    stream = self_critical_batches(
        sample, lambda rows, tokens: (tokens[:, :, 0] == 5).astype(float), np.zeros((8, 1, 1)), 8
    )
    for _ in range(40):
        learner.train_on_batch(*next(stream))
    assert probabilities()[5] > 0.5
