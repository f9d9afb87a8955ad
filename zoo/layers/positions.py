"""Positions that are added to vectors: sinusoidal ones, learned ones; and angles of positions."""

import keras
from keras import ops


def position_angles(length, width, offset=0, max_wavelength=10_000.0, factors=None, endpoint=False):
    """Angles `position / max_wavelength^(2i / width)` for i in 0 .. width/2.

    Args:
        length: number of positions T, an int or an int tensor.
        width: even int.
        offset: first position, an int or an int tensor.
        max_wavelength: the longest wavelength, over 2 pi.
        factors: list of width / 2 floats by which the frequencies are multiplied, or None.
        endpoint: whether `max_wavelength` is the last of the wavelengths; else it is the one that
            would come after it.

    Returns:
        float32 (T, width / 2). Positions in half precision are exact only up to 256 (bfloat16)
        or 2048 (float16), so they are always computed in float32.
    """
    positions = ops.arange(length, dtype="int32") + ops.cast(offset, "int32")
    positions = ops.cast(positions, "float32")
    exponents = ops.arange(0, width, 2, dtype="float32") / (width - 2 if endpoint else width)
    frequencies = ops.power(max_wavelength, -exponents)
    if factors is not None:
        frequencies = frequencies * ops.convert_to_tensor(factors, "float32")
    return positions[:, None] * frequencies[None, :]


@keras.saving.register_keras_serializable(package="zoo")
class SinusoidalPositions(keras.layers.Layer):
    """Adds sines and cosines of the position to (B, T, D): no weights, any length.

    `out[t, i] = x[t, i] + sin(t w_i)` for the first half of D, `cos(t w_i)` for the second, with
    `w_i = 10000^(-2i / D)`.

    Args:
        first: int, the number of the first position.
        endpoint: whether the last `w_i` is 1/10000, as in tensor2tensor and fairseq: `w_i =
            10000^(-2i / (D - 2))`.

    Call arguments:
        x: float (B, T, D) with D even, and above 2 with `endpoint`.
        offset: position of the first step, an int or an int tensor.

    Reference:
        Vaswani et al. 2017, section 3.5. The paper interleaves sines and cosines; putting one after
        the other only permutes the columns.
    """

    def __init__(self, first=0, endpoint=False, **kwargs):
        super().__init__(**kwargs)
        self.first = int(first)
        self.endpoint = bool(endpoint)
        self.supports_masking = True

    def build(self, x_shape):
        if x_shape[-1] % 2:
            raise ValueError(f"x must have an even last axis; got shape {tuple(x_shape)}.")
        self.built = True

    def call(self, x, offset=0):
        length, width = ops.shape(x)[1], x.shape[-1]
        angles = position_angles(length, width, offset + self.first, endpoint=self.endpoint)
        table = ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)
        return x + ops.cast(table, x.dtype)

    def get_config(self):
        return {**super().get_config(), "first": self.first, "endpoint": self.endpoint}


@keras.saving.register_keras_serializable(package="zoo")
class LearnedPositions(keras.layers.Layer):
    """Adds a trained vector for each position to (B, T, D).

    Args:
        max_length: number of positions there are vectors for. A later position gets the last one,
            and one before the first gets the first.

    Call arguments:
        x: float (B, T, D).
        offset: position of the first step, an int or an int tensor, scalar or (B, 1).

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
        positions = ops.clip(positions, 0, self.max_length - 1)
        return x + ops.cast(ops.take(self.table, positions, axis=0), x.dtype)

    def get_config(self):
        return {**super().get_config(), "max_length": self.max_length}
