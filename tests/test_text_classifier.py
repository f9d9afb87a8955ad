import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from noise import noisy

from zoo.models.text_classifier import TextClassifier

V, C, B, S = 13, 3, 3, 7
TOKENS = np.array([[4, 5, 6, 7, 3, 8, 12], [8, 9, 3, 0, 0, 0, 0], [5, 0, 0, 0, 0, 0, 0]], "int32")
SMALL = {"model_dim": 6, "filters": 5, "kernel_sizes": (2, 3), "attention_units": 4}


def built(scale=0.5, **options):
    """A model with weights large enough for every token to matter."""
    return noisy(lambda: TextClassifier(V, C, **{**SMALL, **options}), scale)


def reference(model, tokens):
    """The formula of the docstring for one text without padding, place by place, in float64."""
    x, outputs = model.embedding.embeddings.numpy()[tokens], []
    for part in model.convolutions:
        kernel, bias = part.kernel.numpy(), part.bias.numpy()
        left = (len(kernel) - 1) // 2
        padded = np.pad(x, ((left, len(kernel) - 1 - left), (0, 0)))
        windows = [padded[s : s + len(kernel)] for s in range(len(x))]
        outputs.append(
            [np.maximum(np.sum(w[..., None] * kernel, (0, 1)) + bias, 0) for w in windows]
        )
    hidden = np.concatenate(outputs, axis=-1)
    kernel, bias = (weight.numpy() for weight in model.pooling.hidden_dense.weights)
    scores = np.tanh(hidden @ kernel + bias) @ model.pooling.query.numpy()
    weights = np.exp(scores) / np.exp(scores).sum()
    kernel, bias = (weight.numpy() for weight in model.output_dense.weights)
    return (weights @ hidden) @ kernel + bias, weights


def test_equals_the_formula_written_with_loops():
    model = built()
    logits, weights = model(TOKENS, return_attention_scores=True)
    for row, length in enumerate((7, 3, 1)):
        expected, expected_weights = reference(model, TOKENS[row, :length])
        # 1e-5: float32 sums of some 20 terms near 1 against another order of them.
        np.testing.assert_allclose(logits[row], expected, atol=1e-5)
        np.testing.assert_allclose(weights[row, :length], expected_weights, atol=1e-5)


def test_a_row_depends_neither_on_its_padding_nor_on_other_rows():
    model = built()
    expected = model(TOKENS)
    wider = model(np.pad(TOKENS, ((0, 0), (0, 9))))
    alone = [model(TOKENS[1:2, :3]), model(TOKENS[2:, :1])]
    # 1e-5: sums over more terms, which are 0, in another order.
    np.testing.assert_allclose(wider, expected, atol=1e-5)
    np.testing.assert_allclose(np.concatenate(alone), expected[1:], atol=1e-5)


def test_attention_weights_sum_to_one_over_the_tokens():
    model = built()
    logits, weights = model(TOKENS, return_attention_scores=True)
    assert weights.shape == (B, S) and weights.dtype == "float32"
    # 1e-6: float32 rounding of a sum of 7 terms.
    np.testing.assert_allclose(np.sum(weights, axis=1), 1.0, atol=1e-6)
    np.testing.assert_array_equal(weights.numpy()[TOKENS == 0], 0.0)
    np.testing.assert_array_equal(logits, model(TOKENS))


def test_a_text_of_padding_alone_gives_finite_logits():
    logits, weights = built()(np.zeros((1, S), "int32"), return_attention_scores=True)
    assert np.all(np.isfinite(logits))
    np.testing.assert_array_equal(weights, 0.0)


def test_gradients_reach_every_weight():
    model = built()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(TOKENS) ** 2)
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        gradient = tf.convert_to_tensor(gradient)
        assert np.all(np.isfinite(gradient)), weight.path
        assert np.any(np.abs(gradient) > 1e-6), weight.path


def test_it_learns_which_of_two_tokens_stands_in_a_text():
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    tokens, labels = rng.integers(5, V, (256, S)), rng.integers(0, 2, 256)
    places = rng.integers(0, S, 256)
    tokens[np.arange(256), places] = 3 + labels
    model = TextClassifier(V, 2, **SMALL, dropout=0.1, embedding_dropout=0.1)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.02), loss, metrics=["accuracy"])
    model.fit(tokens, labels, batch_size=32, epochs=20, verbose=0)
    assert model.evaluate(tokens, labels, verbose=0)[1] > 0.97
    weights = model(tokens, return_attention_scores=True)[1].numpy()
    # The convolutions see 3 tokens, so that the heaviest place may be a neighbour.
    near = np.abs(weights.argmax(axis=1) - places) <= 1
    assert np.mean(near) > 0.9


def test_mixed_precision_is_close_to_float32_and_its_logits_are_float32():
    exact, half = built(0.1), built(0.1, dtype="mixed_bfloat16")
    (got, weights), expected = half(TOKENS, return_attention_scores=True), exact(TOKENS)
    assert got.dtype == weights.dtype == "float32"
    # bfloat16 keeps 8 bits (0.4 %) of numbers below 1.
    np.testing.assert_allclose(got, expected, atol=0.02)
    np.testing.assert_allclose(np.sum(weights, axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize("name", ["dropout", "embedding_dropout"])
def test_dropout_is_on_in_training_alone(name):
    model = built(**{"dropout": 0.0, "embedding_dropout": 0.0, name: 0.5})
    np.testing.assert_array_equal(model(TOKENS), model(TOKENS))
    assert np.all(np.any(np.abs(model(TOKENS, training=True) - model(TOKENS)) > 1e-3, axis=-1))


LOAD = """
import sys
import keras
import numpy as np
import zoo.models
model = keras.models.load_model(sys.argv[1])
arrays = np.load(sys.argv[2])
np.testing.assert_array_equal(model(arrays["tokens"]), arrays["logits"])
print(model.name)
"""


def test_a_saved_model_gives_the_same_logits_in_a_fresh_process(tmp_path):
    model = built(name="critic")
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "x.npz", tokens=TOKENS, logits=model(TOKENS))
    command = [sys.executable, "-c", LOAD, tmp_path / "model.keras", tmp_path / "x.npz"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.stdout.strip() == "critic", run.stderr


def test_a_litert_file_gives_the_same_answers_for_any_batch_and_length():
    from ai_edge_litert.interpreter import Interpreter

    model = built()
    spec = tf.TensorSpec((None, None), tf.int32)
    function = tf.function(
        lambda tokens: model(tokens, return_attention_scores=True), input_signature=[spec]
    )
    module = tf.Module()  # the converter asks it for the weights
    module.weights = [weight.value for weight in model.weights]
    function = function.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], module)
    interpreter = Interpreter(model_content=converter.convert())
    for tokens in (TOKENS, TOKENS[1:2, :4]):
        (given,) = interpreter.get_input_details()
        interpreter.resize_tensor_input(given["index"], tokens.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(given["index"], tokens)
        interpreter.invoke()
        got = [interpreter.get_tensor(one["index"]) for one in interpreter.get_output_details()]
        logits = next(one for one in got if one.shape == (len(tokens), C))
        # 1e-5: float32 sums in another order.
        np.testing.assert_allclose(logits, model(tokens), atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_labels": 1}, "num_labels must be >= 2; got num_labels=1"),
        ({"filters": 0}, "filters must be >= 1; got filters=0"),
        ({"kernel_sizes": ()}, "kernel_sizes must be >= 1"),
        ({"kernel_sizes": (3, 0)}, "kernel_sizes must be >= 1; got kernel_sizes=0"),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        TextClassifier(**{"vocab_size": V, "num_labels": C, **SMALL, **options})
