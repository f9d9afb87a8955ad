"""`ImageCaptioner`: images of any kind in, text out; training, files, exports."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import zoo
from zoo.cli import main
from zoo.models import CaptionTransformer, ShowAttendTell
from zoo.text import SentencePieceTokenizer
from zoo.vision import read

RED, BLUE = "a red wall", "the sea is blue"


def picture(color, seed):
    noise = np.random.default_rng(seed).integers(0, 60, (20, 30, 3))
    return np.clip(noise + np.array(color), 0, 255).astype("uint8")


IMAGES = [picture((190, 0, 0), i) for i in range(6)] + [picture((0, 0, 190), i) for i in range(6)]
CAPTIONS = [RED] * 6 + [BLUE] * 6


def make(kind=CaptionTransformer, **more):
    keras.utils.set_random_seed(2)
    tokenizer = SentencePieceTokenizer.train(CAPTIONS, 300)
    images = keras.Input((16, 16, 3))
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(images)
    x = keras.layers.Conv2D(6, 4, strides=4, activation="relu")(x)
    encoder = keras.Model(images, keras.layers.AveragePooling2D(2)(x))
    size = {"model_dim": 16, "dropout": 0.0}  # so small a model learns nothing through dropout
    if kind is CaptionTransformer:
        model = CaptionTransformer(
            4, 6, tokenizer.vocab_size, num_layers=1, num_heads=2, ff_dim=16, **size
        )
    else:
        model = ShowAttendTell(6, tokenizer.vocab_size, units=16, attention_units=8, **size)
    captioner = zoo.ImageCaptioner(
        encoder, model, tokenizer, {"num_beams": 2, "max_new_tokens": 20}, **more
    )
    captioner.compile(keras.optimizers.Adam(0.01), label_smoothing=0.0)
    return captioner


@pytest.fixture(scope="module")
def trained():
    captioner = make()
    captioner.fit(IMAGES, CAPTIONS, epochs=80, batch_tokens=24, verbose=0)
    return captioner


def test_training_on_images_and_captions_learns_both(trained):
    assert trained.generate([IMAGES[0], IMAGES[-1]]) == [RED, BLUE]
    assert trained.score(IMAGES[0], RED) > trained.score(IMAGES[0], BLUE)


def test_every_kind_of_image_gives_the_same_caption(trained, tmp_path):
    path = tmp_path / "red.png"
    Image.fromarray(IMAGES[0]).save(path)
    kinds = [path, str(path), path.read_bytes(), Image.open(path), IMAGES[0]]
    assert trained.generate(kinds) == [RED] * 5
    assert [trained.generate(kind) for kind in kinds] == [RED] * 5


def test_an_answer_carries_its_attention_over_the_cells(trained):
    out = trained.generate(IMAGES[0], return_dict=True)
    assert out.text == RED and out.source_tokens == []
    assert out.attention.shape == (1, 2, len(out.tokens), 4)
    assert out.score == pytest.approx(trained.score(IMAGES[0], RED), abs=1e-4)


@pytest.mark.model  # seconds
def test_paths_and_arrays_train_alike(tmp_path):
    paths = []
    for i, image in enumerate(IMAGES):
        paths.append(tmp_path / f"{i}.png")
        Image.fromarray(image).save(paths[-1])
    a, b = (next(iter(make().batches(x, CAPTIONS, batch_tokens=8))) for x in (paths, IMAGES))
    np.testing.assert_array_equal(a[0]["source"], b[0]["source"])
    np.testing.assert_array_equal(a[1], b[1])
    assert a[0]["source"].shape == (2, 16, 16, 3) and a[1][0, -1] == 3


@pytest.mark.parametrize("kind", [CaptionTransformer, ShowAttendTell])
def test_saved_model_answers_as_before(kind, tmp_path):
    captioner = make(kind)
    captioner.fit(list(zip(IMAGES, CAPTIONS, strict=True)), epochs=1, verbose=0)
    captioner.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    configs = [model.get_config() for model in (loaded, captioner)]
    for config in configs:
        del config["encoder"]  # Keras' own, written in another order after a load
    assert configs[0] == configs[1]
    assert loaded.generate(IMAGES) == captioner.generate(IMAGES)


def test_an_image_of_nothing_has_an_empty_caption(trained, tmp_path):
    flat = np.full((20, 30, 3), 90, "uint8")
    grids = trained.encode_images(np.stack([read(x, (16, 16)) for x in [flat, *IMAGES]]))
    spread = grids.numpy().std(axis=1).mean(axis=1)
    assert spread[0] < 1e-6 < spread[1:].min()
    parts = trained.encoder, trained.model, trained.tokenizer, trained.decoding.to_dict()
    captioner = zoo.ImageCaptioner(*parts, least_spread=spread[1:].min() / 2)
    expected = ["", RED, BLUE]
    shown = [flat, IMAGES[0], IMAGES[-1]]
    assert captioner.generate(shown) == expected and trained.generate(flat)
    assert captioner.generate(flat, return_dict=True).text == ""
    captioner.save(tmp_path / "captioner.keras")
    assert keras.models.load_model(tmp_path / "captioner.keras").generate(shown) == expected
    files = []
    for i, image in enumerate(shown):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
        files.append((tmp_path / f"{i}.png").read_bytes())
    captioner.export(tmp_path / "1")
    serve = tf.saved_model.load(str(tmp_path / "1")).signatures["serving_default"]
    answers = serve(image_bytes=tf.constant(files))
    assert [text.decode() for text in answers["text"].numpy()] == expected
    with pytest.raises(ValueError, match="least_spread must be >= 0; got least_spread=-1"):
        zoo.ImageCaptioner(*parts, least_spread=-1)


def test_without_spaces_the_pieces_are_joined(trained, monkeypatch):
    monkeypatch.setattr(trained, "spaces", False)
    assert trained.generate(IMAGES[0]) == RED.replace(" ", "")


def test_a_caption_ends_before_a_stop(trained):
    assert trained.generate([IMAGES[0], IMAGES[-1]], stop=[" wall", " is"]) == ["a red", "the sea"]
    for options in ({"num_beams": 1}, {"num_beams": 3}):
        assert trained.generate(IMAGES[0], stop="d w", **options) == "a re"
    out = trained.generate(IMAGES[0], stop=" wall", return_dict=True)
    assert out.text == "a red" and out.attention.shape[2] == len(out.tokens)


def test_a_keras_application_can_see():
    images = keras.Input((32, 32, 3))
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(images)
    features = keras.applications.MobileNetV2(
        include_top=False, weights=None, input_tensor=x, alpha=0.35
    ).output
    tokenizer = SentencePieceTokenizer.train(CAPTIONS, 300)
    model = CaptionTransformer(1, features.shape[-1], tokenizer.vocab_size, 1, 8, 2, 8)
    captioner = zoo.ImageCaptioner(keras.Model(images, features), model, tokenizer)
    assert isinstance(captioner.generate(IMAGES[0], max_new_tokens=3), str)


def test_wrong_arguments_are_named(trained):
    with pytest.raises(ValueError, match="caption must have one text for each image; got 2 for 1"):
        trained.score([IMAGES[0]], [RED, RED])
    with pytest.raises(TypeError, match="image must be a path"):
        trained.generate(3)
    with pytest.raises(ValueError, match="y must have one caption for each image"):
        trained.fit(IMAGES, CAPTIONS[:2])
    encoder = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(3, 2)])
    with pytest.raises(ValueError, match="encoder must have images of a fixed size"):
        zoo.ImageCaptioner(encoder, trained.model, trained.tokenizer)


SERVE = """
import json, sys
import tensorflow as tf, tensorflow_text
model = tf.saved_model.load(sys.argv[1])
images = tf.constant([open(path, "rb").read() for path in sys.argv[2:]])
out = model.signatures["serving_default"](image_bytes=images)
more = model.signatures["attention"](image_bytes=images)
assert sorted(more) == ["attention", "target_tokens", "text"], sorted(more)
print(json.dumps({
    "text": [t.decode() for t in out["text"].numpy()],
    "score": out["score"].numpy().tolist(),
    "same": [t.decode() for t in more["text"].numpy()],
    "attention": more["attention"].shape.as_list(),
    "sums": more["attention"].numpy().sum(-1).tolist(),
}))
"""


def test_export_answers_image_bytes_in_a_process_without_the_zoo(trained, tmp_path):
    pytest.importorskip("tensorflow_text")
    paths = [str(tmp_path / name) for name in ("a.png", "bad.jpg", "b.jpg")]
    Image.fromarray(IMAGES[0]).save(paths[0])
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff nothing")
    Image.fromarray(IMAGES[-1]).save(paths[2])
    trained.export(tmp_path / "1")
    done = subprocess.run(
        [sys.executable, "-c", SERVE, tmp_path / "1", *paths],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    found = json.loads(done.stdout)
    assert found["text"] == found["same"] == [RED, "", BLUE]
    expected = trained.score([paths[0], paths[2]], [RED, BLUE])
    np.testing.assert_allclose(found["score"], [expected[0], 0.0, expected[1]], atol=1e-4)
    assert found["attention"][0] == 3 and found["attention"][2] == 4
    assert sum(found["sums"][1]) == 0 and found["sums"][0][0] == pytest.approx(1, abs=1e-5)


def test_stored_features_train_as_images_do(trained):
    from zoo.data.captions import grid_batches

    grids = trained.encode_images(trained.collate(trained.preprocess(IMAGES)[0])).numpy()
    batches = grid_batches(
        [grids],
        [[text, text] for text in CAPTIONS],
        trained.encode_captions,
        batch_images=12,
        max_length=20,
    )
    pixels = trained.evaluate(list(zip(IMAGES, CAPTIONS, strict=True)), verbose=0)
    trained.compile(label_smoothing=0.0)  # a graph of its own: features have another rank
    assert trained.evaluate(batches, verbose=0) == pytest.approx(pixels, rel=1e-4)
    assert isinstance(batches, tf.data.Dataset)


def test_a_folder_is_captioned_past_its_bad_files_and_the_status_says_so(trained, tmp_path, capsys):
    trained.save(tmp_path / "m.keras")
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, image in (("a.png", IMAGES[0]), ("c.png", IMAGES[-1])):
        Image.fromarray(image).save(folder / name)
    (folder / "b.png").write_bytes((folder / "a.png").read_bytes()[:90])
    (folder / "notes.txt").write_text("no image")
    command = ["caption", "--model", str(tmp_path / "m.keras"), str(folder)]
    assert main(command) == 1
    seen = capsys.readouterr()
    captions = dict(line.split("\t") for line in seen.out.splitlines())
    assert captions == {str(folder / "a.png"): RED, str(folder / "c.png"): BLUE}
    assert str(folder / "b.png") in seen.err and "notes.txt" not in seen.err
    (folder / "b.png").unlink()
    assert main(command) == 0


def test_images_and_stored_features_may_take_turns(trained):
    captioner = make()
    features = captioner.encode_images(
        np.stack([np.resize(i, (16, 16, 3)) for i in IMAGES[:4]]) * 1.0
    )
    ids = captioner.encode_captions(tf.constant(CAPTIONS[:4])).to_tensor()
    inputs = {"source": features, "target": ids[:, :-1]}
    stored = tf.data.Dataset.from_tensors(
        (inputs, ids[:, 1:], tf.cast(ids[:, 1:] != 0, tf.float32))
    )
    captioner.fit(stored, verbose=0)
    history = captioner.fit(IMAGES, CAPTIONS, epochs=1, verbose=0)
    assert np.isfinite(history.history["loss"][0])
