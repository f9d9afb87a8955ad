import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from PIL import Image

from zoo.models import LabelledCaptionTransformer
from zoo.text import SentencePieceTokenizer
from zoo.training import Learner, batches, portable
from zoo.training.self_critical import Sampler

ROOT = Path(__file__).resolve().parent.parent
CELLS, WIDTH, VOCABULARY = 4, 5, 24
NAMES = [[10], [11, 12], [13]]


def model(**options):
    keras.utils.set_random_seed(0)
    options = {"num_labels": 2, "threshold": 0.1, "dropout": 0.0, **options}
    made = LabelledCaptionTransformer(
        CELLS,
        WIDTH,
        VOCABULARY,
        names=NAMES,
        classes=[0, 1, 1, -1, 2],
        num_layers=1,
        model_dim=8,
        num_heads=2,
        ff_dim=16,
        **options,
    )
    made.build(None)
    return made


def cells(rows=3, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, CELLS, WIDTH)).astype("float32")


def seeing(made, logits):
    """A model whose classifier says `logits` of a source of zeros."""
    made.classifier.set_weights([np.zeros((WIDTH, 5)), np.array(logits, "float32")])
    return made


def test_classes_of_one_name_add_up_and_the_likeliest_come_first():
    made = seeing(model(), np.log([0.1, 0.25, 0.25, 0.3, 0.1 + 1e-6]))
    names, found = made.labels(np.zeros((2, CELLS, WIDTH), "float32"))
    np.testing.assert_array_equal(names, [[1, 2]] * 2)
    np.testing.assert_allclose(found, [[0.5, 0.1]] * 2, atol=1e-5)


def test_what_is_not_likely_enough_is_not_told():
    for threshold, tokens in ((0.2, [11, 12, 0, 0]), (0.6, [0] * 4)):
        made = seeing(model(threshold=threshold), np.log([0.1, 0.25, 0.25, 0.3, 0.1 + 1e-6]))
        _, mask, told = made.encode(np.zeros((1, CELLS, WIDTH), "float32"))
        assert ops.convert_to_numpy(told)[0].tolist() == tokens
        expected = [True] * CELLS + [token != 0 for token in tokens]
        assert ops.convert_to_numpy(mask)[0, 0].tolist() == expected


def test_one_pass_equals_step_by_step_for_beams():
    made = model()
    source = cells()
    target = np.random.default_rng(1).integers(4, VOCABULARY, (6, 5))
    whole = ops.convert_to_numpy(made({"source": source, "target": target}))
    static, state = made.start(made.encode(source))
    state = tf.nest.map_structure(lambda part: tf.repeat(part, 2, axis=0), state)
    step = made.stepper(2)
    for t in range(target.shape[1]):
        found, state = step(target[:, t], static, state)
        np.testing.assert_allclose(found, whole[:, t], atol=1e-5)


def test_outputs_are_log_probabilities_and_attention_falls_on_cells_and_names():
    inputs = {"source": cells(), "target": np.full((3, 2), 5)}
    found, attention = model()(inputs, return_attention_scores=True)
    np.testing.assert_allclose(np.exp(found).sum(axis=-1), 1.0, atol=1e-5)
    assert attention.shape == (3, 1, 2, 2, CELLS)
    assert (np.asarray(attention).sum(axis=-1) < 1.0).all()


def test_a_name_that_no_caption_has_can_be_copied():
    made = seeing(model(threshold=0.3), [0.0, 9.0, 9.0, 0.0, 0.0])
    gate = made.copy_distribution.gate_dense
    gate.set_weights([np.zeros((16, 1)), np.array([-20.0])])
    inputs = {"source": np.zeros((1, CELLS, WIDTH), "float32"), "target": np.array([[2]])}
    shares = np.exp(made(inputs))[0, 0]
    assert shares[[11, 12]].sum() == pytest.approx(1.0, abs=1e-4)


def test_sentences_without_an_image_follow_those_with_one():
    made = model()
    inputs = {"source": cells(1), "target": np.array([[2, 5, 6]])}
    more = {
        "names": np.array([[1, 0], [2, 1]]),
        "probabilities": np.array([[0.8, 0.05], [0.5, 0.2]], "float32"),
        "sentences": np.array([[2, 11, 12], [2, 7, 13]]),
    }
    both = np.asarray(made({**inputs, **more}))
    assert both.shape == (3, 3, VOCABULARY)
    np.testing.assert_allclose(both[:1], made(inputs), atol=1e-6)
    # The image of another is not looked at.
    other = np.asarray(made({**inputs, "source": cells(1, seed=5), **more}))
    np.testing.assert_allclose(both[1:], other[1:], atol=1e-6)


def test_a_file_gives_the_same_answers(tmp_path):
    made = model()
    made.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    inputs = {"source": cells(), "target": np.full((3, 2), 5)}
    np.testing.assert_allclose(again(inputs), made(inputs), atol=1e-6)
    assert not again.classifier.trainable


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_labels": 4}, "num_labels must be in .1, 3., the number of names; got num_labels=4"),
        ({"threshold": 1.0}, "threshold must be in .0, 1.; got threshold=1.0"),
    ],
)
def test_numbers_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        model(**options)


def test_a_class_of_no_name_is_refused():
    with pytest.raises(ValueError, match="classes must lie in .-1, 1.; got 3"):
        LabelledCaptionTransformer(1, 1, 9, names=[[5]], classes=[0, 3], num_labels=1)


def test_what_was_told_is_what_was_said_and_something_else():
    rng = np.random.default_rng(0)
    names, shares = batches.what_was_told([[7], [], [8, 9]] * 50, rng, 3, np.arange(5), kept=1.0)
    assert names.shape == shares.shape == (150, 3)
    assert (np.diff(shares, axis=1) <= 0).all() and (shares.sum(axis=1) <= 1).all()
    for said, row, of_row in zip([[7], [], [8, 9]] * 50, names, shares, strict=True):
        told = row[of_row > 0].tolist()
        assert set(said) <= set(told) and len(told) == len(set(told))
        assert set(told) - set(said) <= set(range(5))


# Training.


def encoder():
    images = keras.Input((16, 16, 3))
    grid = keras.layers.Conv2D(WIDTH, 3, strides=8, padding="same", name="look")(images)
    return keras.Model(images, grid)


def test_labels_that_are_held_change_less():
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 1, (4, 16, 16, 3)).astype("float32")
    target = rng.integers(4, VOCABULARY, (4, 6))
    inputs = {"source": images, "target": target}

    def drift(weight):
        learner = Learner(model(), encoder())
        learner.build()
        before = np.asarray(ops.softmax(learner.model.classify(learner.see(images))))
        learner.hold_labels(weight)
        count = len(learner.weights)
        learner.compile(keras.optimizers.Adam(0.01), label_smoothing=0.0)
        for _ in range(20):
            learner.train_on_batch(inputs, np.roll(target, -1, 1), np.ones((4, 6), "float32"))
        assert len(learner.weights) == count
        after = np.asarray(ops.softmax(learner.model.classify(learner.see(images))))
        return np.abs(after - before).max()

    assert drift(50.0) < 0.3 * drift(0.0)


def packed(folder, steps=4):
    words = "red blue grey yellow white cat dog sun".split()
    rng = np.random.default_rng(0)
    tokenizer = SentencePieceTokenizer.train(
        [" ".join(rng.permutation(words)) for _ in range(60)], 300
    )
    files, captions = [], []
    for _ in range(8):
        file = BytesIO()
        Image.fromarray(rng.integers(0, 255, (16, 16, 3), "uint8")).save(file, "PNG")
        files.append(file.getvalue())
        captions.append([" ".join(rng.choice(words, 3)) for _ in range(2)])
    made = LabelledCaptionTransformer(
        CELLS,
        WIDTH,
        tokenizer.vocab_size,
        names=tokenizer.encode(["cat", "dog", "sun"]),
        classes=[0, 1, 2, -1],
        num_labels=2,
        num_layers=1,
        model_dim=8,
        num_heads=2,
        ff_dim=8,
    )
    made.build(None)
    adam = keras.optimizers.Adam
    portable.pack(
        folder,
        model=made,
        encoder=encoder(),
        fixed=True,
        shared="images",
        stages=[
            {"steps": steps, "optimizer": adam(0.01), "train_encoder": False},
            {
                "steps": steps,
                "optimizer": adam(0.001),
                "train_encoder": True,
                "hold_labels": 1.0,
            },
            {
                "steps": steps,
                "optimizer": adam(0.01),
                "train_encoder": False,
                "samples": 3,
                "told": 0.2,
            },
        ],
        train=(files, captions),
        valid=(files[:4], captions[:4]),
        tokenizers=[tokenizer],
        sentences=[("red cat", [0]), ("blue dog", [1]), ("white sun cat", [2, 0])] * 4,
        background=[0, 1, 2],
        batch_images=4,
        batch_sentences=3,
        max_length=8,
        label_smoothing=0.1,
        consistency=0.0,
        interval=2,
        spaces=True,
        seed=1,
    )
    return made


def test_a_packed_training_has_all_its_stages_and_shares_its_images(tmp_path):
    before = packed(tmp_path / "one").classifier.get_weights()[0]
    assert not (tmp_path / "one" / "train.npz").exists()
    assert (tmp_path / "images" / "train.npz").exists()
    path = portable.run(tmp_path / "one", policy="float32", verbose=0)
    with np.load(path) as arrays:
        values = [arrays[name] for name in arrays.files]
    assert all(np.isfinite(value).all() for value in values)
    (after,) = (value for value in values if value.shape == before.shape)
    np.testing.assert_allclose(after, before, atol=1e-3)


def test_all_stages_run_on_jax_without_tensorflow(tmp_path):
    pytest.importorskip("jax")
    packed(tmp_path / "one", steps=2)
    code = (
        "import sys; sys.modules['tensorflow'] = None\n"
        "from zoo.training.portable import run\n"
        f"run({str(tmp_path / 'one')!r}, verbose=2)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "reward" in done.stdout


def test_drawn_sequences_follow_the_model_and_end():
    made = model()
    chances = np.random.default_rng(0).random((4000, 3)).astype("float32")
    source = np.repeat(cells(1), 1000, axis=0)
    drawn = np.asarray(Sampler(made, 3).predict_on_batch({"source": source, "chances": chances}))
    assert drawn.shape == (4000, 3) and not np.isin(drawn[:, 0], [0, 1, 2]).any()
    first = np.exp(made({"source": cells(1), "target": np.array([[2]])}))[0, 0]
    first[:3] = 0
    shares = np.bincount(drawn[:, 0], minlength=VOCABULARY) / 4000
    np.testing.assert_allclose(shares, first / first.sum(), atol=0.03)
    ended = drawn[:, 0] == 3
    assert ended.any() and not drawn[ended, 1:].any()
