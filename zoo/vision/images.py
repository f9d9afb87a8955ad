"""Image files to arrays of one size: the same TensorFlow operations in Python and in a graph."""

import functools
import os

import numpy as np
import tensorflow as tf

from zoo.lite import headers
from zoo.system import read_file
from zoo.vision.formats import pixels_of

_HEAD = 4_096  # of a JPEG: its Exif data is its first segment, and the orientation in front there
_EXIF = (0x45, 0x78, 0x69, 0x66, 0, 0)
# The Exif entry 0x0112, a short, one of them, in front of its value; by byte order.
_ENTRIES = {0x49: (0x12, 1, 3, 0, 1, 0, 0, 0), 0x4D: (1, 0x12, 0, 3, 0, 0, 0, 1, 0)}


def decode(data, size):
    """An encoded image as an array of a given size, in the graph or eagerly.

    The whole picture is scaled to `size` whatever its aspect, with antialiasing, as the images of
    Flickr8k are here; a JPEG that says in its Exif data how the camera was held is put upright;
    transparency is laid on white; of an animation the first frame counts.

    Args:
        data: tf.string (), a JPEG, PNG, GIF or BMP file (BMP: with a palette, 24 or 32 bits, not
            compressed).
        size: (height, width) of the result.

    Returns:
        uint8 (height, width, 3), RGB.

    Raises:
        tf.errors.InvalidArgumentError: no such file, a damaged one, or one of more than 120 million
            pixels, which is refused before it is unpacked.
    """
    return prepare(pixels_of(data), size, orientation(data))


def prepare(pixels, size, turned=1):
    """Pixels uint8 (h, w, 1 to 4) -> uint8 (height, width, 3): scaled, opaque and upright.

    Args:
        pixels: grey, grey and alpha, RGB, or RGB and alpha.
        size: (height, width).
        turned: int32, the Exif orientation, 1 to 8.
    """
    turned = tf.convert_to_tensor(turned)
    sideways = turned >= 5
    size = tf.where(sideways, size[::-1], size)
    scaled = tf.image.resize(pixels, size, antialias=True)  # before all else: it is small now
    channels = tf.shape(scaled)[2]
    color = tf.cond(channels < 3, lambda: tf.repeat(scaled[..., :1], 3, 2), lambda: scaled[..., :3])
    alpha = tf.cond(
        channels % 2 == 0, lambda: scaled[..., -1:] / 255, lambda: tf.ones_like(scaled[..., :1])
    )
    color = color * alpha + 255 * (1 - alpha)
    color = tf.cond(sideways, lambda: tf.transpose(color, [1, 0, 2]), lambda: color)
    color = tf.cond(_is_in(turned, (2, 3, 6, 7)), lambda: color[:, ::-1], lambda: color)
    color = tf.cond(_is_in(turned, (3, 4, 7, 8)), lambda: color[::-1], lambda: color)
    return tf.cast(tf.clip_by_value(tf.round(color), 0, 255), tf.uint8)


def orientation(data):
    """The Exif orientation of an encoded image, int32 from 1 to 8; 1 where it has none."""
    head = tf.strings.substr(data, 0, _HEAD)
    codes = tf.cast(tf.io.decode_raw(head, tf.uint8), tf.int32)
    jpeg = tf.strings.substr(data, 0, 2) == b"\xff\xd8"
    marks = _places(codes, _EXIF)
    start = tf.where(jpeg & (tf.size(marks) > 0), _first(marks), tf.size(codes))
    codes = tf.concat([codes[start:], tf.zeros([16], tf.int32)], 0)
    value = tf.constant(1)
    for order, entry in _ENTRIES.items():
        found = _places(codes, entry)
        value = tf.where(
            (codes[len(_EXIF)] == order) & (tf.size(found) > 0),
            codes[tf.minimum(_first(found) + len(entry), tf.size(codes) - 1)],
            value,
        )
    return tf.where((value >= 1) & (value <= 8), value, 1)


def decode_batch(data, size):
    """Encoded images tf.string (B,) -> float32 (B, height, width, 3), each by `decode`.

    An image that cannot be decoded is -1 everywhere, and the others are not affected.
    """
    blank = tf.data.Dataset.from_tensors(tf.fill([*size, 3], -1.0))

    def one(data):
        # A data set can go on past an error, which nothing else in a graph can.
        image = tf.data.Dataset.from_tensors(data).map(
            lambda data: tf.ensure_shape(tf.cast(decode(data, size), tf.float32), [*size, 3])
        )
        return image.ignore_errors().concatenate(blank).take(1).get_single_element()

    shape = tf.TensorSpec([*size, 3], tf.float32)
    return tf.map_fn(one, data, fn_output_signature=shape)


def read(image, size):
    """An image of any kind as an array of a given size, by the operations of `decode`.

    Args:
        image: a path (str or path-like), the bytes of a file, a PIL image, or an array (h, w),
            (h, w, 1), (h, w, 3) or (h, w, 4) with values in 0..255, uint16 in 0..65535.
        size: (height, width).

    Returns:
        uint8 numpy array (height, width, 3), RGB.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: something else than an image.
        ValueError: a damaged image, or one that is too large; the message names the file.
    """
    name = "the image"
    if isinstance(image, (str, os.PathLike)):
        name = str(image)
        image = read_file(image, "image")
    if isinstance(image, (bytes, bytearray)):
        data = bytes(image)
        headers.check(data, name)
        try:
            return _graph(decode, tuple(size), _FILE)(data).numpy()
        except tf.errors.OpError as error:
            raise headers.refusal(data, name, "it is damaged") from error
    if hasattr(image, "getexif"):
        from zoo.lite.images import opaque_or_rgba, upright  # Pillow is there: it made the image

        headers.check_area(image.width * image.height, name)
        image = np.asarray(opaque_or_rgba(upright(image)))
    if not isinstance(image, np.ndarray):
        raise TypeError(
            "image must be a path, bytes, a PIL image or an array; "
            f"got {type(image).__name__}: {image!r:.60}."
        )
    return _graph(prepare, tuple(size), _PIXELS)(_pixels(image)).numpy()


_FILE, _PIXELS = tf.TensorSpec([], tf.string), tf.TensorSpec([None, None, None], tf.uint8)


@functools.lru_cache
def _graph(work, size, spec):
    """`decode` or `prepare`: one by one its many operations would cost more than a picture."""
    return tf.function(lambda x: work(x, size), autograph=False, input_signature=[spec])


def _pixels(image):
    """An array of a user as uint8 (h, w, channels)."""
    pixels = image[..., None] if image.ndim == 2 else image
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 2, 3, 4) or 0 in pixels.shape:
        raise ValueError(
            "image must have shape (height, width, 3), and a pixel; "
            f"got an array of shape {image.shape}."
        )
    headers.check_area(pixels.shape[0] * pixels.shape[1], "an array")
    kind = pixels.dtype
    if kind == np.uint8:
        return pixels
    if kind == np.uint16:
        return (pixels >> 8).astype("uint8")
    if kind.kind not in "fiu":
        raise ValueError(f"image must be an array of numbers in 0..255; got one of {kind}.")
    least, most = pixels.min(), pixels.max()
    if not (least >= 0 and most <= 255):
        raise ValueError(f"image must have values in 0..255; got {kind} from {least} to {most}.")
    if kind.kind == "f" and 0 < most <= 1:
        raise ValueError(
            f"image must have values in 0..255; got {kind} from {least:g} to {most:g}. Multiply "
            "what is scaled to 0..1 by 255."
        )
    return np.rint(pixels).astype("uint8")


def _places(codes, pattern):
    """Where a pattern begins in int32 (n,), ascending."""
    last = tf.maximum(tf.size(codes) - len(pattern) + 1, 0)
    same = tf.ones([last], tf.bool)
    for i, code in enumerate(pattern):
        same &= codes[i : i + last] == code
    return tf.cast(tf.where(same)[:, 0], tf.int32)


def _first(places):
    return tf.concat([places, [0]], 0)[0]


def _is_in(value, numbers):
    return tf.reduce_any(value == tf.constant(numbers))
