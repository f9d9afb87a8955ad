"""`fit`, `evaluate`, `predict` and their like on raw data, as a Keras user calls them."""

import json
from io import BytesIO

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import zoo
from zoo.models import CaptionTransformer, Transformer, TransformerLM
from zoo.text import SentencePieceTokenizer

TEXTS = ["der Hund", "eine Katze schläft", "zwei", "der Hund läuft", "Katze", "zwei Hund eine"]
PAIRS = list(zip(TEXTS, TEXTS[::-1], strict=True))


@pytest.fixture(scope="module")
def words():
    return SentencePieceTokenizer.train(TEXTS, 300)


def make(words, **options):
    keras.utils.set_random_seed(1)
    size = words.vocab_size
    model = Transformer(size, size, 1, 1, model_dim=8, num_heads=2, ff_dim=8, dropout=0.0)
    made = zoo.Translator(model, words, decoding={"num_beams": 1, "max_new_tokens": 5})
    made.compile(keras.optimizers.SGD(0.1), **options)
    made.build()
    return made


@pytest.fixture(scope="module")
def translator(words):
    return make(words)


class Steps(keras.callbacks.Callback):
    """Counts the batches."""

    train = test = predict = 0

    def on_train_batch_end(self, batch, logs=None):
        self.train += 1

    def on_test_batch_end(self, batch, logs=None):
        self.test += 1

    def on_predict_batch_end(self, batch, logs=None):
        self.predict += 1


def test_a_training_step_is_traced_once(words, monkeypatch):
    made, traces = make(words), []
    step = made.train_step
    monkeypatch.setattr(made, "train_step", lambda data: traces.append(1) or step(data))
    made.compile(keras.optimizers.Adam(0.1))
    made.fit(PAIRS, batch_size=6, epochs=2, verbose=0)
    made.train_on_batch(PAIRS)
    assert len(traces) == 1


def test_batch_size_is_the_rows_of_a_batch(translator):
    steps = Steps()
    translator.fit(PAIRS, batch_size=4, validation_data=PAIRS, verbose=0, callbacks=[steps])
    assert (steps.train, steps.test) == (2, 2)
    translator.evaluate(PAIRS, batch_size=1, verbose=0, callbacks=[steps])
    assert steps.test == 2 + 6
    assert translator.predict(TEXTS, 5, 0, None, [steps]).shape == (6,)
    assert steps.predict == 2


def test_loss_does_not_depend_on_the_batches(translator):
    losses = [translator.evaluate(PAIRS, batch_size=n, verbose=0) for n in (1, 4, 6)]
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-5)  # float32


def test_validation_data_is_read_as_keras_reads_it(translator):
    two = [("Hund", "Katze"), ("zwei", "eine Katze schläft")]
    columns = tuple(map(list, zip(*two, strict=True)))
    found = [
        translator.fit(PAIRS, verbose=0, validation_data=data).history["val_loss"][-1]
        - translator.evaluate(two, verbose=0)
        for data in (two, columns, tf.data.Dataset.from_tensor_slices(columns))
    ]
    assert found == pytest.approx([0, 0, 0], abs=1e-5)  # float32
    history = translator.fit(PAIRS, validation_split=1 / 3, verbose=0).history
    expected = translator.evaluate(PAIRS[4:], verbose=0)
    assert history["val_loss"] == pytest.approx([expected], rel=1e-5)


@pytest.mark.parametrize(
    "form",
    [
        lambda: (zip(*zip(*PAIRS, strict=True), strict=True),),
        lambda: ((pair for pair in PAIRS),),
        lambda: (np.array(PAIRS),),
        lambda: (np.array(TEXTS), np.array([text.encode() for text in TEXTS[::-1]], object)),
        lambda: (tuple(TEXTS), tf.constant(TEXTS[::-1])),
        lambda: (tf.data.Dataset.from_generator(lambda: PAIRS, (tf.string, tf.string)),),
        lambda: (tf.data.Dataset.from_generator(lambda: PAIRS, (tf.string, tf.string)).batch(4),),
    ],
)
def test_data_of_any_kind_give_one_loss(translator, form):
    expected = translator.evaluate(PAIRS, verbose=0)
    assert translator.evaluate(*form(), verbose=0) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (([{"fr": "a", "de": "b"}],), r"got x\[0\]=\{'fr': 'a', 'de': 'b'\} \(dict\)"),
        ((["ab", "cd"],), r"got x\[0\]='ab' \(str\)"),
        ((["你好", "早安"],), r"got x\[0\]='你好' \(str\)"),
        (("ab",), r"got 'ab' \(str\)"),
        ((None,), r"got None"),
        (([("a", "b"), ("a", None)],), r"got x\[1\]\[1\]=None"),
        ((["a", float("nan")], ["a", "b"]), r"got x\[1\]=nan \(float\)"),
        ((["a", "b"], ["a", 3]), r"y must be a list of str; got y\[1\]=3 \(int\)"),
        (({"a": "b"},), r"got \{'a': 'b'\} \(dict\)"),
    ],
)
def test_item_that_is_no_pair_is_named(translator, data, message):
    for verb in (translator.fit, translator.evaluate):
        with pytest.raises(TypeError, match=message):
            verb(*data)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"class_weight": {0: 1.0}}, ValueError, "class_weight must be None"),
        ({"sample_weight": [1.0] * 6}, ValueError, "sample_weight must be None"),
        ({"batch_size": 0}, ValueError, "batch_size must be >= 1; got batch_size=0"),
        ({"batch_size": 2.5}, TypeError, "batch_size must be an int; got batch_size=2.5"),
        ({"shuffle": "batch"}, TypeError, "shuffle must be an int; got shuffle='batch'"),
        ({"batch_size": 2, "batch_tokens": 9}, ValueError, "must not be given both"),
        ({"validation_split": 1.5}, ValueError, "validation_split=1.5"),
        ({"validation_split": 0.99}, ValueError, "leave examples on both sides"),
        ({"validation_data": (TEXTS, TEXTS, [1.0] * 6)}, ValueError, r"validation_data\[2\]"),
    ],
)
def test_argument_that_cannot_be_honoured_is_named(translator, options, error, message):
    with pytest.raises(error, match=message):
        translator.fit(PAIRS, **options)


def test_dataset_of_triples_is_one_clear_error(translator):
    triples = tf.data.Dataset.from_tensor_slices((TEXTS, TEXTS, TEXTS))
    with pytest.raises(ValueError, match=r"x must be a dataset of \(source, target\) strings"):
        translator.evaluate(triples)


def test_generator_evaluates_a_dataset_of_strings(words):
    model = TransformerLM(words.vocab_size, 16, 1, 8, 2, 8)
    generator = zoo.TextGenerator(model, words)
    generator.compile()
    expected = generator.evaluate(TEXTS, verbose=0)
    unknown = tf.data.Dataset.from_generator(lambda: TEXTS, tf.string)
    for data in (tf.data.Dataset.from_tensor_slices(TEXTS), unknown, unknown.batch(2)):
        assert generator.evaluate(data, verbose=0) == pytest.approx(expected, rel=1e-5)
    for refused in ("corpus.txt", [1], [None]):
        with pytest.raises(TypeError, match="x must be a list of str; got"):
            generator.fit(refused)
    with pytest.raises(ValueError, match="subword_sampling must be 0 for"):
        generator.fit(TEXTS, subword_sampling=0.1)


@pytest.mark.parametrize("verbose", ["auto", 1, 2])
def test_predict_shows_a_bar_of_its_batches(translator, verbose, capsys):
    expected = translator.generate(TEXTS)
    steps = -(-len(TEXTS) // 4)
    assert translator.predict(TEXTS, batch_size=4, verbose=verbose).tolist() == expected
    assert f"{steps}/{steps}" in capsys.readouterr().out
    data = tf.data.Dataset.from_tensor_slices(TEXTS)
    assert translator.predict(data, batch_size=4, verbose=verbose).tolist() == expected
    assert translator.predict(TEXTS, batch_size=4, steps=1, verbose=verbose).shape == (4,)


def test_predict_and_a_call_give_what_generate_gives(translator):
    expected = translator.generate(TEXTS)
    assert translator.predict(TEXTS, batch_size=4, verbose=0).tolist() == expected
    data = tf.data.Dataset.from_tensor_slices((TEXTS, TEXTS)).batch(4)
    assert translator.predict(data, verbose=0).tolist() == expected
    assert translator.predict(TEXTS, 2, 0, steps=2).tolist() == expected[:4]
    assert translator.predict_on_batch(TEXTS).tolist() == expected
    for called in (translator(TEXTS), tf.function(translator)(tf.constant(TEXTS))):
        assert [text.decode() for text in called.numpy()] == expected
    assert translator(TEXTS[0]).numpy().decode() == expected[0]


def test_one_batch_of_strings_trains_and_is_judged(words):
    model = make(words, label_smoothing=0.0)
    before = model.test_on_batch(*zip(*PAIRS, strict=True))
    assert before == pytest.approx(model.evaluate(PAIRS, verbose=0), rel=1e-5)
    for _ in range(5):
        model.train_on_batch(PAIRS)
    assert model.test_on_batch(PAIRS) < before


def test_export_takes_the_arguments_of_keras(translator, tmp_path):
    with pytest.raises(ValueError, match="zoo export NAME --format litert"):
        translator.export(tmp_path, format="litert")
    with pytest.raises(ValueError, match="format must be 'tf_saved_model'; got format='onnx'"):
        translator.export(tmp_path, format="onnx")
    with pytest.raises(ValueError, match="input_signature must be None"):
        translator.export(tmp_path, input_signature=[tf.TensorSpec([])])
    assert translator.export(filepath=tmp_path / "1", format="tf_saved_model") == tmp_path / "1"


# What the layers add to the loss.


def test_added_losses_count_once(words):
    model = make(words, label_smoothing=0.0)
    plain = model.evaluate(PAIRS, verbose=0)
    weight = model.trainable_variables[0]
    weight.regularizer = keras.regularizers.L2(1.0)
    added = float(np.sum(np.square(weight.numpy())))
    model.compile(keras.optimizers.SGD(0.0), label_smoothing=0.0)
    assert added > 0.1
    assert model.evaluate(PAIRS, verbose=0) == pytest.approx(plain + added, rel=1e-5)
    model.compile(keras.optimizers.SGD(0.0), label_smoothing=0.0, r_drop_alpha=1.0)
    (loss,) = model.fit(PAIRS, verbose=0).history["loss"]
    assert loss == pytest.approx(plain + added, rel=1e-5)  # two equal passes: no divergence


# Graphs and structure.


@pytest.mark.parametrize("whole", [True, False])
def test_answers_after_lora_are_those_of_the_trained_layers(words, whole, tmp_path):
    model = make(words)
    before = model.score(TEXTS, TEXTS)
    model.generate(TEXTS)
    if whole:
        model.enable_lora(2)
        assert {variable.name[:4] for variable in model.trainable_variables} == {"lora"}
        with pytest.raises(ValueError, match="compile"):
            model.fit(PAIRS)
    else:
        layers = model.model._flatten_layers()
        next(one for one in layers if isinstance(one, keras.layers.Dense)).enable_lora(2)
    model.compile(keras.optimizers.Adam(0.3))
    model.fit(PAIRS, epochs=3, verbose=0)
    after = model.score(TEXTS, TEXTS)
    assert np.abs(after - before).max() > 0.01
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(loaded.score(TEXTS, TEXTS), after, rtol=1e-4)  # sums of float32
    assert loaded.generate(TEXTS) == model.generate(TEXTS)


def test_a_compile_without_a_loss_has_the_default_one_again(words):
    model = make(words)
    expected = model.evaluate(PAIRS, verbose=0)
    model.compile("adam", loss="sparse_categorical_crossentropy")
    assert model.evaluate(PAIRS, verbose=0) != pytest.approx(expected, rel=0.01)
    model.compile("adam")
    assert model.evaluate(PAIRS, verbose=0) == pytest.approx(expected, rel=1e-5)


def test_compile_has_the_order_of_keras_and_takes_no_weights_of_no_loss(words):
    model = make(words)
    with pytest.raises(
        ValueError, match=r"loss_weights must be None without a loss; got .*\[2.0\]"
    ):
        model.compile("adam", None, [2.0])
    model.compile("adam", None, None, None, ["accuracy"])
    assert "accuracy" in model.evaluate(PAIRS, verbose=0, return_dict=True)


def test_how_a_model_was_compiled_survives_saving(words, tmp_path):
    model = make(
        words,
        weighted_metrics=["accuracy"],
        metrics=[keras.metrics.SparseTopKCategoricalAccuracy(3)],
        run_eagerly=True,
        steps_per_execution=1,
        auto_scale_loss=False,
        label_smoothing=0.3,
        r_drop_alpha=0.2,
    )
    model.fit(PAIRS, verbose=0)
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert loaded.get_compile_config() == model.get_compile_config()
    assert loaded.run_eagerly and loaded.objective.label_smoothing == 0.3
    expected = model.evaluate(PAIRS, verbose=0, return_dict=True)
    assert set(expected) == {"loss", "accuracy", "sparse_top_k_categorical_accuracy"}
    assert loaded.evaluate(PAIRS, verbose=0, return_dict=True) == pytest.approx(expected, rel=1e-5)


# Photographs.


def captioner(words):
    keras.utils.set_random_seed(2)
    images = keras.Input((16, 16, 3))
    encoder = keras.Model(images, keras.layers.Conv2D(4, 8, strides=8)(images))
    model = CaptionTransformer(4, 4, words.vocab_size, 1, 8, 2, 8, dropout=0.0)
    made = zoo.ImageCaptioner(encoder, model, words, {"num_beams": 1, "max_new_tokens": 4})
    made.compile(keras.optimizers.SGD(0.0), label_smoothing=0.0)
    return made


def test_images_of_mixed_kinds_train_together(words, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (16, 16, 3), "uint8")
    image = Image.fromarray(pixels)
    file = BytesIO()
    image.save(file, "PNG")
    (tmp_path / "a.png").write_bytes(file.getvalue())
    kinds = [image.convert("L"), image.convert("RGBA"), image.convert("P"), pixels]
    kinds += [file.getvalue(), tmp_path / "a.png"]
    model = captioner(words)
    loss = model.evaluate(kinds, TEXTS, batch_size=2, verbose=0)
    alone = [float(model.score(image, text)) for image, text in zip(kinds, TEXTS, strict=True)]
    tokens = sum(len(ids) + 1 for ids in words.encode(TEXTS))
    assert loss == pytest.approx(-sum(alone) / tokens, rel=1e-4)
    assert np.isfinite(model.fit(kinds, TEXTS, verbose=0).history["loss"]).all()
    assert model.predict(kinds, batch_size=4, verbose=0).tolist() == model.generate(kinds)


def test_what_is_no_image_is_named(words, tmp_path):
    model = captioner(words)
    with pytest.raises(TypeError, match=r"got x\[0\]=\{'image': 'a.png'\} \(dict\)"):
        model.fit([{"image": "a.png"}])
    with pytest.raises(TypeError, match=r"got x\[0\]=\{\} \(dict\)"):
        model.fit([{}], ["a"])
    with pytest.raises(FileNotFoundError, match=r"got x\[0\]='no.png'"):
        model.fit(["no.png"], ["a"])
    with pytest.raises(TypeError, match=r"got inputs\[0\]=None"):
        model.generate([None])


# Several devices.


MIRRORED = """
import json, sys
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import contextlib, keras, numpy as np
import zoo
from zoo.models import Transformer
from zoo.text import SentencePieceTokenizer

texts = json.loads(sys.argv[1])
words = SentencePieceTokenizer.train(texts, 300)

def trained(strategy):
    keras.utils.set_random_seed(1)
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = Transformer(words.vocab_size, words.vocab_size, 1, 1, 8, 2, 8, dropout=0.0)
        model = zoo.Translator(model, words)
        model.compile(keras.optimizers.SGD(0.5))
    model.build()
    model.trainable_variables[0].regularizer = keras.regularizers.L2(0.1)
    history = model.fit(texts, texts[::-1], batch_size=5, shuffle=False, verbose=0, epochs=2,
                        validation_data=(texts, texts))
    return model, [*history.history["loss"], *history.history["val_loss"]]

strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
(one, expected), (two, found) = trained(None), trained(strategy)
# Sums of float32 in another order.
np.testing.assert_allclose(found, expected, rtol=1e-5)
for a, b in zip(one.get_weights(), two.get_weights()):
    np.testing.assert_allclose(a, b, atol=1e-5)
with strategy.scope():
    try:
        one.fit(texts, texts)
    except ValueError as error:
        assert "must be made within their strategy.scope()" in str(error)
    else:
        raise AssertionError("a model made outside was trained")
print("equal")
"""


def test_two_devices_train_as_one_does(fresh_python):
    """Batches of 5 and 1 rows: the parts of two devices have 3 and 2 rows, and 1 and none."""
    assert fresh_python(MIRRORED, json.dumps(TEXTS)).split()[-1] == "equal"
