"""EfficientNet-Lite0: the weights of ImageNet, and the network that they are read into."""

import importlib.util
import io
import json
import pickle
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from zoo import data
from zoo.tasks.files import load_network
from zoo.vision import branched, divided, efficientnet_lite0, load_unfolded
from zoo.vision.efficientnet_lite import fold

ROOT = Path(__file__).resolve().parent.parent


def test_a_folded_normalisation_does_the_same():
    draw = np.random.default_rng(0)
    images = draw.normal(size=(2, 6, 6, 3)).astype("float32")
    for layer in (
        keras.layers.Conv2D(5, 3, use_bias=False),
        keras.layers.DepthwiseConv2D(3, use_bias=False),
    ):
        norm = keras.layers.BatchNormalization(epsilon=1e-3)
        expected = norm(layer(images))
        values = [draw.uniform(0.5, 2, w.shape) for w in norm.get_weights()]
        norm.set_weights(values)
        expected = norm(layer(images))
        kernel, bias = fold(layer.get_weights()[0], *norm.get_weights())
        config = {**layer.get_config(), "use_bias": True}
        folded = type(layer).from_config(config)
        folded.build(images.shape)
        folded.set_weights([kernel, bias])
        np.testing.assert_allclose(folded(images), expected, atol=1e-5)


def test_grid_has_a_cell_for_32_pixels():
    assert efficientnet_lite0().output_shape == (None, 7, 7, 1280)
    assert efficientnet_lite0(input_size=96).output_shape == (None, 3, 3, 1280)
    with pytest.raises(ValueError, match="multiple of 32; got input_size=100"):
        efficientnet_lite0(input_size=100)


@pytest.mark.model  # seconds
@pytest.mark.parametrize("stage", [4, 5, 6])
def test_a_branch_learns_and_the_other_stays(stage):
    encoder, draw = efficientnet_lite0(input_size=64), np.random.default_rng(0)
    for weight in encoder.weights:  # so that features are neither 0 nor endless
        if len(weight.shape) == 4:
            height, width, channels, more = weight.shape
            fan_in = height * width * (1 if more == 1 else channels)
            weight.assign(draw.normal(size=weight.shape) * (2 / fan_in) ** 0.5)
    images = draw.uniform(0, 255, (2, 64, 64, 3)).astype("float32")
    seen = encoder(images).numpy()
    assert 0.1 < seen.max() < 10
    two = branched(encoder, stage)
    assert two.output_shape == (None, 2, 2, 2 * 1280)
    np.testing.assert_array_equal(two(images), np.concatenate([seen, seen], axis=-1))
    lower, branch = divided(two, stage)
    np.testing.assert_allclose(branch(lower(images)), seen, atol=1e-4)
    for weight in branch.weights:
        weight.assign(weight * 0.9)
    grids = two(images).numpy()
    np.testing.assert_array_equal(grids[..., 1280:], seen)
    np.testing.assert_allclose(grids[..., :1280], branch(lower(images)), atol=1e-4)
    assert abs(grids[..., :1280] - seen).max() > 0.05
    lower, upper = divided(encoder, stage)
    np.testing.assert_allclose(upper(lower(images)), seen, atol=1e-4)


def test_there_is_no_branch_from_a_stage_that_is_none():
    encoder = efficientnet_lite0(input_size=32)
    for cut in (branched, divided):
        for stage in (0, 7):
            with pytest.raises(ValueError, match=f"stage must be from 1 to 6; got stage={stage}"):
                cut(encoder, stage)


@pytest.mark.model  # seconds
def test_imagenet_logits_are_those_of_the_stored_network():
    try:
        path = data.find("vision/efficientnet_lite0_imagenet.keras")
    except FileNotFoundError:
        pytest.skip("needs ZOO_DATA with vision/efficientnet_lite0_imagenet.keras")
    stored = load_network(path)
    folded = load_unfolded(efficientnet_lite0(1000), stored)
    images = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3)).astype("float32")
    # 1e-4 of logits up to 7: float32 sums through 50 layers.
    np.testing.assert_allclose(folded(images), stored(images, training=False), atol=1e-4)
    cat = keras.utils.load_img(ROOT / "examples" / "photos" / "cat.jpg", target_size=(224, 224))
    logits = folded(keras.utils.img_to_array(cat)[None]).numpy()[0]
    assert {281, 282, 285} & set(np.argsort(logits)[-3:].tolist())  # tabby, tiger cat, Egyptian cat


def test_a_network_of_a_later_keras_is_read(tmp_path):
    """It is written with all that a later Keras adds and does not use, whatever Keras runs here."""
    inputs = keras.Input((6, 6, 1))
    x = keras.layers.BatchNormalization()(keras.layers.Conv2D(3, 3)(inputs))
    network = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(x)))
    network.save(tmp_path / "here.keras")
    added = {"GlorotUniform": {"of_a_later_one": None}}
    added["BatchNormalization"] = {"renorm": False, "renorm_clipping": None, "renorm_momentum": 0.9}

    def later(part):
        part["config"].update(added.get(part["class_name"], {}))
        return part

    later_one = tmp_path / "later.keras"
    with (
        zipfile.ZipFile(tmp_path / "here.keras") as here,
        zipfile.ZipFile(later_one, "w") as archive,
    ):
        for name in here.namelist():
            content = here.read(name)
            if name == "config.json":
                hook = {"object_hook": lambda part: later(part) if "class_name" in part else part}
                found = json.loads(content, **hook)
                content = json.dumps(found)
                assert "of_a_later_one" in content and "renorm_momentum" in content
            archive.writestr(name, content)
    images = np.random.default_rng(0).normal(size=(2, 6, 6, 1)).astype("float32")
    np.testing.assert_array_equal(load_network(later_one)(images), network(images))


def script():
    spec = importlib.util.spec_from_file_location(
        "build_efficientnet_lite0", ROOT / "scripts" / "build_efficientnet_lite0.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_weights_of_the_script_refuse_code():
    with pytest.raises(pickle.UnpicklingError, match="tensors alone; got builtins.print"):
        script()._Reader(io.BytesIO(pickle.dumps(print)), {}).load()


def test_script_maps_tensors_of_pytorch_onto_the_network():
    model = efficientnet_lite0(1000)
    tensors, draw = {}, np.random.default_rng(0)
    kinds = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
    for i, layer in enumerate(x for x in model.layers if isinstance(x, kinds)):
        height, width, entering, leaving = layer.kernel.shape
        depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
        shape = (entering, 1) if depthwise else (leaving, entering)
        tensors[f"c{i}.weight"] = draw.normal(size=(*shape, height, width)).astype("f4")
        channels = shape[0]
        for part in ("weight", "bias", "running_mean", "running_var"):
            tensors[f"n{i}.{part}"] = draw.uniform(0.5, 1, channels).astype("f4")
    tensors["_fc.weight"] = draw.normal(size=(1000, 1280)).astype("f4")
    tensors["_fc.bias"] = draw.normal(size=1000).astype("f4")
    built = script().build(tensors)
    stem = built.get_layer("stem").get_weights()
    scale = tensors["n0.weight"] / np.sqrt(tensors["n0.running_var"] + 1e-3)
    np.testing.assert_allclose(
        stem[0][1, 2, 0], tensors["c0.weight"][:, 0, 1, 2] * scale, rtol=1e-5
    )
    np.testing.assert_array_equal(built.get_layer("logits").get_weights()[1], tensors["_fc.bias"])
