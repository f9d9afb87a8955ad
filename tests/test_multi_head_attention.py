import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from zoo.layers import MultiHeadAttention

B, T, S, D, DV, DK, H, G, DH, OUT, K = 2, 3, 5, 8, 7, 9, 6, 3, 4, 10, 11


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def inputs():
    return normal(B, T, D), normal(B, S, DV, seed=1), normal(B, S, DK, seed=2)


def built(num_kv_heads=H, output_dim=OUT, shapes=((B, T, D), (B, S, DV), (B, S, DK)), **options):
    """A layer whose biases are not zero, so that a lost bias shows."""
    layer = MultiHeadAttention(H, DH, num_kv_heads=num_kv_heads, output_dim=output_dim, **options)
    layer.build(*shapes)
    randomise(layer)
    return layer


def self_attention(**options):
    return built(output_dim=None, shapes=((B, T, D), (B, T, D)), **options)


def randomise(layer):
    for seed, weight in enumerate(layer.weights):
        scale = 1 / np.sqrt(weight.shape[0]) if len(weight.shape) == 2 else 0.5
        weight.assign(scale * normal(*weight.shape, seed=seed))


def projections(layer):
    return [layer.query_dense, layer.key_dense, layer.value_dense, layer.output_dense]


def test_two_heads_of_width_one_by_hand():
    layer = MultiHeadAttention(2, 1, use_bias=False)
    layer.build((1, 1, 2), (1, 2, 2))
    for dense in projections(layer):
        dense.kernel.assign(np.eye(2))
    query, value = np.array([[[1.0, 1.0]]]), np.array([[[1.0, 0.0], [0.0, 2.0]]])
    output, weights = layer(query, value, return_attention_scores=True)
    # Head 1 sees the first components: scores 1, 0. Head 2 the second ones: scores 0, 2.
    w1, w2 = np.e / (np.e + 1), np.e**2 / (np.e**2 + 1)
    # 1e-6: a few float32 roundings of numbers near 1.
    np.testing.assert_allclose(weights, [[[[w1, 1 - w1]], [[1 - w2, w2]]]], atol=1e-6)
    np.testing.assert_allclose(output, [[[w1, 2 * w2]]], atol=1e-6)


def test_normalised_queries_and_keys_have_a_length_that_the_input_does_not_change():
    layer = self_attention(use_bias=False, rotary=True, qk_norm=0.0)
    queries, keys = layer.project_query(normal(B, T, D)), layer.project(normal(B, T, D))[0]
    # Before its scale, each vector of a head has a mean square of 1.
    for found, norm in ((queries, layer.query_norm), (keys, layer.key_norm)):
        square = ops.mean(ops.square(found / norm.scale), axis=-1)
        np.testing.assert_allclose(square, np.ones((B, H, T)), atol=1e-5)
    x = normal(B, T, D)
    _, weights = layer(x, x, return_attention_scores=True)
    _, of_longer = layer(7 * x, 7 * x, return_attention_scores=True)
    np.testing.assert_allclose(weights, of_longer, atol=1e-6)


@pytest.mark.parametrize("use_bias", [True, False])
def test_equals_keras_multi_head_attention(use_bias):
    ours = built(use_bias=use_bias)
    theirs = keras.layers.MultiHeadAttention(H, DH, use_bias=use_bias, output_shape=OUT)
    query, value, key = inputs()
    theirs.build(query.shape, value.shape, key.shape)
    dense = [ours.query_dense, ours.key_dense, ours.value_dense, ours.output_dense]
    weights = [w.numpy() for layer in dense for w in layer.weights]
    theirs.set_weights([w.reshape(t.shape) for w, t in zip(weights, theirs.weights, strict=True)])
    mask = np.random.default_rng(3).random((B, T, S)) < 0.6
    mask[..., 1] = True
    got = ours(query, value, key, attention_mask=mask, return_attention_scores=True)
    expected = theirs(query, value, key, attention_mask=mask, return_attention_scores=True)
    for x, y in zip(got, expected, strict=True):
        # 1e-5: float32 sums of up to 24 terms near 1 in another order.
        np.testing.assert_allclose(x, y, atol=1e-5)


def test_grouped_heads_equal_keras_group_query_attention():
    ours = self_attention(num_kv_heads=G)
    theirs = keras.layers.GroupQueryAttention(DH, H, G)
    x = normal(B, T, D)
    theirs.build(x.shape, x.shape)
    weights = [w.numpy() for layer in projections(ours) for w in layer.weights]
    theirs.set_weights([w.reshape(t.shape) for w, t in zip(weights, theirs.weights, strict=True)])
    options = {"use_causal_mask": True, "return_attention_scores": True}
    for got, expected in zip(ours(x, x, **options), theirs(x, x, **options), strict=True):
        # 1e-5: float32 sums of up to 24 terms near 1 in another order.
        np.testing.assert_allclose(got, expected, atol=1e-5)


def test_equals_torch_multi_head_attention():
    torch = pytest.importorskip("torch")
    width = H * DH
    query, value, key = normal(B, T, width), *inputs()[1:]
    ours = built(output_dim=None, shapes=(query.shape, value.shape, key.shape))
    theirs = torch.nn.MultiheadAttention(width, H, kdim=DK, vdim=DV, batch_first=True)
    kernels = [torch.tensor(layer.kernel.numpy().T) for layer in projections(ours)]
    biases = [torch.tensor(layer.bias.numpy()) for layer in projections(ours)]
    with torch.no_grad():
        names = "q_proj_weight", "k_proj_weight", "v_proj_weight"
        for name, kernel in zip(names, kernels[:3], strict=True):
            getattr(theirs, name).copy_(kernel)
        theirs.in_proj_bias.copy_(torch.cat(biases[:3]))
        theirs.out_proj.weight.copy_(kernels[3])
        theirs.out_proj.bias.copy_(biases[3])
        padding = np.array([[False] * 5, [False, False, False, True, True]])
        expected = theirs(
            *(torch.tensor(x) for x in (query, key, value)),
            key_padding_mask=torch.tensor(padding),
            average_attn_weights=False,
        )
    mask = ~padding[:, None]
    got = ours(query, value, key, attention_mask=mask, return_attention_scores=True)
    for x, y in zip(got, expected, strict=True):
        # 1e-5: float32 sums of up to 24 terms near 1 in another order.
        np.testing.assert_allclose(x, y.numpy(), atol=1e-5)


def test_equals_torch_scaled_dot_product_attention_where_projections_are_identities():
    torch = pytest.importorskip("torch")
    width = H * DH
    x, y = normal(B, T, width), normal(B, T, width, seed=1)
    layer = MultiHeadAttention(H, DH, use_bias=False)
    layer.build(x.shape, y.shape)
    for dense in projections(layer):
        dense.kernel.assign(np.eye(width))
    heads = [torch.tensor(z).reshape(B, T, H, DH).transpose(1, 2) for z in (x, y, y)]
    expected = torch.nn.functional.scaled_dot_product_attention(*heads, is_causal=True)
    expected = expected.transpose(1, 2).reshape(B, T, width).numpy()
    # 1e-5: float32 sums in another order.
    np.testing.assert_allclose(layer(x, y, use_causal_mask=True), expected, atol=1e-5)


@pytest.mark.parametrize("num_kv_heads", [H, G])
def test_masked_keys_and_values_move_nothing(num_kv_heads):
    layer = built(num_kv_heads)
    query, value, key = inputs()
    mask = np.array([[True, True, True, False, False], [True, False, True, True, False]])
    before = layer(query, value, key, mask[:, None], return_attention_scores=True)
    value[~mask], key[~mask] = 1e4, -1e4
    after = layer(query, value, key, mask[:, None], return_attention_scores=True)
    for x, y in zip(before, after, strict=True):
        np.testing.assert_array_equal(x, y)
    np.testing.assert_array_equal(ops.transpose(after[1], (0, 3, 1, 2))[~mask], 0.0)


@pytest.mark.parametrize("rotary", [False, True])
def test_later_positions_move_nothing_under_a_causal_mask(rotary):
    layer = self_attention(rotary=rotary)
    x = normal(B, S, D)
    before = ops.convert_to_numpy(layer(x, x, use_causal_mask=True))
    for position in range(1, S):
        changed = x.copy()
        changed[:, position:] += 3
        after = ops.convert_to_numpy(layer(changed, changed, use_causal_mask=True))
        np.testing.assert_array_equal(after[:, :position], before[:, :position])
        assert np.all(np.any(after[:, position] != before[:, position], -1))


def test_a_fully_masked_query_gives_the_output_bias_and_finite_gradients():
    layer = built()
    query, value, key = map(tf.constant, inputs())
    mask = np.ones((B, T, S), bool)
    mask[1, 2] = False
    with tf.GradientTape() as tape:
        tape.watch((query, value, key))
        output, weights = layer(query, value, key, mask, return_attention_scores=True)
        loss = tf.reduce_sum(output**2)
    variables = [w.value for w in layer.trainable_variables]
    gradients = tape.gradient(loss, [query, value, key, *variables])
    np.testing.assert_array_equal(weights[1, :, 2], 0.0)
    np.testing.assert_array_equal(output[1, 2], layer.output_dense.bias)
    np.testing.assert_array_equal(gradients[0][1, 2], 0.0)
    assert all(np.all(np.isfinite(g)) for g in gradients)


@pytest.mark.parametrize("num_kv_heads", [H, G])
@pytest.mark.parametrize("rotary", [False, True])
@pytest.mark.parametrize("chunks", [[1] * 5, [2, 1, 2]])
def test_a_cache_that_grows_equals_one_whole_pass(num_kv_heads, rotary, chunks):
    layer = self_attention(num_kv_heads=num_kv_heads, rotary=rotary)
    x = normal(B, S, D)
    expected = layer(x, x, use_causal_mask=True)
    cache, outputs = layer.empty_cache(B), []
    for start, length in zip(np.cumsum([0, *chunks]), chunks, strict=False):
        part = x[:, start : start + length]
        output, cache = layer(part, part, use_causal_mask=True, cache=cache)
        outputs.append(output)
    assert cache[0].shape == cache[1].shape == (B, num_kv_heads, S, DH)
    # 1e-5: the products are cut into other blocks.
    np.testing.assert_allclose(ops.concatenate(outputs, axis=1), expected, atol=1e-5)


@pytest.mark.parametrize("num_kv_heads", [H, G])
@pytest.mark.parametrize("rotary", [False, True])
@pytest.mark.parametrize("use_bias, qk_norm", [(False, None), (True, None), (True, 1e-6)])
def test_a_step_of_a_loop_equals_a_call_with_a_cache(num_kv_heads, rotary, use_bias, qk_norm):
    layer = self_attention(
        num_kv_heads=num_kv_heads, rotary=rotary, use_bias=use_bias, qk_norm=qk_norm
    )
    step, x = layer.make_decode_step(), normal(B, S, D)
    called, stepped = layer.empty_cache(B), (layer.empty_cache(B),)
    for t in range(S):
        # The first position is padding in the first row, and all are three further on.
        mask = np.ones((B, 1, t + 1), bool)
        mask[0, 0, 0] = t == 0
        options = {"attention_mask": mask, "offset": 3 + t}
        expected, called = layer(x[:, t : t + 1], x[:, t : t + 1], cache=called, **options)
        got, stepped = step(x[:, t], stepped, **options)
        # 1e-5: one product of three kernels is cut into other blocks than three products.
        np.testing.assert_allclose(got, expected[:, 0], atol=1e-5)
    for ours, theirs in zip(stepped[0], called, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("num_kv_heads", [H, G])
def test_a_step_appends_to_the_last_part_of_its_cache(num_kv_heads):
    layer = self_attention(num_kv_heads=num_kv_heads, rotary=True)
    step, x = layer.make_decode_step(), normal(B, S, D)
    whole = (layer.empty_cache(B),)
    for t in range(3):
        _, whole = step(x[:, t], whole)
    parts = (*whole, layer.empty_cache(B))
    for t in range(3, S):
        mask = np.ones((B, 1, t + 1), bool)
        mask[0, 0, [1, t - 1]] = False  # in either part
        expected, whole = step(x[:, t], whole, attention_mask=mask)
        got, parts = step(x[:, t], parts, attention_mask=mask)
        # 1e-5: the sums are cut in two.
        np.testing.assert_allclose(got, expected, atol=1e-5)
    for kind in (0, 1):
        together = ops.concatenate([parts[0][kind], parts[1][kind]], axis=2)
        np.testing.assert_allclose(together, whole[0][kind], atol=1e-5)
    assert parts[0][0].shape[2] == 3


@pytest.mark.parametrize("num_kv_heads", [H, G])
@pytest.mark.parametrize("length", [1, T])
def test_beams_as_rows_of_projected_keys_equal_repeated_sources(num_kv_heads, length):
    layer = built(num_kv_heads)
    _, value, key = inputs()
    query = normal(B * K, length, D)
    mask = np.array([[True, True, True, True, False], [True, True, False, False, False]])[:, None]
    cache = layer.project(value, key)
    output, weights, same = layer(
        query, attention_mask=mask, cache=cache, return_attention_scores=True
    )
    repeated = [np.repeat(x, K, axis=0) for x in (value, key, mask)]
    expected, expected_weights = layer(query, *repeated, return_attention_scores=True)
    # 1e-5: the products are cut into other blocks.
    np.testing.assert_allclose(output, expected, atol=1e-5)
    by_beam = ops.reshape(weights, (B, H, K, length, S))
    by_beam = ops.reshape(ops.transpose(by_beam, (0, 2, 1, 3, 4)), (B * K, H, length, S))
    np.testing.assert_allclose(by_beam, expected_weights, atol=1e-5)
    assert same[0] is cache[0] and same[1] is cache[1]


def test_every_axis_may_be_unknown():
    layer = self_attention(num_kv_heads=G, rotary=True)
    x = normal(B, T, D)
    traced = tf.function(
        lambda x: layer(x, x, use_causal_mask=True),
        input_signature=[tf.TensorSpec((None, None, D))],
    )
    # 1e-6: the same products, perhaps fused.
    np.testing.assert_allclose(traced(x), layer(x, x, use_causal_mask=True), atol=1e-6)


# bfloat16 keeps 8 bits and float16 11, through three sums of numbers up to 3.
@pytest.mark.parametrize(("dtype", "atol"), [("bfloat16", 0.06), ("float16", 0.008)])
def test_half_precision_is_close_to_float32(dtype, atol):
    exact, half = built(num_kv_heads=G), built(num_kv_heads=G, dtype=f"mixed_{dtype}")
    query, value, key = inputs()
    expected = exact(query, value, key)
    output, weights = half(query, value, key, return_attention_scores=True)
    assert output.dtype == weights.dtype == dtype
    assert half.query_dense.kernel.dtype == "float32"
    np.testing.assert_allclose(ops.cast(output, "float32"), expected, atol=atol)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_the_softmax_is_taken_in_float32(dtype, monkeypatch):
    seen = []
    softmax = ops.softmax
    monkeypatch.setattr(ops, "softmax", lambda x: seen.append(x.dtype) or softmax(x))
    built(dtype=f"mixed_{dtype}")(*inputs())
    assert seen == ["float32"]


def test_gradient_equals_the_numerical_gradient():
    layer = MultiHeadAttention(2, 2, num_kv_heads=1, rotary=True)
    layer.build((1, 3, 4), (1, 3, 4))
    randomise(layer)
    target = normal(1, 3, 4, seed=9)
    # 2e-3: central differences with a step of 1e-2 (error 1e-4) of a float32 loss (1e-7 / 1e-2).
    theoretical, numerical = tf.test.compute_gradient(
        lambda x: tf.reduce_sum(layer(x, x, use_causal_mask=True) * target),
        [tf.constant(normal(1, 3, 4))],
        delta=1e-2,
    )
    np.testing.assert_allclose(theoretical[0], numerical[0], atol=2e-3)


def test_dropout_works_on_the_weights_in_training_alone():
    layer = self_attention(dropout=0.5)
    x = normal(B, T, D)
    inferred = layer(x, x)
    trained, weights = layer(x, x, return_attention_scores=True, training=True)
    # 1e-5: float32 roundings of a sum of 3 terms; the weights are those before dropout.
    np.testing.assert_allclose(ops.sum(weights, -1), 1.0, atol=1e-5)
    assert np.any(np.abs(trained - inferred) > 1e-3)
    np.testing.assert_array_equal(layer(x, x), inferred)


def test_a_saved_functional_model_comes_back_with_every_argument(tmp_path):
    options = {
        "num_heads": H,
        "key_dim": DH,
        "num_kv_heads": G,
        "output_dim": OUT,
        "dropout": 0.25,
        "use_bias": False,
        "rotary": True,
        "qk_norm": 1e-5,
    }
    layer = MultiHeadAttention(**options, name="attend")
    x = keras.Input((None, D))
    model = keras.Model(x, layer(x, x))
    assert model.output.shape == (None, None, OUT)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    config = loaded.get_layer("attend").get_config()
    assert {name: config[name] for name in options} == options
    batch = normal(B, T, D)
    np.testing.assert_array_equal(loaded(batch), model(batch))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_heads": 0}, "num_heads must be >= 1; got num_heads=0"),
        ({"key_dim": 0}, "key_dim must be >= 1; got key_dim=0"),
        ({"num_kv_heads": 0}, "num_kv_heads must be >= 1; got num_kv_heads=0"),
        ({"num_kv_heads": 4}, "must divide num_heads; got num_kv_heads=4, num_heads=6"),
        ({"key_dim": 5, "rotary": True}, "key_dim must be even with rotary=True; got key_dim=5"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        MultiHeadAttention(**{"num_heads": H, "key_dim": DH, **arguments})


def test_a_call_without_value_and_cache_is_named():
    with pytest.raises(ValueError, match="value must be given where there is no cache"):
        built()(normal(B, T, D))
