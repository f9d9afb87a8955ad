import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from zoo.layers.additive_attention import AdditiveAttention
from zoo.layers.dot_product_attention import SCORES, DotProductAttention

B, T, S, D, DV, U, K = 2, 3, 5, 4, 7, 9, 8


def inputs(seed=0, rows=B):
    rng = np.random.default_rng(seed)
    shapes = (rows, T, D), (B, S, DV), (B, S, D)
    return [rng.normal(size=shape).astype("float32") for shape in shapes]


def built(score, **kwargs):
    layer = DotProductAttention(score, **kwargs)
    layer.build(*(x.shape for x in inputs()))
    return layer


def softmax(scores):
    return np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)


Q, KEYS, VALUES = [[[1.0, 2.0]]], [[[3.0, 0.0], [1.0, 1.5]]], [[[1.0], [-1.0]]]


@pytest.mark.parametrize(
    ("score", "kernel", "expected"),
    [
        ("dot", None, [3.0, 4.0]),
        ("scaled", None, [3.0 / 2**0.5, 4.0 / 2**0.5]),
        # W k = (k_2, k_1 - k_2): (0, 3) and (1.5, -0.5).
        ("general", [[0.0, 1.0], [1.0, -1.0]], [6.0, 0.5]),
    ],
)
def test_one_query_and_two_keys_by_hand(score, kernel, expected):
    layer = DotProductAttention(score)
    layer.build((1, 1, 2), (1, 2, 1), (1, 2, 2))
    if kernel:
        layer.key_dense.kernel.assign(kernel)
    q, keys, values = (np.array(x, "float32") for x in (Q, KEYS, VALUES))
    context, weights = layer(q, values, keys, return_attention_scores=True)
    first, second = softmax(np.array(expected))
    # 1e-6: a few float32 roundings of numbers near 1.
    np.testing.assert_allclose(weights, [[[first, second]]], atol=1e-6)
    np.testing.assert_allclose(context, [[[first - second]]], atol=1e-6)


def test_concat_by_hand():
    layer = DotProductAttention("concat", units=1)
    layer.build((1, 1, 2), (1, 2, 1), (1, 2, 2))
    layer.additive.query_dense.kernel.assign([[1.0], [-1.0]])
    layer.additive.key_dense.kernel.assign([[0.5], [2.0]])
    layer.additive.scale.assign([3.0])
    q, keys, values = (np.array(x, "float32") for x in (Q, KEYS, VALUES))
    _, weights = layer(q, values, keys, return_attention_scores=True)
    # W [q; k] = 1 - 2 + 1.5 and 1 - 2 + 0.5 + 3.
    expected = softmax(3 * np.tanh([0.5, 2.5]))
    # 1e-6: a few float32 roundings of numbers near 1.
    np.testing.assert_allclose(weights, [[expected]], atol=1e-6)


@pytest.mark.parametrize("score", ["dot", "scaled", "general"])
def test_equals_numpy_in_float64(score):
    layer = built(score)
    query, value, key = inputs()
    scores = np.zeros((B, T, S))
    kernel = layer.key_dense.kernel.numpy().T if score == "general" else np.eye(D)
    for b, t, s in np.ndindex(B, T, S):
        scores[b, t, s] = query[b, t].astype("float64") @ kernel @ key[b, s]
    expected = softmax(scores / np.sqrt(D) if score == "scaled" else scores)
    context, weights = layer(query, value, key, return_attention_scores=True)
    # 1e-5: float32 products of numbers up to 10 against float64.
    np.testing.assert_allclose(weights, expected, atol=1e-5)
    np.testing.assert_allclose(context, expected @ value, atol=1e-5)
    np.testing.assert_allclose(ops.sum(weights, -1), 1.0, atol=1e-5)


def test_dot_equals_keras_attention_under_masks():
    arrays = query, value, key = inputs()
    padding = np.array([[True] * 4 + [False], [True] * 2 + [False] * 3])
    got = DotProductAttention("dot")(
        *arrays, padding[:, None], use_causal_mask=True, return_attention_scores=True
    )
    expected = keras.layers.Attention()(
        [query, value, key],
        mask=[None, padding],
        use_causal_mask=True,
        return_attention_scores=True,
    )
    for x, y in zip(got, expected, strict=True):
        # 1e-5: float32 products of numbers up to 10.
        np.testing.assert_allclose(x, y, atol=1e-5)


def test_concat_is_additive_attention():
    arrays = inputs()
    concat, additive = built("concat", units=U), AdditiveAttention(U)
    additive.build(*(x.shape for x in arrays))
    additive.set_weights(concat.additive.get_weights())
    np.testing.assert_array_equal(concat(*arrays), additive(*arrays))


@pytest.mark.parametrize("score", SCORES)
def test_gradient_equals_the_numerical_gradient(score):
    layer = DotProductAttention(score)
    rng = np.random.default_rng(3)
    query, value = (tf.constant(rng.normal(size=s), "float32") for s in ((1, 2, 3), (1, 4, 3)))
    layer.build(query.shape, value.shape)
    target = rng.normal(size=query.shape).astype("float32")
    theoretical, numerical = tf.test.compute_gradient(
        lambda *arrays: tf.reduce_sum(layer(*arrays) * target), [query, value], delta=1e-2
    )
    for got, expected in zip(theoretical, numerical, strict=True):
        # 5e-3: central differences with a step of 1e-2 of a float32 loss with steep softmaxes.
        np.testing.assert_allclose(got, expected, atol=5e-3)


@pytest.mark.parametrize("score", SCORES)
def test_masked_keys_and_values_move_nothing(score):
    layer = built(score)
    query, value, key = inputs()
    mask = np.array([[True, True, True, False, False], [True, False, True, True, False]])
    before = layer(query, value, key, mask[:, None], return_attention_scores=True)
    value[~mask], key[~mask] = 1e4, -1e4
    after = layer(query, value, key, mask[:, None], return_attention_scores=True)
    for x, y in zip(before, after, strict=True):
        np.testing.assert_array_equal(x, y)
    np.testing.assert_array_equal(ops.transpose(after[1], (0, 2, 1))[~mask], 0.0)


@pytest.mark.parametrize("score", SCORES)
def test_later_positions_move_nothing_under_a_causal_mask(score):
    layer = DotProductAttention(score)
    x = inputs()[2]
    before = ops.convert_to_numpy(layer(x, x, use_causal_mask=True))
    for position in range(1, S):
        changed = x.copy()
        changed[:, position:] += 3
        after = ops.convert_to_numpy(layer(changed, changed, use_causal_mask=True))
        np.testing.assert_array_equal(after[:, :position], before[:, :position])
        assert np.all(np.any(after[:, position] != before[:, position], -1))


@pytest.mark.parametrize("score", SCORES)
def test_a_fully_masked_query_gives_zeros_and_finite_gradients(score):
    layer = built(score)
    arrays = [tf.constant(x) for x in inputs()]
    mask = np.ones((B, T, S), bool)
    mask[1, 2] = False
    with tf.GradientTape() as tape:
        tape.watch(arrays)
        context, weights = layer(*arrays, mask, return_attention_scores=True)
        loss = tf.reduce_sum(context**2)
    gradients = tape.gradient(loss, arrays)
    np.testing.assert_array_equal(context[1, 2], 0.0)
    np.testing.assert_array_equal(weights[1, 2], 0.0)
    np.testing.assert_array_equal(gradients[0][1, 2], 0.0)
    assert all(np.all(np.isfinite(g)) for g in gradients)


@pytest.mark.parametrize("score", SCORES)
def test_beams_as_rows_equal_repeated_sources(score):
    layer = built(score)
    query, value, key = inputs(rows=B * K)
    mask = np.array([[True, True, True, True, False], [True, True, False, False, False]])[:, None]
    got = layer(query, value, key, mask, return_attention_scores=True)
    repeated = [np.repeat(x, K, axis=0) for x in (value, key, mask)]
    expected = layer(query, *repeated, return_attention_scores=True)
    for x, y in zip(got, expected, strict=True):
        assert x.shape == y.shape
        # 1e-5: the products are cut into other blocks, the scores go up to 10.
        np.testing.assert_allclose(x, y, atol=1e-5)


@pytest.mark.parametrize("score", SCORES)
def test_projected_keys_stand_for_keys_of_any_width(score):
    layer = built(score, **({"units": U} if score == "concat" else {}))
    query, value, key = inputs(rows=B * K)
    expected = layer(query, value, key)
    projected = layer.project_key(key)
    np.testing.assert_array_equal(layer(query, value, projected_key=projected), expected)


@pytest.mark.parametrize("score", SCORES)
def test_mixed_precision_is_close_to_float32_with_a_float32_softmax(score):
    exact, half = built(score), built(score, dtype="mixed_bfloat16")
    half.set_weights(exact.get_weights())
    arrays = inputs()
    expected, expected_weights = exact(*arrays, return_attention_scores=True)
    context, weights = half(*arrays, return_attention_scores=True)
    assert context.dtype == weights.dtype == "bfloat16"
    # 0.1: scores up to 10 keep 8 bits, an error of 0.03 in the exponent, times values up to 3.
    np.testing.assert_allclose(ops.cast(context, "float32"), expected, atol=0.1)
    np.testing.assert_allclose(ops.cast(weights, "float32"), expected_weights, atol=0.05)


@pytest.mark.parametrize("score", SCORES)
def test_a_saved_functional_model_comes_back_with_every_argument(score, tmp_path):
    given = {"score": score, "units": U if score == "concat" else None, "dropout": 0.25}
    layer = DotProductAttention(**given, name="attend")
    query, value, key = keras.Input((T, D)), keras.Input((None, DV)), keras.Input((None, D))
    mask = keras.Input((1, None), dtype="bool")
    outputs = layer(query, value, key, mask, return_attention_scores=True)
    assert [x.shape for x in outputs] == [(None, T, DV), (None, T, None)]
    model = keras.Model([query, value, key, mask], outputs)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")

    config = loaded.get_layer("attend").get_config()
    assert set(given) == set(inspect.signature(DotProductAttention.__init__).parameters) - {
        "self",
        "kwargs",
    }
    assert {name: config[name] for name in given} == given
    batch = [*inputs(), np.array([[[True] * 4 + [False]], [[True] * 5]])]
    for x, y in zip(model(batch), loaded(batch), strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"score": "cosine"}, "score must be one of .*; got score='cosine'"),
        ({"score": "concat", "units": 0}, "units must be >= 1.*got units=0"),
        ({"score": "dot", "units": 8}, "only with score='concat'; got units=8, score='dot'"),
        ({"dropout": -0.1}, r"dropout must be in \[0, 1\); got dropout=-0.1"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        DotProductAttention(**arguments)


@pytest.mark.parametrize("score", ["dot", "scaled"])
def test_query_and_key_of_different_widths_are_named(score):
    message = r"same width.*got query of shape \(2, 3, 4\), key of shape \(2, 5, 7\)"
    with pytest.raises(ValueError, match=message):
        DotProductAttention(score)(np.zeros((2, 3, 4)), np.zeros((2, 5, 7)))
