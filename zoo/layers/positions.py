"""Positions: sinusoidal and learned vectors that are added, rotary angles that turn queries."""

import keras
from keras import ops


def position_angles(length, width, offset=0, max_wavelength=10_000.0):
    """Angles `position / max_wavelength^(2i / width)` for i in 0 .. width/2.

    Args:
        length: number of positions T, an int or an int tensor.
        width: even int.
        offset: first position, an int or an int tensor.
        max_wavelength: the longest wavelength, over 2 pi.

    Returns:
        float32 (T, width / 2). Positions in half precision are exact only up to 256 (bfloat16)
        or 2048 (float16), so they are always computed in float32.
    """
    positions = ops.arange(length, dtype="int32") + ops.cast(offset, "int32")
    positions = ops.cast(positions, "float32")
    exponents = ops.arange(0, width, 2, dtype="float32") / width
    return positions[:, None] * ops.power(max_wavelength, -exponents)[None, :]


def rotate(x, offset=0):
    """Rotary positions: turns each pair (i, i + D/2) of the last axis by its position's angle.

    Args:
        x: (B, H, T, D), queries or keys, D even.
        offset: position of the first of the T steps.

    Returns:
        A tensor like `x`. The dot product of a rotated query and a rotated key depends on their
        distance alone (Su et al. 2021, RoFormer, equation 34).
    """
    width = x.shape[-1]
    angles = position_angles(ops.shape(x)[2], width, offset)
    cos = ops.cast(ops.concatenate([ops.cos(angles)] * 2, axis=-1), x.dtype)
    sin = ops.sin(angles)
    sin = ops.cast(ops.concatenate([-sin, sin], axis=-1), x.dtype)
    half = width // 2
    turned = ops.concatenate([x[..., half:], x[..., :half]], axis=-1)
    return x * cos + turned * sin


@keras.saving.register_keras_serializable(package="zoo")
class SinusoidalPositions(keras.layers.Layer):
    """Adds sines and cosines of the position to (B, T, D): no weights, any length.

    `out[t, i] = x[t, i] + sin(t w_i)` for the first half of D, `cos(t w_i)` for the second, with
    `w_i = 10000^(-2i / D)`.

    Call arguments:
        x: float (B, T, D) with D even.
        offset: position of the first step, an int or an int tensor.

    Reference:
        Vaswani et al. 2017, section 3.5. The paper interleaves sines and cosines; putting one after
        the other only permutes the columns.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, x_shape):
        if x_shape[-1] % 2:
            raise ValueError(f"x must have an even last axis; got shape {tuple(x_shape)}.")
        self.built = True

    def call(self, x, offset=0):
        angles = position_angles(ops.shape(x)[1], x.shape[-1], offset)
        table = ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)
        return x + ops.cast(table, x.dtype)


@keras.saving.register_keras_serializable(package="zoo")
class LearnedPositions(keras.layers.Layer):
    """Adds a trained vector for each position to (B, T, D).

    Args:
        max_length: number of positions there are vectors for. A later position gets the last one.

    Call arguments:
        x: float (B, T, D).
        offset: position of the first step, an int or an int tensor.

    Reference:
        Gehring et al. 2017, Convolutional Sequence to Sequence Learning, section 3.1.
    """

    def __init__(self, max_length, **kwargs):
        super().__init__(**kwargs)
        if max_length < 1:
            raise ValueError(f"max_length must be >= 1; got max_length={max_length}.")
        self.max_length = int(max_length)
        self.supports_masking = True

    def build(self, x_shape):
        self.table = self.add_weight(
            shape=(self.max_length, x_shape[-1]),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
            name="table",
        )
        self.built = True

    def call(self, x, offset=0):
        positions = ops.arange(ops.shape(x)[1], dtype="int32") + ops.cast(offset, "int32")
        positions = ops.minimum(positions, self.max_length - 1)
        return x + ops.cast(ops.take(self.table, positions, axis=0), x.dtype)

    def get_config(self):
        return {**super().get_config(), "max_length": self.max_length}
