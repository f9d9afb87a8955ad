"""Image files to arrays: every kind that people have, upright, opaque and of one size."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from zoo.lite.headers import MAX_PIXELS
from zoo.vision import augment, decode, decode_batch, hide_cells, read
from zoo.vision.images import orientation

SIZE = (24, 32)


def picture(width=64, height=48):
    """Left half red, right half blue, with a white top."""
    pixels = np.zeros((height, width, 3), "uint8")
    pixels[:, : width // 2, 0] = pixels[:, width // 2 :, 2] = 200
    pixels[: height // 4] = 255
    return pixels


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(
        buffer, kind, **options
    )
    return buffer.getvalue()


def far(a, b):
    return np.abs(a.astype(int) - b.astype(int)).mean()


def test_path_bytes_pil_and_array_are_the_same_image(tmp_path):
    image = Image.fromarray(picture())
    image.save(tmp_path / "a.png")
    found = [read(x, SIZE) for x in (tmp_path / "a.png", encoded(image), image, np.asarray(image))]
    assert found[0].shape == (*SIZE, 3) and found[0].dtype == np.uint8
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])


def test_an_image_of_the_right_size_is_not_changed():
    pixels = np.random.default_rng(0).integers(0, 256, (*SIZE, 3)).astype("uint8")
    np.testing.assert_array_equal(read(pixels, SIZE), pixels)


@pytest.mark.parametrize(
    "data",
    [
        encoded(picture(), "JPEG", quality=95),
        encoded(picture(), "GIF"),
        encoded(picture(), "BMP"),
        encoded(Image.fromarray(picture()).convert("P", palette=Image.Palette.ADAPTIVE)),
        encoded(Image.fromarray(picture()).convert("CMYK"), "JPEG", quality=95),
    ],
    ids=["jpeg", "gif", "bmp", "palette", "cmyk"],
)
def test_kinds_of_files_show_the_same_picture(data):
    # 12 of 255: JPEG blurs the edges, and a GIF has 256 colours.
    assert far(read(data, SIZE), read(picture(), SIZE)) < 12


def test_sixteen_bit_and_grey_become_eight_bit_rgb():
    grey = np.linspace(0, 65535, 64 * 48).reshape(48, 64).astype("uint16")
    from_file, from_array = read(encoded(Image.fromarray(grey)), SIZE), read(grey, SIZE)
    assert far(from_file, from_array) < 1.5
    assert far(read(Image.fromarray(grey), SIZE), from_array) < 1.5
    np.testing.assert_array_equal(from_file[..., 0], from_file[..., 2])


def test_transparency_is_laid_on_white():
    pixels = np.zeros((8, 8, 4), "uint8")
    pixels[:4, :, 3] = 255
    for image in (pixels, encoded(pixels), Image.fromarray(pixels)):
        seen = read(image, (8, 8))
        assert seen[:3].max() == 0 and seen[5:].min() == 255


def test_first_frame_of_an_animation_counts():
    frames = [Image.fromarray(picture()), Image.fromarray(255 - picture())]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert far(read(data, SIZE), read(picture(), SIZE)) < 12


@pytest.mark.parametrize("turned", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
def test_photographs_come_out_upright(turned, order):
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = Image.fromarray(picture())
    stored = image.transpose(back[turned]) if turned > 1 else image
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, turned, 0)
    exif = b"Exif\0\0" + mark + struct.pack(order + "IH", 8, 1) + entry + bytes(4)
    data = encoded(stored, "JPEG", quality=95, exif=exif)
    assert orientation(data).numpy() == turned
    assert far(read(data, SIZE), read(picture(), SIZE)) < 6
    assert far(read(Image.open(io.BytesIO(data)), SIZE), read(picture(), SIZE)) < 6


def test_one_pixel_is_an_image():
    assert (read(np.full((1, 1, 3), 7, "uint8"), SIZE) == 7).all()


def test_fifty_megapixels_are_read():
    data = encoded(Image.new("RGB", (8660, 5774), (10, 20, 30)), "JPEG")
    assert far(read(data, SIZE), np.full((*SIZE, 3), (10, 20, 30))) < 3


@pytest.mark.parametrize(
    "data, message",
    [
        (b"", "0 bytes: it is of another kind"),
        (b"not an image", "12 bytes: it is of another kind"),
        (encoded(picture())[:120], "120 bytes: it is damaged"),
        (encoded(picture(), "JPEG")[:200], "200 bytes: it is damaged"),
    ],
)
def test_damaged_files_are_refused(data, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        read(data, SIZE)
    path = tmp_path / "bad.jpg"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="bad.jpg"):
        read(path, SIZE)


def test_bombs_are_refused_before_they_are_unpacked():
    header = struct.pack(">II", 40_000, 40_000)
    data = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + header + b"\x08\x02\0\0\0"
    with pytest.raises(ValueError, match=f"at most {MAX_PIXELS} pixels; got 1600000000"):
        read(data, SIZE)


@pytest.mark.parametrize(
    "image, error, message",
    [
        (3, TypeError, "be a path, bytes, a PIL image or an array; got int: 3"),
        (np.zeros((4, 4, 5), "uint8"), ValueError, r"shape \(height, width, 3\), .*\(4, 4, 5\)"),
        (np.zeros((0, 4, 3), "uint8"), ValueError, r"and a pixel; got .* shape \(0, 4, 3\)"),
        (
            np.full((4, 4, 3), 256.0),
            ValueError,
            "in 0..255; got float64 from 256.0 to 256.0",
        ),
        (np.full((4, 4, 3), -1), ValueError, "values in 0..255; got int64 from -1 to -1"),
        (np.full((4, 4, 3), np.nan), ValueError, "values in 0..255; got float64 from nan to nan"),
        (np.full((4, 4, 3), 0.5, "float32"), ValueError, "from 0.5 to 0.5. Multiply .* by 255"),
        (np.zeros((4, 4, 3), bool), ValueError, "numbers in 0..255; got one of bool"),
        (np.full((4, 4, 3), None), ValueError, "numbers in 0..255; got one of object"),
        ("missing.jpg", FileNotFoundError, "be an existing file; got 'missing.jpg'"),
        ("no" * 5000, FileNotFoundError, "be an existing file; got '(no){100}'"),
        ("tests", FileNotFoundError, "be a file; got the folder 'tests'"),
    ],
)
def test_what_is_no_image_is_refused(image, error, message, monkeypatch):
    monkeypatch.chdir(Path(__file__).resolve().parent.parent)
    with pytest.raises(error, match=f"image must .*{message}"):
        read(image, SIZE)


@pytest.mark.parametrize("kind", ["float32", "int32", "uint32"])
def test_any_numbers_from_0_to_255_are_an_image(kind):
    pixels = picture()
    np.testing.assert_array_equal(read(pixels.astype(kind), SIZE), read(pixels, SIZE))


def test_a_broken_image_does_not_touch_the_others_of_its_batch():
    good = [encoded(picture(), "JPEG"), encoded(255 - picture())]
    batch = tf.constant([good[0], b"broken", good[0][:100], b"", good[1]])
    found = tf.function(lambda data: decode_batch(data, SIZE), autograph=False)(batch).numpy()
    for row, data in ((0, good[0]), (4, good[1])):
        np.testing.assert_array_equal(found[row], decode(data, SIZE))
    assert (found[1:4] == -1).all()


def test_hidden_cells_are_grey_and_the_others_as_they_were():
    image = np.random.default_rng(0).uniform(0, 100, (28, 42, 3)).astype("float32")
    shares = []
    for seed in range(40):
        hidden = hide_cells(image, [seed, 1]).numpy()
        np.testing.assert_array_equal(hidden, hide_cells(image, [seed, 1]))
        grey = np.all(hidden == 127, axis=-1)
        cells = grey.reshape(7, 4, 7, 6).transpose(0, 2, 1, 3).reshape(49, -1)
        assert np.all(cells.all(axis=1) == cells.any(axis=1))
        np.testing.assert_array_equal(hidden[~grey], image[~grey])
        shares.append(grey.mean())
    assert min(shares) < 0.06 and 0.25 < max(shares) < 0.6 and 0.1 < np.mean(shares) < 0.25


def test_augmentation_repeats_with_its_seed_and_stays_in_range():
    image = tf.constant(picture(32, 24))
    one, again, other = (augment(image, seed).numpy() for seed in ([1, 2], [1, 2], [3, 4]))
    np.testing.assert_array_equal(one, again)
    assert one.shape == (24, 32, 3) and far(one, other) > 1
    assert one.min() >= 0 and one.max() <= 255
