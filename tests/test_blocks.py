import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from zoo.layers import DecoderBlock, EncoderBlock, FeedForward

B, T, S, D, H, G, FF, K = 2, 3, 5, 8, 4, 2, 11, 7


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def built(block):
    """The block with no weight at its first value, so that norms and biases take part."""
    block.build((B, T, D))
    for seed, weight in enumerate(block.weights):
        if "seed_generator" not in weight.path:
            weight.assign(0.5 * normal(*weight.shape, seed=seed))
    return block


def layer_norm(x, layer):
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)
    return x * layer.gamma.numpy() + layer.beta.numpy()


def test_feed_forward_is_two_products_with_a_relu_between():
    layer = built(FeedForward(FF))
    w1, b1, w2, b2 = (w.numpy() for w in layer.trainable_weights)
    x = normal(B, T, D)
    # 1e-5: float32 sums of up to 11 terms near 1 in another order.
    np.testing.assert_allclose(layer(x), np.maximum(x @ w1 + b1, 0) @ w2 + b2, atol=1e-5)


def test_encoder_block_adds_each_sublayer_of_the_normed_input():
    block, x = built(EncoderBlock(H, FF, num_kv_heads=G)), normal(B, S, D)
    mask = np.array([[True] * 5, [True] * 3 + [False] * 2])[:, None]
    normed = layer_norm(x, block.attention_norm)
    attended, weights = block.attention(
        normed, normed, attention_mask=mask, return_attention_scores=True
    )
    expected = x + attended.numpy()
    expected += block.feed_forward(layer_norm(expected, block.feed_forward_norm)).numpy()
    got, got_weights = block(x, attention_mask=mask, return_attention_scores=True)
    # 1e-5: float32 norms and sums in another order.
    np.testing.assert_allclose(got, expected, atol=1e-5)
    np.testing.assert_allclose(got_weights, weights, atol=1e-5)
    np.testing.assert_array_equal(got, block(x, attention_mask=mask))


def test_decoder_block_adds_each_sublayer_of_the_normed_input():
    block, x, memory = built(DecoderBlock(H, FF)), normal(B, T, D), normal(B, S, D, seed=1)
    mask = np.array([[True] * 5, [True] * 3 + [False] * 2])[:, None]
    normed = layer_norm(x, block.self_attention_norm)
    expected = x + block.self_attention(normed, normed, use_causal_mask=True).numpy()
    normed = layer_norm(expected, block.memory_attention_norm)
    attended, weights = block.memory_attention(
        normed, memory, attention_mask=mask, return_attention_scores=True
    )
    expected = expected + attended.numpy()
    expected += block.feed_forward(layer_norm(expected, block.feed_forward_norm)).numpy()
    got, got_weights = block(x, memory, memory_mask=mask, return_attention_scores=True)
    # 1e-5: float32 norms and sums in another order.
    np.testing.assert_allclose(got, expected, atol=1e-5)
    np.testing.assert_allclose(got_weights, weights, atol=1e-5)


def test_parallel_block_reads_its_input_twice():
    block, x = built(DecoderBlock(H, FF, cross_attention=False, parallel=True)), normal(B, T, D)
    normed = layer_norm(x, block.self_attention_norm)
    expected = x + block.self_attention(normed, normed, use_causal_mask=True).numpy()
    expected += block.feed_forward(layer_norm(x, block.feed_forward_norm)).numpy()
    # 1e-5: float32 norms and sums in another order.
    np.testing.assert_allclose(block(x), expected, atol=1e-5)


def test_padding_of_the_source_moves_no_token_in_an_encoder_block():
    block, x = built(EncoderBlock(H, FF)), normal(B, S, D)
    mask = np.array([[True] * 5, [True] * 3 + [False] * 2])
    before = block(x, attention_mask=mask[:, None]).numpy()
    x[~mask] = 1e3
    after = block(x, attention_mask=mask[:, None]).numpy()
    np.testing.assert_array_equal(after[mask], before[mask])


def test_padding_of_the_memory_moves_nothing_in_a_decoder_block():
    block, x, memory = built(DecoderBlock(H, FF)), normal(B, T, D), normal(B, S, D, seed=1)
    mask = np.array([[True] * 5, [True] * 3 + [False] * 2])
    before = block(x, memory, memory_mask=mask[:, None])
    memory[~mask] = 1e3
    np.testing.assert_array_equal(block(x, memory, memory_mask=mask[:, None]), before)
    assert np.any(block(x, memory) != before)


@pytest.mark.parametrize("cross_attention", [True, False])
def test_later_positions_move_nothing_in_a_decoder_block(cross_attention):
    block = built(DecoderBlock(H, FF, cross_attention=cross_attention))
    x, memory = normal(B, T, D), normal(B, S, D, seed=1) if cross_attention else None
    before = block(x, memory).numpy()
    for position in range(1, T):
        changed = x.copy()
        changed[:, position:] += normal(D)
        after = block(changed, memory).numpy()
        np.testing.assert_array_equal(after[:, :position], before[:, :position])
        assert np.all(np.any(after[:, position] != before[:, position], -1))


@pytest.mark.parametrize("rotary", [True, False])
@pytest.mark.parametrize("cross_attention", [True, False])
def test_decoder_block_step_by_step_equals_the_whole_target(rotary, cross_attention):
    options = {"num_kv_heads": G, "rotary": rotary, "cross_attention": cross_attention}
    block = built(DecoderBlock(H, FF, **options))
    x, memory = normal(B, T, D), normal(B, S, D, seed=1) if cross_attention else None
    expected = block(x, memory)
    memory_cache = block.project_memory(memory) if cross_attention else None
    cache, stepped = block.empty_cache(B), (block.empty_cache(B),)
    step = block.make_decode_step()
    for t in range(T):
        got, cache = block(x[:, t : t + 1], cache=cache, memory_cache=memory_cache)
        in_loop, stepped = step(x[:, t], stepped, memory_cache)
        # 1e-5: the products are cut into other blocks.
        np.testing.assert_allclose(got[:, 0], expected[:, t], atol=1e-5)
        np.testing.assert_allclose(in_loop, expected[:, t], atol=1e-5)


def test_beams_share_the_memory_of_their_source():
    block, x, memory = built(DecoderBlock(H, FF)), normal(B * K, 1, D), normal(B, S, D, seed=1)
    mask = np.array([[True] * 5, [True] * 3 + [False] * 2])[:, None]
    cache, memory_cache = block.empty_cache(B * K), block.project_memory(memory)
    got, _ = block(x, memory_mask=mask, cache=cache, memory_cache=memory_cache)
    in_loop, _ = block.make_decode_step(K)(x[:, 0], (cache,), memory_cache, mask)
    expected = block(x, np.repeat(memory, K, 0), memory_mask=np.repeat(mask, K, 0))
    # 1e-5: the products are cut into other blocks.
    np.testing.assert_allclose(got, expected, atol=1e-5)
    np.testing.assert_allclose(in_loop, expected[:, 0], atol=1e-5)


@pytest.mark.parametrize("kind", [EncoderBlock, DecoderBlock])
def test_rotary_positions_tell_the_order_of_the_keys(kind):
    x = normal(B, S, D)
    shuffled = x[:, [2, 0, 1, 3, 4]]
    memory = normal(B, T, D, seed=1)
    for rotary in (False, True):
        block = built(kind(H, FF, rotary=rotary))
        arguments = (memory,) if kind is DecoderBlock else ()
        last, last_shuffled = (block(y, *arguments)[:, -1] for y in (x, shuffled))
        difference = np.abs(ops.convert_to_numpy(last - last_shuffled)).max()
        # 1e-5: float32 sums in another order.
        assert difference > 1e-3 if rotary else difference < 1e-5


def test_dropout_falls_on_every_sublayer_in_training_alone():
    block = built(DecoderBlock(H, FF, dropout=0.999))
    x, memory = normal(B, T, D), normal(B, S, D, seed=1)
    assert np.all(np.any(block(x, memory) != x, -1))
    # Of all 144 sublayer outputs about one in a thousand is left.
    unchanged = block(x, memory, training=True).numpy() == x
    assert unchanged.mean() > 0.9


@pytest.mark.parametrize("kind", [EncoderBlock, DecoderBlock])
def test_gradients_reach_every_weight(kind):
    block = built(kind(H, FF, activation="gelu"))
    arguments = (normal(B, S, D, seed=1),) if kind is DecoderBlock else ()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(block(normal(B, T, D), *arguments) ** 2)
    variables = [w.value for w in block.trainable_weights]
    for weight, gradient in zip(
        block.trainable_weights, tape.gradient(loss, variables), strict=True
    ):
        # The softmax does not feel a constant added to all scores of a query.
        if not weight.path.endswith("key/bias"):
            assert np.any(np.abs(gradient) > 1e-6), weight.path


def test_a_width_that_the_heads_do_not_divide_is_named():
    with pytest.raises(ValueError, match="multiple of num_heads; got model_dim=8, num_heads=3"):
        EncoderBlock(3, FF)(normal(B, T, D))


def test_a_bad_ff_dim_is_named():
    with pytest.raises(ValueError, match="ff_dim must be >= 1; got ff_dim=0"):
        FeedForward(0)
