import inspect
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from zoo.layers import additive_attention
from zoo.layers.additive_attention import AdditiveAttention

B, T, S, DQ, DV, DK, U, K = 2, 3, 5, 4, 7, 6, 9, 8
PATHS = {"at_once": 2**22, "by_unit": 0}


@pytest.fixture(params=PATHS)
def path(request, monkeypatch):
    """Run the test with all units at once, then with one unit at a time."""
    monkeypatch.setattr(additive_attention, "MAX_TERMS", PATHS[request.param])


def inputs(seed=0, rows=B):
    rng = np.random.default_rng(seed)
    shapes = (rows, T, DQ), (B, S, DV), (B, S, DK)
    return [rng.normal(size=shape).astype("float32") for shape in shapes]


def set_weights(layer, query_kernel, key_kernel, scale):
    layer.query_dense.kernel.assign(query_kernel)
    layer.key_dense.kernel.assign(key_kernel)
    layer.scale.assign(scale)


def reference(layer, query, value, key, mask=None):
    """The formula, a pair at a time, in float64."""
    w_q, w_k = layer.query_dense.kernel.numpy(), layer.key_dense.kernel.numpy()
    bias = layer.key_dense.bias.numpy() if layer.use_bias else 0
    weights = np.zeros((len(query), T, S))
    for b, t in np.ndindex(len(query), T):
        allowed = [s for s in range(S) if mask is None or mask[b, t, s]]
        scores = [
            layer.scale.numpy() @ np.tanh(query[b, t] @ w_q + key[b, s] @ w_k + bias)
            for s in allowed
        ]
        weights[b, t, allowed] = np.exp(scores) / np.sum(np.exp(scores))
    return weights @ value, weights


def test_one_query_and_two_keys_by_hand(path):
    layer = AdditiveAttention(2)
    layer.build((1, 1, 1), (1, 2, 1))
    set_weights(layer, [[2.0, 0.0]], [[1.0, 3.0]], [0.5, -1.0])
    # q = 0.5: W_q q = (1, 0). k = 1, -1: W_k k = (1, 3), (-1, -3).
    scores = np.array([0.5 * np.tanh(2.0) - np.tanh(3.0), 0.5 * np.tanh(0.0) - np.tanh(-3.0)])
    weights = np.exp(scores) / np.exp(scores).sum()
    context, got = layer(
        np.array([[[0.5]]]), np.array([[[1.0], [-1.0]]]), return_attention_scores=True
    )
    # 1e-6: a few float32 roundings of numbers near 1.
    np.testing.assert_allclose(got, weights[None, None], atol=1e-6)
    np.testing.assert_allclose(context, [[[weights[0] - weights[1]]]], atol=1e-6)


@pytest.mark.parametrize("use_bias", [False, True])
def test_equals_the_formula_written_with_loops(path, use_bias):
    layer = AdditiveAttention(U, use_bias=use_bias)
    query, value, key = inputs()
    layer.build(query.shape, value.shape, key.shape)
    if use_bias:
        layer.key_dense.bias.assign(np.linspace(-1, 1, U))
    mask = np.random.default_rng(1).random((B, T, S)) < 0.6
    mask[..., 2] = True
    context, weights = layer(query, value, key, mask, return_attention_scores=True)
    expected_context, expected_weights = reference(layer, query, value, key, mask)
    # 1e-5: float32 sums of up to 9 terms near 1 against float64.
    np.testing.assert_allclose(weights, expected_weights, atol=1e-5)
    np.testing.assert_allclose(context, expected_context, atol=1e-5)
    np.testing.assert_allclose(ops.sum(weights, -1), 1.0, atol=1e-5)


def test_equals_keras_additive_attention_where_projections_are_identities(path):
    query = inputs()[1][:, :T]
    value = inputs(1)[1]
    ours, theirs = AdditiveAttention(DV), keras.layers.AdditiveAttention()
    ours.build(query.shape, value.shape)
    theirs.build([query.shape, value.shape])
    scale = np.linspace(-2, 2, DV)
    set_weights(ours, np.eye(DV), np.eye(DV), scale)
    theirs.set_weights([scale])
    # 1e-5: the two sum seven float32 terms in different orders.
    np.testing.assert_allclose(ours(query, value), theirs([query, value]), atol=1e-5)


def test_both_paths_have_the_same_values_and_gradients(monkeypatch):
    layer = AdditiveAttention(U, use_bias=True)
    query, value, key = map(tf.constant, inputs())
    layer.build(query.shape, value.shape, key.shape)
    target = np.random.default_rng(2).normal(size=(B, T, DV)).astype("float32")

    def run():
        with tf.GradientTape() as tape:
            tape.watch((query, value, key))
            context = layer(query, value, key, use_causal_mask=True)
            loss = tf.reduce_sum(context * target)
        weights = [w.value for w in layer.trainable_variables]
        return [context, *tape.gradient(loss, [query, value, key, *weights])]

    results = []
    for limit in PATHS.values():
        monkeypatch.setattr(additive_attention, "MAX_TERMS", limit)
        results.append(run())
        results.append(tf.function(run)())
    for other in results[1:]:
        for got, expected in zip(other, results[0], strict=True):
            assert np.any(expected != 0)
            # 1e-5: float32 sums in another order.
            np.testing.assert_allclose(got, expected, atol=1e-5)


def test_gradient_equals_the_numerical_gradient(path):
    layer = AdditiveAttention(3)
    rng = np.random.default_rng(3)
    arrays = [rng.normal(size=shape) for shape in ((1, 2, 2), (1, 4, 2))]
    layer.build(*(a.shape for a in arrays))
    target = rng.normal(size=(1, 2, 2)).astype("float32")

    def loss(query, value):
        return tf.reduce_sum(layer(query, value) * target)

    # 2e-3: central differences with a step of 1e-2 (error 1e-4) of a float32 loss (1e-7 / 1e-2).
    theoretical, numerical = tf.test.compute_gradient(
        loss, [tf.constant(a, "float32") for a in arrays], delta=1e-2
    )
    for got, expected in zip(theoretical, numerical, strict=True):
        np.testing.assert_allclose(got, expected, atol=2e-3)


def test_masked_keys_and_values_move_nothing(path):
    layer = AdditiveAttention(U)
    query, value, key = inputs()
    mask = np.array([[True, True, True, False, False], [True, False, True, True, False]])
    before = layer(query, value, key, mask[:, None], return_attention_scores=True)
    value[~mask], key[~mask] = 1e4, -1e4
    after = layer(query, value, key, mask[:, None], return_attention_scores=True)
    for x, y in zip(before, after, strict=True):
        np.testing.assert_array_equal(x, y)
    np.testing.assert_array_equal(ops.transpose(after[1], (0, 2, 1))[~mask], 0.0)


def test_later_positions_move_nothing_under_a_causal_mask(path):
    layer = AdditiveAttention(U)
    x = inputs()[1]
    before = ops.convert_to_numpy(layer(x, x, use_causal_mask=True))
    for position in range(1, S):
        changed = x.copy()
        changed[:, position:] += 3
        after = ops.convert_to_numpy(layer(changed, changed, use_causal_mask=True))
        np.testing.assert_array_equal(after[:, :position], before[:, :position])
        assert np.all(np.any(after[:, position] != before[:, position], -1))


def test_a_fully_masked_query_gives_zeros_and_finite_gradients(path):
    layer = AdditiveAttention(U)
    query, value, key = map(tf.constant, inputs())
    mask = np.ones((B, T, S), bool)
    mask[1, 2] = False
    with tf.GradientTape() as tape:
        tape.watch((query, value, key))
        context, weights = layer(query, value, key, mask, return_attention_scores=True)
        loss = tf.reduce_sum(context**2)
    gradients = tape.gradient(loss, [query, value, key])
    np.testing.assert_array_equal(context[1, 2], 0.0)
    np.testing.assert_array_equal(weights[1, 2], 0.0)
    np.testing.assert_array_equal(gradients[0][1, 2], 0.0)
    assert all(np.all(np.isfinite(g)) for g in gradients)


def test_beams_as_rows_equal_repeated_sources(path):
    layer = AdditiveAttention(U)
    query, value, key = inputs(rows=B * K)
    mask = np.array([[True, True, True, True, False], [True, True, False, False, False]])[:, None]
    got = layer(query, value, key, mask, return_attention_scores=True)
    repeated = [np.repeat(x, K, axis=0) for x in (value, key, mask)]
    expected = layer(query, *repeated, return_attention_scores=True)
    for x, y in zip(got, expected, strict=True):
        assert x.shape == y.shape
        # 1e-6: the products are cut into other blocks.
        np.testing.assert_allclose(x, y, atol=1e-6)


def test_projected_keys_stand_for_keys(path):
    layer = AdditiveAttention(U, use_bias=True)
    query, value, key = inputs(rows=B * K)
    expected = layer(query, value, key)
    projected = layer.project_key(key)
    assert projected.shape == (B, S, U)
    np.testing.assert_array_equal(layer(query, value, projected_key=projected), expected)


def test_every_axis_may_be_unknown(monkeypatch):
    monkeypatch.setattr(additive_attention, "MAX_TERMS", B * T * S * U)
    layer = AdditiveAttention(U)
    query, value, _ = inputs()
    layer.build(query.shape, value.shape)

    @tf.function(
        autograph=False,
        input_signature=[
            tf.TensorSpec((None, None, DQ)),
            tf.TensorSpec((None, None, DV)),
            tf.TensorSpec((None, 1, None), "bool"),
        ],
    )
    def traced(query, value, mask):
        with tf.GradientTape() as tape:
            tape.watch(query)
            context, weights = layer(
                query, value, attention_mask=mask, return_attention_scores=True
            )
            loss = tf.reduce_sum(context**2)
        return context, weights, tape.gradient(loss, query)

    mask = np.ones((B, 1, S), bool)
    mask[1, 0, 3:] = False
    for rows in (B, B * K):  # all units at once, then one at a time
        query = inputs(rows=rows)[0]
        context, weights, gradient = traced(query, value, mask)
        expected = layer(query, value, attention_mask=mask, return_attention_scores=True)
        # 1e-5: float32 sums in another order.
        np.testing.assert_allclose(context, expected[0], atol=1e-5)
        np.testing.assert_allclose(weights, expected[1], atol=1e-5)
        assert np.all(np.isfinite(gradient)) and np.any(gradient[-1] != 0)


def test_dropout_works_on_the_weights_in_training_alone():
    layer = AdditiveAttention(U, dropout=0.5)
    query, value, key = inputs()
    value = np.ones_like(value)
    context, weights = layer(query, value, key, return_attention_scores=True, training=True)
    # 1e-5: the kept weights are doubled, and with them what float32 rounds.
    np.testing.assert_allclose(ops.sum(weights, -1), 1.0, atol=1e-5)
    assert np.any(np.abs(ops.convert_to_numpy(context) - 1.0) > 1e-2)
    np.testing.assert_allclose(layer(query, value, key), 1.0, atol=1e-5)


def test_mixed_precision_is_close_to_float32(path):
    exact = AdditiveAttention(U, use_bias=True)
    half = AdditiveAttention(U, use_bias=True, dtype="mixed_bfloat16")
    arrays = inputs()
    expected = exact(*arrays)
    half.build(*(a.shape for a in arrays))
    half.set_weights(exact.get_weights())
    context, weights = half(*arrays, return_attention_scores=True)
    assert context.dtype == weights.dtype == "bfloat16"
    assert half.scale.dtype == "float32"
    # 0.05: bfloat16 keeps 8 bits (0.4 %), through three sums of numbers up to 3.
    np.testing.assert_allclose(ops.cast(context, "float32"), expected, atol=0.05)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.cast(half(*arrays), "float32") ** 2)
    for gradient in tape.gradient(loss, [w.value for w in half.trainable_variables]):
        assert gradient.dtype == "float32" and np.all(np.isfinite(gradient))


def test_a_saved_functional_model_comes_back_with_every_argument(tmp_path):
    layer = AdditiveAttention(U, use_bias=True, dropout=0.25, name="attend")
    query, value, key = keras.Input((T, DQ)), keras.Input((None, DV)), keras.Input((None, DK))
    mask = keras.Input((1, None), dtype="bool")
    outputs = layer(query, value, key, mask, return_attention_scores=True)
    assert [x.shape for x in outputs] == [(None, T, DV), (None, T, None)]
    model = keras.Model([query, value, key, mask], outputs)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")

    config = loaded.get_layer("attend").get_config()
    arguments = set(inspect.signature(AdditiveAttention.__init__).parameters) - {"self", "kwargs"}
    assert {name: config[name] for name in arguments} == {
        "units": U,
        "use_bias": True,
        "dropout": 0.25,
    }
    batch = [*inputs(), np.array([[[True] * 4 + [False]], [[True] * 5]])]
    for x, y in zip(model(batch), loaded(batch), strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"units": 0}, "units must be >= 1; got units=0"),
        ({"units": 3, "dropout": 1.0}, r"dropout must be in \[0, 1\); got dropout=1.0"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        AdditiveAttention(**arguments)


@pytest.mark.parametrize(
    ("shapes", "mask", "causal", "message"),
    [
        (((2, 4), (2, 5, 7)), None, False, "query must have rank 3"),
        (((2, 3, 4), (2, 5, 7), (2, 6, 7)), None, False, "key must have the length of value"),
        (((3, 3, 4), (2, 5, 7)), None, False, "multiple of the rows of value"),
        (((2, 3, 4), (2, 5, 7)), (2, 5), False, "attention_mask must have shape"),
        (((2, 3, 4), (2, 5, 7)), (2, 3, 4), False, "attention_mask must have shape"),
        (((4, 3, 4), (2, 5, 7)), (4, 3, 5), False, "attention_mask must have shape"),
        (((4, 3, 4), (2, 5, 7)), None, True, "use_causal_mask needs as many rows"),
    ],
)
def test_shapes_that_do_not_fit_are_named(shapes, mask, causal, message):
    arrays = [np.zeros(shape, "float32") for shape in shapes]
    mask = None if mask is None else np.ones(mask, bool)
    with pytest.raises(ValueError, match=message):
        AdditiveAttention(U)(*arrays, attention_mask=mask, use_causal_mask=causal)


PEAK = """
import resource
import numpy as np
import tensorflow as tf
from zoo.layers.additive_attention import AdditiveAttention

x = tf.constant(np.random.default_rng(0).normal(size=(16, 256, 256)).astype("float32"))
layer = AdditiveAttention(256)
layer.build(x.shape, x.shape)

@tf.function(autograph=False, input_signature=[tf.TensorSpec((None, None, 256))])
def step(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(layer(x, x) ** 2)
    return tape.gradient(loss, x)

step(x[:, :4])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert np.any(step(x) != 0)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kB on Linux alone")
def test_memory_stays_far_below_all_terms_at_once():
    """B=16, T=S=U=256: all terms at once are 1.1 GB, and three times that with gradients."""
    run = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 400e6
