"""`zoo.ImageGenerator`: draws what is asked for, the same from the same seed wherever it runs."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo import serving
from zoo.cli.main import main
from zoo.models import VAEGAN

SIZE = 8


def pictures(count, seed):
    """Pictures whose class says where they are bright: left, above or everywhere; of any shade."""
    rng = np.random.default_rng(seed)
    digits = np.arange(count) % 3
    images = np.zeros((count, SIZE, SIZE), "uint8")
    shades = rng.integers(120, 256, count)
    for image, digit, shade in zip(images, digits, shades, strict=True):
        image[: SIZE // 2 if digit == 1 else SIZE, : SIZE // 2 if digit == 0 else SIZE] = shade
    return images, digits


def model(**options):
    keras.utils.set_random_seed(1)
    numbers = {"image_size": SIZE, "num_classes": 3, "latent_dim": 2, "channels": 8}
    return VAEGAN(**{**numbers, "attention_grid": SIZE // 2, **options})


@pytest.fixture(scope="module")
def taught():
    generator = zoo.ImageGenerator(model(), {"pixels": 0.1}, name="shades")
    generator.compile(keras.optimizers.Adam(5e-3, beta_1=0.5))
    generator.fit(*pictures(96, 0), batch_size=32, epochs=25, verbose=0)
    return generator


IMAGES, DIGITS = pictures(9, 1)


def is_of(images):
    """The class of each picture, by where it is bright."""
    right, below = images[:, :, SIZE // 2 :].mean((1, 2)), images[:, SIZE // 2 :].mean((1, 2))
    return np.where(right < 60, 0, np.where(below < 60, 1, 2))


def test_it_draws_what_is_asked_for(taught):
    drawn = taught.generate(30, seed=5, digit=[i % 3 for i in range(30)])
    assert drawn.shape == (30, SIZE, SIZE) and drawn.dtype == np.uint8
    assert (is_of(drawn) == np.arange(30) % 3).mean() > 0.9
    assert len({image.tobytes() for image in taught.generate(10, seed=5, digit=2)}) == 10


def test_a_picture_depends_on_its_seed_alone(taught):
    drawn = taught.generate(300, seed=7)  # in more than one part
    for i in (0, 1, 255, 256, 299):
        np.testing.assert_array_equal(taught.generate(1, seed=7 + i)[0], drawn[i])
    last = 2**31 - 1
    wrapped = taught.generate(2, seed=last)
    np.testing.assert_array_equal(wrapped[1], taught.generate(1, seed=-(2**31))[0])
    chosen = taught.generate(300, seed=7, return_dict=True).digits
    assert set(chosen) == {0, 1, 2} and np.bincount(chosen).min() > 70
    assert not np.array_equal(taught.generate(2), taught.generate(2))  # by chance


def test_codes_are_normal_numbers(taught):
    codes = taught._codes(tf.range(20_000)).numpy()
    np.testing.assert_allclose(codes.mean(0), 0, atol=0.03)
    np.testing.assert_allclose(np.cov(codes.T), np.eye(2), atol=0.03)
    assert np.abs(codes).max() < 7 and np.isfinite(codes).all()


def test_a_low_temperature_draws_common_styles(taught):
    lively = taught.generate(40, seed=0, digit=2).astype(float)
    taught.temperature = 0.25
    try:
        calm = taught.generate(40, seed=0, digit=2).astype(float)
    finally:
        taught.temperature = 1.0
    assert calm.std(axis=0).mean() < 0.5 * lively.std(axis=0).mean()
    with pytest.raises(ValueError, match="temperature must be > 0 and finite"):
        zoo.ImageGenerator(model(), temperature=0.0)


def test_reconstructions_are_like_what_was_seen(taught):
    again = taught.reconstruct(IMAGES)
    assert again.shape == IMAGES.shape and again.dtype == np.uint8
    assert np.abs(again.astype(int) - IMAGES).mean() < 25
    np.testing.assert_array_equal(taught.reconstruct(IMAGES[4]), again[4])
    np.testing.assert_array_equal(taught.predict(IMAGES, verbose=0), again)
    other = taught.reconstruct(IMAGES, digits=(DIGITS + 1) % 3)
    assert (is_of(other) == (DIGITS + 1) % 3).mean() > 0.7
    squared = np.mean((again / 255 - IMAGES / 255) ** 2)
    assert taught.evaluate(IMAGES, DIGITS, verbose=0) == pytest.approx(squared, abs=1e-4)


def test_styles_and_digits_part_and_join(taught):
    styles, digits = taught.encode(IMAGES)
    assert styles.shape == (9, 2) and (digits == DIGITS).all()
    np.testing.assert_array_equal(taught.decode(styles, digits), taught.reconstruct(IMAGES))
    style, digit = taught.encode(IMAGES[1])
    assert style.shape == (2,) and digit == 1
    np.testing.assert_array_equal(taught.decode(style, 2), taught.decode(styles[1:2], [2])[0])


def test_a_walk_begins_and_ends_at_its_ends(taught):
    walk = taught.interpolate(IMAGES[0], IMAGES[2], steps=5)
    assert walk.shape == (5, SIZE, SIZE)
    ends = taught.reconstruct(IMAGES[[0, 2]]).astype(int)
    assert np.abs(walk[[0, -1]] - ends).max() <= 1  # sums in another order
    several = taught.interpolate(IMAGES[:2], IMAGES[2:4], steps=5)
    assert np.abs(several[0].astype(int) - walk).max() <= 1


def test_both_networks_learn_by_losses_of_their_own():
    nothing = dict.fromkeys(
        ("pixels", "features", "divergence", "adversary", "classes", "asked"), 0.0
    )
    generator = zoo.ImageGenerator(model(), nothing)
    generator.compile(keras.optimizers.SGD(0.1))
    generator.build()
    parts = generator.model.encoder, generator.model.decoder, generator.model.discriminator
    before = [[w.numpy() for w in part.trainable_weights] for part in parts]
    generator.train_on_batch(*pictures(12, 0))
    moved = [
        max(np.abs(w.numpy() - old).max() for w, old in zip(part.trainable_weights, olds))
        for part, olds in zip(parts, before, strict=True)
    ]
    # What weighs nothing moves nothing; the discriminator has its own loss.
    assert moved[:2] == [0, 0] and moved[2] > 0


def test_each_network_learns_what_its_layers_add():
    """Where nothing else weighs, a regularizer alone makes the weights smaller."""
    nothing = dict.fromkeys(
        ("pixels", "features", "divergence", "adversary", "classes", "asked"), 0.0
    )
    generator = zoo.ImageGenerator(model(), nothing)
    generator.build()
    kernels = []
    for part in (generator.model.encoder, generator.model.decoder):
        layer = next(x for x in part._flatten_layers() if isinstance(x, keras.layers.Dense))
        layer.kernel.regularizer = keras.regularizers.L2(0.1)
        kernels.append(layer.kernel)
    generator.compile(keras.optimizers.SGD(0.5))
    expected = 0.1 * sum(np.sum(np.square(kernel)) for kernel in kernels)
    before = [kernel.numpy() for kernel in kernels]
    found = generator.train_on_batch(*pictures(12, 0), return_dict=True)
    assert found["loss"] == pytest.approx(expected, rel=1e-5)
    for kernel, old in zip(kernels, before, strict=True):
        np.testing.assert_allclose(kernel, old * (1 - 0.5 * 2 * 0.1), atol=1e-6)


def test_lora_trains_its_updates():
    generator = zoo.ImageGenerator(model())
    generator.enable_lora(2)
    generator.compile(keras.optimizers.Adam(1e-2))
    drawing = [*generator.model.encoder.weights, *generator.model.decoder.weights]
    before = [weight.numpy() for weight in drawing]
    generator.fit(*pictures(24, 0), batch_size=12, epochs=2, verbose=0)
    pairs = zip(drawing, before, strict=True)
    moved = [weight for weight, old in pairs if np.any(weight.numpy() != old)]
    assert all("lora" in weight.name for weight in moved)
    assert {weight.path.split("/")[2] for weight in moved} == {"encoder", "decoder"}


def test_predict_takes_data_sets_and_iterators(taught):
    expected = taught.reconstruct(IMAGES)
    pairs = tf.data.Dataset.from_tensor_slices((IMAGES, DIGITS))
    for data in (pairs, pairs.batch(4), pairs.map(lambda image, digit: image), iter(IMAGES)):
        found = taught.predict(data, verbose=0)
        assert np.abs(found.astype(int) - expected).max() <= 1  # sums in another order


def test_a_plain_autoencoder_has_no_discriminator():
    generator = zoo.ImageGenerator(
        model(discriminator=False, attention_heads=0),
        {"pixels": 1.0, "divergence": 1.0, "features": 0.0, "adversary": 0.0, "asked": 0.0},
    )
    generator.compile(keras.optimizers.Adam(1e-2))
    history = generator.fit(*pictures(48, 0), batch_size=24, epochs=8, verbose=0).history
    assert history["loss"][-1] < history["loss"][0] and history["adversary"][-1] == 0
    assert generator.generate(2, seed=1).shape == (2, SIZE, SIZE)
    with pytest.raises(ValueError, match="return_dict must be False for a model without attention"):
        generator.generate(2, seed=1, return_dict=True)
    assert set(generator.signatures()) == {"serving_default"}


def test_a_file_and_an_export_draw_the_same_in_other_processes(taught, tmp_path, fresh_python):
    taught.save(tmp_path / "model.keras")
    folder = serving.export(taught, tmp_path)
    drawn = taught.generate(3, seed=5, digit=2)
    np.save(tmp_path / "drawn.npy", drawn)
    code = """
import sys
import numpy as np
drawn = np.load(sys.argv[1] + "/drawn.npy")
import keras, zoo
loaded = keras.models.load_model(sys.argv[1] + "/model.keras")
assert (loaded.generate(3, seed=5, digit=2) == drawn).all()
import tensorflow as tf
draw = tf.saved_model.load(sys.argv[2]).signatures["serving_default"]
files = draw(digit=tf.constant([2, 2, 2, 7, -1]), seed=tf.constant([5, 6, 7, 7, 7]))
files = files["image_bytes"].numpy()
for file, image in zip(files, drawn):
    assert file[:4] == b"\\x89PNG"
    assert (tf.io.decode_png(file)[..., 0].numpy() == image).all()
print(files[3] == b"", len(files[4]) > 0)
"""
    assert fresh_python(code, tmp_path, folder).split() == ["True", "True"]
    looks = tf.saved_model.load(str(folder)).signatures["attention"]
    found = looks(digit=tf.constant([2]), seed=tf.constant([5]))
    weights = taught.generate(1, seed=5, digit=2, return_dict=True).attention
    np.testing.assert_allclose(found["attention"], weights.mean(1), atol=1e-5)
    assert found["attention"].shape == (1, 16, 16)


def test_a_lite_file_draws_the_same(taught, tmp_path):
    pytest.importorskip("ai_edge_litert")
    reader = serving.open_litert(serving.export_litert(taught, tmp_path, weights="float32"))
    assert isinstance(reader, serving.LiteImageGenerator)
    for digit in (None, 1, [2, 0, 1]):
        drawn, found = taught.generate(3, 9, digit), reader.generate(3, 9, digit)
        # 1: float32 sums in another order may round to another grey.
        assert np.abs(drawn.astype(int) - found).max() <= 1
    assert reader.ask(["1", ""]) == taught.ask(["1", ""])
    with pytest.raises(ValueError, match=r"digit must be from 0 to 2; got digit=3"):
        reader.generate(1, 1, 3)


def test_where_cells_looked_can_be_drawn(taught, tmp_path):
    out = taught.generate(2, seed=5, digit=0, return_dict=True)
    assert out.attention.shape == (2, 1, 16, 16) and out.grid == (4, 4)
    np.testing.assert_allclose(out.attention.sum(-1), 1, atol=1e-5)
    assert len(zoo.plot_attention(out, tmp_path / "looks.png").axes) == 2 * 6
    assert (tmp_path / "looks.png").stat().st_size > 1000
    assert len(zoo.plots.plot_looks(out, [(0, 3)]).axes) == 2 * 2
    with pytest.raises(ValueError, match=r"cells must be in a grid of 4 x 4; got \(0, 4\)"):
        zoo.plots.plot_looks(out, [(0, 4)])
    sheet = zoo.plots.plot_pictures([IMAGES[:3], IMAGES[3:5]], ["some", "others"])
    assert len(sheet.axes) == 5
    with pytest.raises(ValueError, match="labels must be one for each of 1 rows; got 2"):
        zoo.plots.plot_pictures([IMAGES], ["a", "b"])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n": 0}, ValueError, "n must be from 1 to 100000; got n=0"),
        ({"n": 10**9}, ValueError, "n must be from 1 to 100000; got n=1000000000"),
        ({"n": 2.0}, TypeError, "n must be an int; got n=2.0"),
        ({"n": True}, TypeError, "n must be an int; got n=True"),
        ({"seed": "7"}, TypeError, "seed must be an int; got seed='7'"),
        ({"seed": 1.5}, TypeError, "seed must be an int; got seed=1.5"),
        ({"seed": 2**31}, ValueError, "seed must be from -2147483648 to 2147483647"),
        ({"digit": 3}, ValueError, "digit must be from 0 to 2; got digit=3"),
        ({"digit": -1}, ValueError, "digit must be from 0 to 2; got digit=-1"),
        ({"digit": "1"}, TypeError, "digit must be an int; got digit='1'"),
        ({"n": 2, "digit": [1]}, ValueError, "digit must have one class for each of n=2; got 1"),
        (
            {"n": 2, "digit": [1, 9]},
            ValueError,
            r"digit\[1\] must be from 0 to 2; got digit\[1\]=9",
        ),
    ],
)
def test_a_wrong_request_is_named(taught, options, error, message):
    with pytest.raises(error, match=message):
        taught.generate(**options)


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (IMAGES[:, 1:], ValueError, r"images must be uint8 of shape \(N, 8, 8\).* \(9, 7, 8\)"),
        (IMAGES[..., None], ValueError, r"images must be uint8 .* got shape \(9, 8, 8, 1\)"),
        (IMAGES / 255, TypeError, "images must be uint8 .* got dtype float64"),
        (IMAGES.astype("int64"), TypeError, "images must be uint8 .* got dtype int64"),
        ([IMAGES[0], IMAGES[0, 1:]], ValueError, "images must be uint8 .* several sizes"),
        ("digit.png", TypeError, "images must be uint8 .* got 'digit.png'"),
        (None, TypeError, "images must be uint8 .* got None"),
    ],
)
def test_wrong_pictures_are_named(taught, images, error, message):
    for use in (taught.reconstruct, taught.encode):
        with pytest.raises(error, match=message):
            use(images)
    with pytest.raises(error, match=message.replace("images", "b")):
        taught.interpolate(IMAGES[0], images)
    with pytest.raises(error, match=message.replace("images", "x")):
        taught.fit(images, DIGITS)


def test_other_wrong_arguments_are_named(taught):
    for digits, error, message in (
        (DIGITS[:3], ValueError, "y must have one digit for each of 9; got 3"),
        (DIGITS + 1, ValueError, r"y must be ints from 0 to 2; got y\[2\]=3"),
        (DIGITS / 2, TypeError, r"y must be ints from 0 to 2; got y\[0\]"),
        (None, TypeError, "y must be ints from 0 to 2; got None"),
    ):
        with pytest.raises(error, match=message):
            taught.fit(IMAGES, digits)
    with pytest.raises(ValueError, match="b must have the shape of a"):
        taught.interpolate(IMAGES[0], IMAGES[:2])
    with pytest.raises(ValueError, match="steps must be >= 2; got steps=1"):
        taught.interpolate(IMAGES[0], IMAGES[1], steps=1)
    with pytest.raises(ValueError, match="steps must be <= 1000"):
        taught.interpolate(IMAGES[0], IMAGES[1], steps=10**9)
    with pytest.raises(ValueError, match=r"styles must have the shape \(N, 2\)"):
        taught.decode(np.zeros(3), 1)
    with pytest.raises(ValueError, match="styles must be finite"):
        taught.decode(np.full(2, np.nan), 1)
    with pytest.raises(ValueError, match="inputs must be digits from 0 to 2, or empty; got 'two'"):
        taught.ask("two")
    for name, value in {
        "loss": "mse",
        "metrics": ["mse"],
        "weighted_metrics": ["mse"],
        "label_smoothing": 0.1,
        "r_drop_alpha": 1.0,
    }.items():
        with pytest.raises(ValueError, match=f"{name} must not be given.*got {name}="):
            zoo.ImageGenerator(model()).compile("adam", **{name: value})
    with pytest.raises(TypeError, match="styles must be floats; got 'abc'"):
        taught.decode("abc", 1)
    with pytest.raises(TypeError, match="inputs must be a dict of image and digit"):
        taught(IMAGES)
    with pytest.raises(TypeError, match="temperature must be a number; got temperature='1'"):
        zoo.ImageGenerator(model(), temperature="1")
    with pytest.raises(ValueError, match="loss_weights must be 0 for features and adversary"):
        zoo.ImageGenerator(model(discriminator=False)).compile("adam")
    with pytest.raises(ValueError, match="loss_weights must be of pixels.* got 'sharpness'"):
        zoo.ImageGenerator(model(), {"sharpness": 1.0})
    with pytest.raises(ValueError, match="loss_weights must be >= 0 and finite"):
        zoo.ImageGenerator(model(), {"pixels": -1.0})
    with pytest.raises(ValueError, match="image_size must be a multiple of 4; got image_size=27"):
        VAEGAN(image_size=27)
    with pytest.raises(ValueError, match=r"attention_grid must be one of \(7, 14\)"):
        VAEGAN(attention_grid=28)
    with pytest.raises(ValueError, match="channels must be >= 1; got channels=0"):
        VAEGAN(channels=0)


def test_the_command_writes_a_sheet_and_characters(taught, tmp_path, capsys):
    path = str(tmp_path / "model.keras")
    taught.save(path)
    sheet = tmp_path / "digits.png"
    options = ["generate", path, "--digit", "1", "--seed", "3"]
    assert main([*options, "-n", "12", "--out", str(sheet)]) == 0
    assert sheet.read_bytes()[:4] == b"\x89PNG"
    assert capsys.readouterr().err.splitlines()[-1] == f"wrote {sheet}"
    assert main(options) == 0
    assert capsys.readouterr().out.rstrip("\n") == taught.ask("1", seed=3).rstrip("\n")
    for wrong, message in (
        ([path, "a beginning"], "PROMPT must be empty"),
        ([path, "--temperature", "1"], "--temperature goes with texts"),
        ([path, "--digit", "3"], "digit must be from 0 to 2; got digit=3"),
        ([path, "-n", "1000000000"], "n must be from 1 to 100000"),
        ([path, "--out", str(tmp_path / "digits.doc")], "--out must end in one of"),
    ):
        assert main(["generate", *wrong]) == 2
        assert message in capsys.readouterr().err
