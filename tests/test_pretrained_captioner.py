"""Captioners from public checkpoints: a small ViT-GPT2 that transformers wrote.

`scripts/write_reference_checkpoint.py` made the folder in `tests/checkpoints`.
"""

import io
import json
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT
from PIL import Image

import zoo
from zoo.cli import main
from zoo.pretrained import causal
from zoo.pretrained.checkpoint import Checkpoint
from zoo.serving import LiteCaptioner, export_litert

pytest.importorskip("safetensors")
FOLDER = ROOT / "tests" / "checkpoints" / "vit_gpt2"


@pytest.fixture(scope="module")
def captioner():
    return zoo.from_pretrained(FOLDER)


@pytest.fixture(scope="module")
def reference():
    return np.load(FOLDER / "expected.npz")


@pytest.fixture(scope="module")
def images(reference):
    return [image.repeat(8, axis=0).repeat(8, axis=1) for image in reference["images"]]


@pytest.fixture(scope="module")
def expected():
    return json.loads((FOLDER / "expected.json").read_text("utf-8"))["answers"]


def test_logits_are_those_of_transformers(captioner, reference, images):
    order = causal.tokens(Checkpoint(FOLDER).part("decoder")).order
    ours = {theirs: number for number, theirs in enumerate(order)}
    target = np.vectorize(ours.get)(reference["target"])
    start = np.full((4, 1), 2)
    inputs = {
        "source": captioner.encode_images(captioner.collate(images[:4])),
        "target": np.concatenate([start, target[:, :-1]], axis=1),
    }
    found = keras.ops.convert_to_numpy(captioner.model(inputs))
    columns = [ours[i] for i in range(reference["logits"].shape[-1])]
    assert np.abs(reference["logits"]).max() > 3
    np.testing.assert_allclose(found[..., columns], reference["logits"], atol=1e-4)


@pytest.mark.parametrize("beams", [1, 4])
def test_captions_are_those_of_transformers(captioner, images, expected, beams):
    found = captioner.generate(images, num_beams=beams, max_new_tokens=12)
    assert found == expected[str(beams)] and len(set(found)) > 30


def test_attention_lies_on_the_patches_of_the_picture(captioner, images):
    found = captioner.generate(images[0], num_beams=1, return_dict=True)
    assert found.grid == (4, 4)
    assert found.attention.shape == (2, 2, len(found.tokens), 16)
    shares = found.attention.sum(axis=-1)  # the rest lies on the class token
    assert np.all(shares < 1 + 1e-6) and 0 < shares.min() < 0.999


def png(image):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()


def test_file_and_exports_answer_the_same(captioner, images, tmp_path, capfd):
    file = tmp_path / "models" / "see.keras"
    assert main(["import", str(FOLDER), "--out", str(file)]) == 0
    assert capfd.readouterr().out.strip() == str(file)
    files = [png(image) for image in images[:6]]
    answers = captioner.generate(files)
    loaded = keras.models.load_model(file)
    assert loaded.generate(files) == answers and len(set(answers)) > 4
    version = zoo.serving.export(loaded, tmp_path, "see")
    signature = tf.saved_model.load(str(version)).signatures["serving_default"]
    served = signature(image_bytes=tf.constant(files))["text"].numpy()
    assert [text.decode() for text in served] == answers
    lite = LiteCaptioner(export_litert(loaded, tmp_path, "see", weights="float32"))
    assert lite.generate(files) == answers


def changed(tmp_path, file, change):
    folder = tmp_path / "changed"
    shutil.copytree(FOLDER, folder)
    content = json.loads((folder / file).read_text("utf-8"))
    (folder / file).write_text(json.dumps(change(content)), "utf-8")
    return folder


def inside(part, **settings):
    return lambda config: config | {part: config[part] | settings}


CHANGES = {
    "another encoder": (
        "config.json",
        inside("encoder", model_type="deit"),
        "encoder must be vit and the decoder gpt2; got 'deit'",
    ),
    "another decoder": ("config.json", inside("decoder", model_type="bert"), "got 'bert'"),
    "no biases": ("config.json", inside("encoder", qkv_bias=False), "qkv_bias must be True"),
    "other patches": (
        "config.json",
        inside("encoder", patch_size=4),
        r"must have shape \(1, 65, 12\); got \(1, 17, 12\)",
    ),
    "more layers": (
        "config.json",
        inside("decoder", n_layer=3),
        "weight decoder.transformer.h.2.attn.c_attn.weight",
    ),
    "fewer layers": (
        "config.json",
        inside("encoder", num_hidden_layers=1),
        "no other weights than those of vision-encoder-decoder",
    ),
    "no part": ("config.json", lambda config: config | {"decoder": 3}, "must be an object; got 3"),
    "another size": (
        "preprocessor_config.json",
        lambda settings: settings | {"size": 30},
        "size must be 32 by 32; got 30",
    ),
    "another filter": (
        "preprocessor_config.json",
        lambda settings: settings | {"resample": 0},
        "resample must be 2; got 0",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_settings_that_do_not_fit_are_named(what, tmp_path):
    file, change, message = CHANGES[what]
    folder = changed(tmp_path, file, change)
    with pytest.raises(ValueError, match=message) as error:
        zoo.from_pretrained(folder)
    assert str(folder) in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    folder = tmp_path / "changed"
    shutil.copytree(FOLDER, folder)
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(FileNotFoundError, match="must hold preprocessor_config.json"):
        zoo.from_pretrained(folder)


def test_a_language_is_an_error():
    with pytest.raises(ValueError, match="target_language must be None for a language model"):
        zoo.from_pretrained(FOLDER, target_language="fra")
