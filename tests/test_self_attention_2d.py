"""`SelfAttention2D`: the equations of the paper, and a gate that opens only by learning."""

import keras
import numpy as np
import pytest

from zoo.layers import SelfAttention2D

# Batch, height, width, channels: all different.
X = np.random.default_rng(0).normal(size=(2, 3, 5, 16)).astype("float32")


def built(gamma, **options):
    keras.utils.set_random_seed(1)
    layer = SelfAttention2D(**options)
    layer.build(X.shape)
    layer.gamma.assign(gamma)
    return layer


def test_at_first_it_changes_nothing():
    layer = SelfAttention2D()
    np.testing.assert_array_equal(layer(X), X)
    assert layer.attention.key_dim == 2  # an eighth of the channels


def test_it_computes_the_equations_of_the_paper():
    layer = built(0.7)
    y, weights = layer(X, return_attention_scores=True)
    dense = layer.attention
    f, g, h, v = (
        keras.ops.convert_to_numpy(part.kernel)
        for part in (dense.query_dense, dense.key_dense, dense.value_dense, dense.output_dense)
    )
    cells = X.reshape(2, 15, 16)
    scores = (cells @ f) @ (cells @ g).transpose(0, 2, 1) / np.sqrt(2)
    expected = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    np.testing.assert_allclose(weights[:, 0], expected, atol=1e-6)
    found = expected @ (cells @ h) @ v
    np.testing.assert_allclose(y, X + 0.7 * found.reshape(X.shape), atol=1e-5)


def test_every_cell_reaches_every_other():
    layer = built(1.0, num_heads=3, key_dim=4)
    changed = X.copy()
    changed[:, 2, 4] += 1  # the last cell
    apart = np.abs(np.array(layer(changed)) - np.array(layer(X))).max(axis=-1)
    assert (apart[:, 0, 0] > 1e-5).all()
    assert layer(X, return_attention_scores=True)[1].shape == (2, 3, 15, 15)


def test_a_wrong_number_or_shape_is_named():
    with pytest.raises(ValueError, match="num_heads must be >= 1; got num_heads=0"):
        SelfAttention2D(0)
    with pytest.raises(ValueError, match="key_dim must be >= 1; got key_dim=0"):
        SelfAttention2D(1, 0)
    with pytest.raises(ValueError, match=r"x must have rank 4 .* got shape \(2, 3, 16\)"):
        SelfAttention2D()(X[:, :, 0])
