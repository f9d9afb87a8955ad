"""Files as people and attackers make them: equal pixels in TensorFlow and Pillow, or no answer."""

import io
import struct
import subprocess
import sys
import zlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from zoo.lite import headers
from zoo.lite.images import read as read_with_pillow
from zoo.vision import decode_batch, read

SIZE = (12, 16)


def png(depth, color, clear=None, palette=None, width=16, height=12, seed=0):
    """A PNG of random pixels, with a tRNS chunk where `clear` is given."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    highest = 2**depth - 1 if palette is None else len(palette) // 3 - 1
    values = np.random.default_rng(seed).integers(0, highest + 1, (height, width * channels))
    if clear is not None and color != 3:
        values[: height // 2] = np.resize(clear, width * channels)
    rows = b"".join(b"\0" + packed(row, depth) for row in values.tolist())
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))]
    chunks += [(b"PLTE", palette)] if palette else []
    if clear is not None:
        alpha = bytes(clear) if color == 3 else struct.pack(f">{len(clear)}H", *clear)
        chunks.append((b"tRNS", alpha))
    chunks += [(b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def packed(values, depth):
    if depth == 16:
        return struct.pack(f">{len(values)}H", *values)
    bits = "".join(f"{value:0{depth}b}" for value in values)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def bmp(bits, packing=0, top_down=False, masks=b"", alpha=None, colors=0, width=13, height=7):
    """A BMP of random bytes; its header has 40 bytes, or 108 where `alpha` is a mask."""
    rng = np.random.default_rng(bits)
    size = 40 if alpha is None else 108
    table = rng.bytes(4 * (colors or (1 << bits))) if bits <= 8 else b""
    extra = masks if alpha is None else masks + struct.pack("<I", alpha) + bytes(52)
    pixels = rng.bytes((width * bits + 31) // 32 * 4 * height)
    start = 14 + 40 + len(extra) + len(table)
    tall = -height if top_down else height
    header = struct.pack("<IiiHHIIiiII", size, width, tall, 1, bits, packing, 0, 0, 0, colors, 0)
    front = b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start)
    return front + header + extra + table + pixels


def gif(clear=None, box=(0, 0, 16, 12), screen=(16, 12), colors=4, frames=1, interlace=0, local=0):
    """A GIF whose frames are random, of codes that are never compressed."""
    rng = np.random.default_rng(1)
    left, top, right, bottom = box
    data = b"GIF89a" + struct.pack("<HHBBB", *screen, 0 if local else 0x81, 0, 0)
    table = rng.bytes(3 * colors)
    data += b"" if local else table
    data += b"\x21\xfe\x05hello\x03abc\0"  # a comment
    for _ in range(frames):
        if clear is not None:
            data += b"\x21\xf9\x04" + struct.pack("<BHB", 1, 0, clear) + b"\0"
        flags = interlace << 6 | (0x81 if local else 0)
        data += b"\x2c" + struct.pack("<HHHHB", left, top, right - left, bottom - top, flags)
        data += table if local else b""
        # Codes of 3 bits: 4 clears the table, which then never grows to longer codes.
        codes = []
        for value in rng.integers(0, colors, (right - left) * (bottom - top)).tolist():
            codes += [4, value]
        bits = "".join(f"{code:03b}"[::-1] for code in [*codes, 5])
        bits += "0" * (-len(bits) % 8)
        body = bytes(int(bits[i : i + 8][::-1], 2) for i in range(0, len(bits), 8))
        data += b"\x02"
        for i in range(0, len(body), 200):
            data += bytes([len(body[i : i + 200])]) + body[i : i + 200]
        data += b"\0"
    return data + b"\x3b"


def saved(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


PALETTE = np.random.default_rng(3).bytes(48)
MASKS = struct.pack("<III", 0xFF0000, 0xFF00, 0xFF)
NOISE = Image.fromarray(np.random.default_rng(2).integers(0, 256, (12, 16, 4)).astype("uint8"))
GOOD = {
    **{f"png grey {d}": png(d, 0) for d in (1, 2, 4, 8, 16)},
    **{f"png grey {d}, one clear": png(d, 0, clear=[1]) for d in (1, 2, 4, 8, 16)},
    **{f"png rgb {d}": png(d, 2) for d in (8, 16)},
    **{f"png rgb {d}, one clear": png(d, 2, clear=[9, 8, 7]) for d in (8, 16)},
    **{f"png palette {d}": png(d, 3, palette=PALETTE[: 3 * 2**d]) for d in (1, 2, 4, 8)},
    "png palette with alpha": png(4, 3, palette=PALETTE, clear=[0, 128, 255, 3]),
    **{f"png grey and alpha {d}": png(d, 4) for d in (8, 16)},
    **{f"png rgb and alpha {d}": png(d, 6) for d in (8, 16)},
    **{f"bmp {bits}": bmp(bits) for bits in (1, 4, 8, 24, 32)},
    **{f"bmp {bits} from the top": bmp(bits, top_down=True) for bits in (1, 4, 8, 24, 32)},
    "bmp few colors": bmp(8, colors=7),
    "bmp masks": bmp(32, packing=3, masks=MASKS),
    "bmp alpha": bmp(32, packing=3, masks=MASKS, alpha=0xFF000000),
    "bmp no alpha": bmp(32, packing=3, masks=MASKS, alpha=0),
    **{
        f"bmp of Pillow {mode}": saved(NOISE.convert(mode), "BMP")
        for mode in ("1", "L", "P", "RGB")
    },
    "gif": gif(),
    "gif clear": gif(clear=2),
    "gif local colors": gif(clear=2, local=1),
    "gif interlaced": gif(interlace=1),
    "gif animated": gif(clear=0, frames=3),
    "gif small frame": gif(box=(3, 2, 9, 11)),
    "gif small clear frame": gif(box=(3, 2, 9, 11), clear=1),
    "gif frame beyond its screen": gif(box=(3, 2, 24, 19)),
    "gif of Pillow": saved(NOISE.convert("RGB"), "GIF"),
    "gif of Pillow, clear": saved(NOISE, "GIF"),
    "gif of Pillow, animated": saved(
        NOISE.convert("RGB"), "GIF", save_all=True, append_images=[NOISE.rotate(180)]
    ),
    "jpeg": saved(NOISE.convert("RGB"), "JPEG", quality=95),
    "jpeg grey": saved(NOISE.convert("L"), "JPEG"),
    "jpeg progressive": saved(NOISE.convert("RGB"), "JPEG", progressive=True),
    "png orientation": saved(
        NOISE, "PNG", exif=b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0"
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_tensorflow_and_pillow_see_equal_pixels(name):
    ours, theirs = read_with_pillow(GOOD[name], SIZE), read(GOOD[name], SIZE)
    # Scaling rounds in another order; that is one step of 255.
    assert np.abs(ours - theirs.astype("float32")).max() <= 1
    assert theirs.std() > 5


EXIF = b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0%c\0\0\0"


@pytest.mark.parametrize("turned", range(10))
def test_both_turn_a_photograph_by_the_same_rule(turned):
    data = saved(NOISE.convert("RGB").resize((64, 48)), "JPEG", quality=95, exif=EXIF % turned)
    assert np.abs(read_with_pillow(data, SIZE) - read(data, SIZE).astype("float32")).max() <= 1


def test_a_clear_colour_is_white_and_the_others_are_not():
    half = read(png(8, 2, clear=[9, 8, 7]), SIZE)
    assert (half[:6] == 255).all() and not (half[6:] == 255).all(axis=2).any()


def test_colours_of_a_palette_are_the_colours_of_the_picture():
    image = NOISE.convert("RGB").quantize(16)
    expected = np.asarray(image.convert("RGB"))
    for kind in ("BMP", "PNG", "GIF"):
        np.testing.assert_array_equal(read(saved(image, kind), SIZE), expected)


def test_only_the_first_frame_of_a_gif_is_read():
    one, many = gif(), gif(frames=40)
    np.testing.assert_array_equal(read(many, SIZE), read(one, SIZE))
    cut = many[: len(one) + 5]  # a later frame that is damaged does no harm
    np.testing.assert_array_equal(read(cut, SIZE), read(one, SIZE))


def short_gif():
    """Its first block of picture data is missing, its structure is whole."""
    data = gif(box=(0, 0, 64, 48), screen=(64, 48))
    start = data.index(b"\x2c\0\0\0\0") + 11
    return data[:start] + data[start + 201 :]


def jpeg_of(width, height):
    data = GOOD["jpeg"]
    frame = data.index(b"\xff\xc0") + 5
    return data[:frame] + struct.pack(">HH", height, width) + data[frame + 4 :]


def bmp_of(width, height):
    return GOOD["bmp 24"][:18] + struct.pack("<ii", width, height) + GOOD["bmp 24"][26:]


def gif_of(width, height):
    data = gif()
    return data[:6] + struct.pack("<HH", width, height) + data[10:]


ANIMATED_WEBP = saved(
    NOISE, "WEBP", save_all=True, append_images=[NOISE.rotate(90), NOISE.rotate(180)]
)
BAD = {
    "webp": saved(NOISE, "WEBP"),
    "animated webp": ANIMATED_WEBP,
    "tiff": saved(NOISE, "TIFF"),
    "ico": saved(NOISE, "ICO"),
    "gif without picture": gif()[:13] + b"\x3b",
    "gif without end": gif()[:-20],
    "gif with data cut short": short_gif(),
    "gif without colours": b"GIF89a\x10\0\x0c\0\0\0\0" + gif()[25:],
    "gif of no width": gif(box=(0, 0, 0, 12)),
    "gif of another version": b"GIF88a" + gif()[6:],
    "gif in blocks of a byte": gif()[:25] + b"\x21\xfe" + b"\1a" * 30_000 + b"\0" + gif()[25:],
    "gif of extensions alone": gif()[:25] + b"\x21\xfe\0" * 30_000 + gif()[25:],
    "bmp 16": bmp(16),
    "bmp of runs": bmp(8, packing=1),
    "bmp with other masks": bmp(32, packing=3, masks=MASKS[::-1]),
    "bmp with other alpha": bmp(32, packing=3, masks=MASKS, alpha=0xFF),
    "bmp cut": GOOD["bmp 24"][:-20],
    "bmp of no height": bmp_of(13, 0),
    "bmp of negative width": bmp_of(-13, 7),
    "png of no width": GOOD["png rgb 8"][:16] + bytes(4) + GOOD["png rgb 8"][20:],
    **{f"{name} cut": GOOD[name][: len(GOOD[name]) // 2] for name in ("png rgb 8", "jpeg", "gif")},
    **{
        f"{name}, the name alone": GOOD[name][:12] for name in ("png rgb 8", "jpeg", "gif", "bmp 8")
    },
}
LARGE = {
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
    + struct.pack(">II", 12_000, 11_000)
    + GOOD["png rgb 8"][24:],
    "png of 2 ** 62": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
    + b"\x7f\xff\xff\xff" * 2
    + GOOD["png rgb 8"][24:],
    "jpeg": jpeg_of(65_000, 65_000),
    "bmp": bmp_of(1_000_000, 1_000_000),
    "bmp from the top": bmp_of(12_000, -11_000),
    "bmp of the least height": bmp_of(13, -(2**31)),
    "gif": gif_of(60_000, 60_000),
    "gif of a large frame": gif(box=(65_000, 65_000, 65_016, 65_012)),
}


@pytest.mark.parametrize("reader", [read, read_with_pillow])
@pytest.mark.parametrize("name", BAD)
def test_both_refuse_other_and_damaged_files(name, reader):
    with pytest.raises(ValueError, match="image must be a whole JPEG, PNG, GIF or BMP file"):
        reader(BAD[name], SIZE)


@pytest.mark.parametrize("reader", [read, read_with_pillow])
@pytest.mark.parametrize("name", LARGE)
def test_both_refuse_too_many_pixels_before_they_are_unpacked(name, reader):
    with pytest.raises(ValueError, match=f"at most {headers.MAX_PIXELS} pixels; got [0-9]+"):
        reader(LARGE[name], SIZE)


def test_a_png_of_chunks_alone_is_not_walked_through_by_the_graph(batch_in_graph):
    whole = GOOD["png grey 8"]
    data = whole[:33] + (bytes(4) + b"tEXt" + bytes(4)) * 5000 + whole[33:]
    assert (batch_in_graph(tf.constant([data])).numpy() == -1).all()


@pytest.fixture(scope="module")
def batch_in_graph():
    spec = [tf.TensorSpec([None], tf.string)]
    return tf.function(lambda data: decode_batch(data, SIZE), autograph=False, input_signature=spec)


def test_graph_answers_bad_files_with_an_empty_image_and_good_ones_as_python(batch_in_graph):
    bad, good = [*BAD.values(), *LARGE.values()], list(GOOD.values())
    found = batch_in_graph(tf.constant([*bad, *good])).numpy()
    assert (found[: len(bad)] == -1).all()
    for image, data in zip(found[len(bad) :], good, strict=True):
        np.testing.assert_array_equal(image, read(data, SIZE))


def test_an_export_answers_as_the_graph_it_was_made_of(batch_in_graph, tmp_path):
    module = tf.Module()
    module.batch = batch_in_graph
    tf.saved_model.save(module, str(tmp_path))
    data = tf.constant([ANIMATED_WEBP, *LARGE.values(), GOOD["gif clear"], GOOD["bmp 8"]])
    found = tf.saved_model.load(str(tmp_path)).batch(data).numpy()
    np.testing.assert_array_equal(found, batch_in_graph(data).numpy())
    assert (found[:-2] == -1).all() and (found[-2:] >= 0).all()


def test_a_file_of_the_limit_in_pixels_is_not_unpacked_by_the_graph(batch_in_graph):
    """130 million pixels of one colour in 130 kB: whole, and refused by its header alone."""
    rows = zlib.compress(bytes(13_001) * 10_000, 9)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 13_000, 10_000, 8, 0, 0, 0, 0)), (b"IDAT", rows)]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part))
        for name, part in [*chunks, (b"IEND", b"")]
    )
    assert (batch_in_graph(tf.constant([data])).numpy() == -1).all()


def test_no_file_brings_the_process_down(tmp_path):
    """In a process of its own: an animated WebP corrupts the heap of TensorFlow's own reader."""
    (tmp_path / "animation.webp").write_bytes(ANIMATED_WEBP)
    for i, data in enumerate([*GOOD.values(), *BAD.values()]):
        (tmp_path / f"{i}.bin").write_bytes(data)
    code = """
import pathlib, random, sys
import tensorflow as tf
from zoo.vision import decode_batch, read

def tried(data):
    try:
        read(data, (6, 8))
        return True
    except ValueError:
        return False

folder = pathlib.Path(sys.argv[1])
animation = (folder / "animation.webp").read_bytes()
spec = [tf.TensorSpec([None], tf.string)]
batch = tf.function(lambda x: decode_batch(x, (6, 8)), autograph=False, input_signature=spec)
for _ in range(50):
    assert not tried(animation)
    assert (batch(tf.constant([animation] * 4)).numpy() == -1).all()
random.seed(0)
changed = []
for path in sorted(folder.glob("*.bin")):
    for _ in range(8):
        data = bytearray(path.read_bytes())
        for _ in range(random.choice((1, 2, 8))):
            end = min(len(data), random.choice((64, 10_000)))
            data[random.randrange(end)] = random.randrange(256)
        changed.append(bytes(data))
batch(tf.constant(changed))
print("alive", sum(map(tried, changed)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        env={"TF_CPP_MIN_LOG_LEVEL": "3", "PATH": "", "PYTHONPATH": "."},
    )
    assert done.returncode == 0 and done.stdout.startswith("alive"), done.stderr[-2000:]


@pytest.mark.model  # seconds
def test_training_sees_the_pixels_that_inference_sees(tmp_path):
    from zoo.recipes import captioning

    (tmp_path / "a.jpg").write_bytes(GOOD["jpeg"])
    images = keras.Input((*SIZE, 3))
    encoder = keras.Model(images, keras.layers.Rescaling(1.0)(images))
    seen = captioning.stored_grids(tmp_path, encoder, [tmp_path / "a.jpg"], "train")
    np.testing.assert_array_equal(seen.reshape(*SIZE, 3), read(tmp_path / "a.jpg", SIZE))
