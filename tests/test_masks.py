import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from zoo.layers import masks


def test_causal_mask_allows_the_past_and_the_present():
    expected = [[[True, False, False, False], [True, True, False, False]]]
    np.testing.assert_array_equal(masks.causal_mask(2, 4), expected)


def test_causal_mask_of_one_step_is_a_row_of_the_whole():
    whole = ops.convert_to_numpy(masks.causal_mask(5, 7))
    for position in range(5):
        step = masks.causal_mask(1, 7, offset=position)
        np.testing.assert_array_equal(step, whole[:, position : position + 1])


def test_causal_mask_takes_tensors_for_lengths():
    @tf.function(input_signature=[tf.TensorSpec((), "int32")] * 3)
    def traced(query_length, key_length, offset):
        return masks.causal_mask(query_length, key_length, offset)

    np.testing.assert_array_equal(traced(2, 5, 3), masks.causal_mask(2, 5, 3))


def test_padding_mask_is_true_for_real_tokens():
    np.testing.assert_array_equal(
        masks.padding_mask([[5, 3, 0], [4, 0, 0]]), [[True, True, False], [True, False, False]]
    )
    np.testing.assert_array_equal(masks.padding_mask([[0, 9]], pad_id=9), [[True, False]])


def test_attention_mask_allows_what_every_mask_allows():
    padding = np.array([[True, True, False], [True, False, False]])
    causal = masks.causal_mask(2, 3)
    assert masks.attention_mask() is None
    np.testing.assert_array_equal(masks.attention_mask(padding), padding[:, None, :])
    np.testing.assert_array_equal(masks.attention_mask(causal=causal), causal)
    np.testing.assert_array_equal(
        masks.attention_mask(padding, causal),
        [[[True, False, False], [True, True, False]], [[True, False, False]] * 2],
    )
    square = np.array([[[False, True, True], [True, False, True]]])
    np.testing.assert_array_equal(
        masks.attention_mask(square, causal), [[[False, False, False], [True, False, False]]]
    )


def test_masked_softmax_is_the_softmax_of_the_allowed_scores():
    scores = np.log(np.array([[1.0, 2.0, 5.0, 7.0]], "float32"))
    mask = np.array([[True, True, True, False]])
    # 1e-6: a few float32 roundings of numbers below 1.
    np.testing.assert_allclose(
        masks.masked_softmax(scores, mask), [[0.125, 0.25, 0.625, 0.0]], atol=1e-6
    )
    np.testing.assert_allclose(
        masks.masked_softmax(scores), np.array([[1, 2, 5, 7]]) / 15, atol=1e-6
    )


def test_masked_softmax_gives_masked_positions_exactly_zero():
    # A masked score far above the others, and allowed ones far below zero.
    scores = np.array([[-1e5, -1e5, 1e9], [3.0, 2.0, np.inf]], "float32")
    mask = np.array([[True, True, False]])
    weights = ops.convert_to_numpy(masks.masked_softmax(scores, mask))
    np.testing.assert_array_equal(weights[:, 2], 0.0)
    np.testing.assert_array_equal(weights[0, :2], 0.5)


def test_masked_softmax_of_a_fully_masked_row_is_zero_with_zero_gradient():
    scores = tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    mask = tf.constant([[False, False, False], [True, True, False]])
    with tf.GradientTape() as tape:
        tape.watch(scores)
        weights = masks.masked_softmax(scores, mask)
        loss = tf.reduce_sum(weights * [1.0, 2.0, 4.0])
    gradient = tape.gradient(loss, scores)
    np.testing.assert_array_equal(weights[0], 0.0)
    np.testing.assert_array_equal(gradient[0], 0.0)
    assert np.all(np.isfinite(gradient)) and np.all(gradient[1, :2] != 0)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_masked_softmax_computes_in_float32_and_returns_the_dtype_of_the_scores(dtype):
    scores = ops.cast(np.linspace(-4, 4, 300, dtype="float32")[None], dtype)
    weights = masks.masked_softmax(scores)
    assert weights.dtype == dtype
    # One rounding at the end: equal to the float32 softmax of the same scores, rounded.
    exact = ops.cast(ops.softmax(ops.cast(scores, "float32")), dtype)
    np.testing.assert_array_equal(ops.cast(weights, "float32"), ops.cast(exact, "float32"))


def test_folded_rows_stand_with_their_source_and_unfold_again():
    query = np.arange(6 * 2 * 3, dtype="float32").reshape(6, 2, 3)  # B=2, K=3, T=2
    folded = masks.merge_beams(ops.convert_to_tensor(query), 2)
    np.testing.assert_array_equal(folded[0], np.concatenate(query[:3]))
    np.testing.assert_array_equal(folded[1], np.concatenate(query[3:]))
    np.testing.assert_array_equal(masks.split_beams(folded, query), query)


def test_equal_row_numbers_fold_for_nothing():
    query = ops.ones((4, 2, 3))
    assert masks.merge_beams(query, 4) is query
    assert masks.split_beams(query, query) is query


def test_rows_fold_with_every_axis_unknown():
    @tf.function(input_signature=[tf.TensorSpec((None, None, 3)), tf.TensorSpec((), "int32")])
    def there_and_back(query, batch):
        folded = masks.merge_beams(query, batch)
        return folded, masks.split_beams(folded, query)

    query = np.random.default_rng(0).normal(size=(6, 2, 3)).astype("float32")
    for batch in (2, 6):
        folded, unfolded = there_and_back(query, batch)
        np.testing.assert_array_equal(folded, query.reshape(batch, -1, 3))
        np.testing.assert_array_equal(unfolded, query)
