import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.layers.attention_pooling import AttentionPooling

B, S, D, U = 3, 5, 6, 4
X = np.random.default_rng(0).normal(size=(B, S, D)).astype("float32")
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]], bool)


def built(**options):
    """A layer with weights large enough for every position to matter."""
    layer = AttentionPooling(U, **options)
    layer.build((None, None, D))
    for seed, weight in enumerate(layer.trainable_weights):
        weight.assign(np.random.default_rng(seed).normal(size=weight.shape))
    return layer


def test_two_positions_by_hand():
    layer = AttentionPooling(2)
    layer.build((1, 2, 1))
    layer.hidden_dense.kernel.assign([[1.0, 3.0]])
    layer.hidden_dense.bias.assign([1.0, 0.0])
    layer.query.assign([0.5, -1.0])
    # x = 1, -1: W x + b = (2, 3), (0, -3).
    scores = np.array([0.5 * np.tanh(2.0) - np.tanh(3.0), -np.tanh(-3.0)])
    weights = np.exp(scores) / np.exp(scores).sum()
    pooled, got = layer(np.array([[[1.0], [-1.0]]]), return_attention_scores=True)
    # 1e-6: a few float32 roundings of numbers near 1.
    np.testing.assert_allclose(got, [weights], atol=1e-6)
    np.testing.assert_allclose(pooled, [[weights[0] - weights[1]]], atol=1e-6)


def test_equals_the_formula_written_with_loops():
    layer = built()
    kernel, bias = (weight.numpy() for weight in layer.hidden_dense.weights)
    query = layer.query.numpy()
    pooled, weights = layer(X, MASK, return_attention_scores=True)
    for b in range(B - 1):
        positions = np.flatnonzero(MASK[b])
        scores = [query @ np.tanh(X[b, s] @ kernel + bias) for s in positions]
        expected = np.exp(scores) / np.sum(np.exp(scores))
        # 1e-5: float32 sums of a few terms near 1 against other orders of them.
        np.testing.assert_allclose(weights[b].numpy()[positions], expected, atol=1e-5)
        np.testing.assert_allclose(pooled[b], expected @ X[b, positions], atol=1e-5)


def test_weights_sum_to_one_over_what_counts():
    _, weights = built()(X, MASK, return_attention_scores=True)
    # 1e-6: float32 rounding of a sum of 5 terms.
    np.testing.assert_allclose(np.sum(weights, axis=1), [1, 1, 0], atol=1e-6)
    np.testing.assert_array_equal(weights.numpy()[~MASK], 0.0)


def test_a_mask_of_other_numbers_or_rows_is_refused():
    with pytest.raises(ValueError, match="mask must be bool.*got -7 in it"):
        built()(X, np.full((B, S), -7))
    with pytest.raises(ValueError, match=r"mask must have the first two axes of x; got.*\(2, 5\)"):
        built()(X, MASK[:2])


def test_padding_changes_nothing():
    layer = built()
    expected = layer(X[1:2, :2])
    wild = np.where(MASK[..., None], X, 1e4).astype("float32")
    # 1e-6: sums over more terms, which are 0.
    np.testing.assert_allclose(layer(wild, MASK)[1:2], expected, atol=1e-6)
    np.testing.assert_array_equal(layer(X, MASK.astype("int32")), layer(X, MASK))


def test_a_sequence_of_padding_alone_gives_zeros_and_finite_gradients():
    layer = built()
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        pooled = layer(x, MASK)
        loss = tf.reduce_sum(pooled**2)
    np.testing.assert_array_equal(pooled[2], 0.0)
    gradients = tape.gradient(loss, [x, *(w.value for w in layer.trainable_weights)])
    assert all(np.all(np.isfinite(gradient)) for gradient in gradients)
    np.testing.assert_array_equal(gradients[0][2], 0.0)
    assert all(np.any(gradient != 0) for gradient in gradients)


def test_the_mask_that_keras_carries_is_honoured_and_ends_here():
    ids = np.array([[4, 2, 0, 0], [1, 3, 2, 1]])
    embedding = keras.layers.Embedding(5, D, mask_zero=True)
    layer = built()
    inputs = keras.Input((None,))
    pooled = layer(embedding(inputs))
    assert pooled.shape == (None, D)
    assert layer.compute_mask(inputs, keras.KerasTensor((None, None), "bool")) is None
    got = keras.Model(inputs, pooled)(ids)
    # 1e-6: sums over more terms, which are 0.
    np.testing.assert_allclose(got[0], layer(embedding(ids[:1, :2]))[0], atol=1e-6)


def test_weights_are_float32_in_mixed_precision():
    pooled, weights = built(dtype="mixed_bfloat16")(X, MASK, return_attention_scores=True)
    assert pooled.dtype == "bfloat16" and weights.dtype == "float32"
    np.testing.assert_allclose(np.sum(weights, axis=1), [1, 1, 0], atol=1e-6)
    # bfloat16 keeps 8 bits (0.4 %) of vectors near 1, after scores of about 3.
    np.testing.assert_allclose(tf.cast(pooled, "float32"), built()(X, MASK), atol=0.05)


def test_a_functional_model_knows_the_shapes():
    x = keras.Input((None, D))
    pooled, weights = AttentionPooling(U)(x, return_attention_scores=True)
    assert pooled.shape == (None, D) and weights.shape == (None, None)
    got = keras.Model(x, [pooled, weights])(X)
    assert [tuple(one.shape) for one in got] == [(B, D), (B, S)]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((X[0],), ValueError, r"x must have rank 3 .*; got shape \(5, 6\)"),
        ((X, MASK[:, :4]), ValueError, r"first two axes of x; got mask of shape \(3, 4\)"),
        ((X, MASK[:, None]), ValueError, r"first two axes of x; got mask of shape \(3, 1, 5\)"),
        ((X, MASK.astype("float32")), TypeError, "mask must be bool.*float32"),
    ],
)
def test_bad_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        built()(*arguments)
    with pytest.raises(ValueError, match="units must be >= 1; got units=0"):
        AttentionPooling(0)
