"""The masks that Keras carries from layer to layer, and those that a user gives."""

import keras
import numpy as np
import pytest

from zoo.layers import (
    AdditiveAttention,
    DecoderBlock,
    DotProductAttention,
    EncoderBlock,
    LearnedPositions,
    MultiHeadAttention,
    SinusoidalPositions,
)

# Sums of float32 over more or fewer keys, of values of about 5; a mask that is lost moves 0.01.
CLOSE = {"atol": 5e-6}
SHORT = np.array([[5, 3, 7], [4, 4, 1]])
LONG = np.array([[5, 3, 7, 0, 0], [4, 4, 1, 0, 0]])  # the same with padding
ATTENTIONS = {
    "additive": lambda: AdditiveAttention(6),
    "dot product": lambda: DotProductAttention(),
    "general": lambda: DotProductAttention("general"),
    "multi-head": lambda: MultiHeadAttention(2, 4),
}


def embedding():
    return keras.layers.Embedding(10, 8, mask_zero=True)


@pytest.mark.parametrize("name", ATTENTIONS)
def test_padding_moves_no_answer_of_an_attention_layer(name):
    embed, attention = embedding(), ATTENTIONS[name]()
    short, long = embed(SHORT), embed(LONG)
    expected = np.array(attention(short, short))
    np.testing.assert_allclose(attention(short, long), expected, **CLOSE)
    np.testing.assert_allclose(attention(short, long, key=long), expected, **CLOSE)
    np.testing.assert_allclose(attention(long, long)[:, :3], expected, **CLOSE)
    # A mask of the caller's own is added to it, not put in its place.
    own = np.ones((2, 1, 5), bool)
    np.testing.assert_allclose(attention(short, long, attention_mask=own), expected, **CLOSE)


@pytest.mark.parametrize("name", ATTENTIONS)
def test_an_attention_layer_hands_the_mask_of_the_query_on(name):
    embed, attention = embedding(), ATTENTIONS[name]()
    tokens = keras.Input((None,), dtype="int32")
    x = embed(tokens)
    model = keras.Model(tokens, keras.layers.GlobalAveragePooling1D()(attention(x, x)))
    np.testing.assert_allclose(model(LONG), model(SHORT), **CLOSE)


@pytest.mark.parametrize("positions", [SinusoidalPositions, lambda: LearnedPositions(9), None])
def test_padding_moves_no_answer_of_a_stack_of_blocks(positions):
    layers = [embedding(), EncoderBlock(2, 12), EncoderBlock(2, 12)]
    if positions is not None:
        layers.insert(1, positions())
    model = keras.Sequential([*layers, keras.layers.GlobalAveragePooling1D()])
    np.testing.assert_allclose(model(LONG), model(SHORT), **CLOSE)


def test_padding_of_the_memory_moves_no_answer_of_a_decoder_block():
    embed, block = embedding(), DecoderBlock(2, 12)
    target = embed(np.array([[1, 2], [3, 4]]))
    expected = np.array(block(target, embed(SHORT)))
    np.testing.assert_allclose(block(target, embed(LONG)), expected, **CLOSE)


def test_padding_at_the_left_is_hidden_from_a_language_model_block():
    embed, block = embedding(), DecoderBlock(2, 12, cross_attention=False)
    expected = np.array(block(embed(SHORT)))
    left = np.concatenate([np.zeros((2, 2), int), SHORT], axis=1)
    np.testing.assert_allclose(block(embed(left))[:, 2:], expected, **CLOSE)


@pytest.mark.parametrize("name", ATTENTIONS)
def test_a_mask_of_floats_is_refused_and_one_of_integers_understood(name):
    attention = ATTENTIONS[name]()
    x = np.random.default_rng(0).normal(size=(2, 3, 8)).astype("float32")
    shown = np.array([[[1, 1, 0]], [[1, 0, 1]]])
    for mask in (np.where(shown, 0.0, -1e9), shown.astype("float32"), shown.astype("float16")):
        with pytest.raises(TypeError, match="attention_mask must be bool.*got dtype float"):
            attention(x, x, attention_mask=mask)
    expected = attention(x, x, attention_mask=shown.astype(bool))
    np.testing.assert_array_equal(attention(x, x, attention_mask=shown), expected)


@pytest.mark.parametrize("name", ATTENTIONS)
def test_an_additive_mask_of_integers_is_refused(name):
    x = np.zeros((2, 3, 8), "float32")
    for mask in (np.full((2, 1, 3), -(10**9)), np.full((2, 1, 3), 255, "uint8")):
        with pytest.raises(ValueError, match=f"attention_mask must be bool.* got {mask.max()}"):
            ATTENTIONS[name]()(x, x, attention_mask=mask)


@pytest.mark.parametrize("name", ATTENTIONS)
@pytest.mark.parametrize("shape", [(2, 3), (2, 2, 3), (2, 1, 4), (2, 2, 3, 3), (3,), (3, 3, 3)])
def test_a_mask_of_another_shape_is_refused_with_the_way_to_give_a_padding_mask(name, shape):
    x = np.zeros((2, 3, 8), "float32")
    with pytest.raises(ValueError, match=r"attention_mask must have shape.*mask\[:, None, :\]"):
        ATTENTIONS[name]()(x, x, attention_mask=np.ones(shape, bool))
