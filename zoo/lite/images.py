"""Image files to arrays of one size with Pillow, as `zoo.vision` does it with TensorFlow."""

import io
import os

import numpy as np
from PIL import Image, ImageOps

from zoo.lite import headers
from zoo.system import read_file

_HEAD = 4_096  # see `zoo.vision.images.orientation`
_ENTRIES = {b"I": b"\x12\1\3\0\1\0\0\0", b"M": b"\1\x12\0\3\0\0\0\1\0"}
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


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
        ValueError: a damaged image, one of another kind, or one that is too large.
    """
    name = str(image) if isinstance(image, (str, os.PathLike)) else "the image"
    if isinstance(image, (str, os.PathLike)):
        image = read_file(image, "image")
    if isinstance(image, (bytes, bytearray)):
        data = bytes(image)
        kind = headers.check(data, name)
        try:
            return _scaled(_decoded(data, kind), size)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise headers.refusal(data, name, f"it is damaged ({error})") from error
    if not isinstance(image, Image.Image):
        kind = type(image).__name__
        raise TypeError(f"image must be a path, bytes or a PIL image; got {kind}.")
    headers.check_area(image.width * image.height, name)
    try:
        return _scaled(opaque_or_rgba(upright(image)), size)
    except (OSError, SyntaxError) as error:  # it is read from its file only now
        raise ValueError(f"image must be a whole image; got {name}: {error}.") from error


def upright(image):
    """A PIL image, turned as its Exif data say if it was a JPEG, or was made by a program."""
    return ImageOps.exif_transpose(image) if image.format in (None, "JPEG", "MPO") else image


def opaque_or_rgba(image):
    """A PIL image of any mode in mode RGB or RGBA."""
    if image.mode.startswith("I"):
        grey = np.clip(np.asarray(image), 0, 65535).astype("uint16")
        return Image.fromarray((grey >> 8).astype("uint8")).convert("RGB")
    has_alpha = image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info
    return image.convert("RGBA" if has_alpha else "RGB")


def _decoded(data, kind):
    """The picture in a file, upright, in mode RGB or RGBA."""
    with Image.open(io.BytesIO(data), formats=[kind]) as image:
        if kind == "jpeg":
            image.load()
            turned = _orientation(data)
            upright = image.transpose(_TURNS[turned]) if turned > 1 else image
            return upright.convert("RGB")
        if kind == "png":
            _load_png(image, data[24])
        whole = opaque_or_rgba(image)
        if kind == "gif":
            box = headers.gif_frame(data)[:4]
            if box != (0, 0, *whole.size):  # what a frame leaves bare is transparent
                bare = Image.new("RGBA", whole.size)
                bare.paste(whole.crop(box), box)
                return bare
        return whole


def _load_png(image, depth):
    """Reads the pixels; a transparent grey gets their units, and of 16 bits there is none."""
    clear = image.info.get("transparency")
    image.load()  # after which the information holds what stands behind the pixels, too
    image.info.pop("transparency", None)
    if clear is not None and depth < 16:
        if depth in (2, 4) and isinstance(clear, int) and image.mode == "L":
            clear = clear * 255 // (2**depth - 1)  # as Pillow has scaled the pixels
        image.info["transparency"] = clear


def _orientation(data):
    """The Exif orientation of a JPEG, 1 to 8; see `zoo.vision.images.orientation`."""
    _, _, exif = data[:_HEAD].partition(b"Exif\0\0")
    entry = _ENTRIES.get(exif[:1])
    _, _, value = exif.partition(entry) if entry else (b"", b"", b"")
    return value[0] if value and 1 <= value[0] <= 8 else 1


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
