import numpy as np
import pytest
from keras import ops

from zoo.layers import LearnedPositions, SinusoidalPositions
from zoo.layers.positions import position_angles
from zoo.layers.rotary import rotate

B, H, T, D = 2, 3, 5, 4


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def test_the_first_sinusoids_by_hand():
    got = SinusoidalPositions()(np.zeros((1, 2, 4), "float32"))
    # Width 4: wavelengths 10000^0 and 10000^(1/2), so angles t and t / 100.
    expected = [[[0, 0, 1, 1], [np.sin(1), np.sin(0.01), np.cos(1), np.cos(0.01)]]]
    # 1e-6: float32 roundings of numbers up to 1.
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_sinusoids_are_added_to_the_input():
    x, layer = normal(B, T, D), SinusoidalPositions()
    # 1e-6: float32 roundings of numbers near 1.
    np.testing.assert_allclose(layer(x) - x, layer(0 * x), atol=1e-6)


@pytest.mark.parametrize("kind", ["sinusoidal", "learned"])
def test_an_offset_continues_where_the_first_part_ended(kind):
    layer = SinusoidalPositions() if kind == "sinusoidal" else LearnedPositions(T)
    x = normal(B, T, D)
    parts = layer(x[:, :2]), layer(x[:, 2:], offset=ops.convert_to_tensor(2))
    # 1e-6: the same float32 angles, perhaps in other vector registers.
    np.testing.assert_allclose(ops.concatenate(parts, axis=1), layer(x), atol=1e-6)


def test_learned_positions_add_their_row_and_later_ones_the_last():
    layer, table = LearnedPositions(T), normal(T, D)
    layer.build((B, T, D))
    layer.table.assign(table)
    got = layer(np.zeros((B, T + 2, D), "float32"))
    np.testing.assert_array_equal(got[1], table[[*range(T), T - 1, T - 1]])


def test_positions_are_exact_in_half_precision():
    # Next to 1000, bfloat16 knows only multiples of 4.
    assert position_angles(2, D, offset=1000).dtype == "float32"
    got = SinusoidalPositions(dtype="bfloat16")(np.zeros((1, 3, D)), offset=1000)
    expected = SinusoidalPositions()(np.zeros((1, 3, D)), offset=1000)
    # 0.004: a number up to 1 has 8 bits in bfloat16.
    np.testing.assert_allclose(ops.cast(got, "float32"), expected, atol=0.004)


def test_rotation_by_hand():
    x = np.array([1.0, 0.0, 0.0, 1.0], "float32").reshape(1, 1, 1, 4)
    # Pairs (1, 0) and (0, 1) at position 1 turn by 1 and by 1 / 100.
    expected = [np.cos(1), -np.sin(0.01), np.sin(1), np.cos(0.01)]
    # 1e-6: float32 roundings of numbers up to 1.
    np.testing.assert_allclose(np.ravel(rotate(x, offset=1)), expected, atol=1e-6)


def test_rotation_leaves_position_zero_and_every_length():
    x = normal(B, H, T, D)
    turned = ops.convert_to_numpy(rotate(x))
    np.testing.assert_array_equal(turned[:, :, 0], x[:, :, 0])
    assert np.all(np.abs(turned[:, :, 1:] - x[:, :, 1:]).max(-1) > 1e-3)
    # 1e-5: float32 roundings of numbers up to 4.
    np.testing.assert_allclose(
        np.linalg.norm(turned, axis=-1), np.linalg.norm(x, axis=-1), atol=1e-5
    )


def test_a_share_of_the_components_is_rotated():
    x = normal(B, H, T, 2 * D)
    turned = rotate(x, share=0.5)
    np.testing.assert_array_equal(turned[..., :D], rotate(x[..., :D]))
    np.testing.assert_array_equal(turned[..., D:], x[..., D:])
    for share in (0.0, 0.4, 1.1):  # none, 3 of 8, more than all
        with pytest.raises(ValueError, match=f"even number of key_dim; got share={share}"):
            rotate(x, share=share)


def test_rotated_products_depend_on_the_distance_alone():
    query, key = normal(1, 1, 1, D), normal(1, 1, 1, D, seed=1)

    def product(query_position, key_position):
        return float(ops.sum(rotate(query, query_position) * rotate(key, key_position)))

    # 1e-4: an angle near 1000 has a float32 rounding of 6e-5.
    assert product(3, 1) == pytest.approx(product(1002, 1000), abs=1e-4)
    assert product(3, 1) != pytest.approx(product(4, 1), abs=1e-3)
    assert product(3, 1) != pytest.approx(product(1, 3), abs=1e-3)


def test_an_odd_width_is_named():
    with pytest.raises(ValueError, match=r"x must have an even last axis; got shape \(2, 5, 3\)"):
        SinusoidalPositions()(np.zeros((2, 5, 3)))


def test_a_bad_max_length_is_named():
    with pytest.raises(ValueError, match="max_length must be >= 1; got max_length=0"):
        LearnedPositions(0)
