"""Image files to arrays of one size with Pillow, as `zoo.vision` does it with TensorFlow."""

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

MAX_PIXELS = 120_000_000  # 0.36 GB of RGB: cameras stay below, decompression bombs do not


def read(image, size):
    """An image as an array of a given size; see `zoo.vision.decode` for what becomes of it.

    Args:
        image: a path (str or path-like), the bytes of a file, or a PIL image.
        size: (height, width).

    Returns:
        float32 numpy array (height, width, 3), RGB, whole numbers in 0..255.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: something else than an image.
        ValueError: a damaged image, or one that is too large.
    """
    name = str(image) if isinstance(image, (str, os.PathLike)) else "the image"
    if isinstance(image, (str, os.PathLike)):
        if not Path(image).is_file():
            raise FileNotFoundError(f"image must be an existing file; got {name!r}.")
        image = Path(image).read_bytes()
    try:
        if isinstance(image, (bytes, bytearray)):
            image = Image.open(io.BytesIO(image))
        if not isinstance(image, Image.Image):
            kind = type(image).__name__
            raise TypeError(f"image must be a path, bytes or a PIL image; got {kind}.")
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(
                f"image must have at most {MAX_PIXELS:,} pixels; "
                f"got {image.width}x{image.height} in {name}."
            )
        return _scaled(_opaque_or_rgba(ImageOps.exif_transpose(image)), size)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"image must be a whole image file; got {name}: {error}.") from error


def _opaque_or_rgba(image):
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype("uint8"))
    has_alpha = image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info
    return image.convert("RGBA" if has_alpha else "RGB")


def _scaled(image, size):
    """Scaled before all else, in float32, as `zoo.vision.prepare` does; then laid on white."""
    height, width = size
    bands = [
        np.asarray(band.convert("F").resize((width, height), Image.Resampling.BILINEAR))
        for band in image.split()
    ]
    color = np.stack(bands[:3], axis=-1)
    if len(bands) == 4:
        alpha = bands[3][..., None] / 255
        color = color * alpha + 255 * (1 - alpha)
    return np.clip(np.round(color), 0, 255).astype("float32")
