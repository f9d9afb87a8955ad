"""JPEG, PNG, GIF and BMP files to pixels in a graph; `zoo.lite.headers` checks them in Python.

What a file is and how large it says to be is read off its first bytes. No decoder of TensorFlow is
given anything else: `tf.io.decode_image` (2.21) writes past its memory for an animated WebP.
"""

import tensorflow as tf

from zoo.lite.headers import BMP_BITS, GIF_FRONT, MAX_PIXELS, most_blocks

_HEADER = 128  # bytes in which the size of all but a JPEG stands, and what a BMP says of itself
_MOST_CHUNKS = 4096
_BMP_HEADERS = (40, 52, 56, 64, 108, 124)
_WHITE_IN_BLACK = b"\0" * 765 + b"\xff" * 3 + b"\0" * 768


def pixels_of(data):
    """The pixels of a file.

    Args:
        data: tf.string (), a JPEG, PNG, GIF or BMP file.

    Returns:
        uint8 (h, w, channels): grey or RGB, or, of a PNG, GIF or BMP, RGB and alpha.

    Raises:
        tf.errors.InvalidArgumentError: another file, a damaged one, or one of more than
            `MAX_PIXELS`.
    """
    starts = {
        _png: [b"\x89PNG\r\n\x1a\n"],
        _gif: [b"GIF87a", b"GIF89a"],
        _bmp: [b"BM"],
    }
    cases = [
        (_starts_with(data, start), lambda read=read: read(data))
        for read, known in starts.items()
        for start in known
    ]
    # All that is nothing else goes to the decoder of JPEG as an empty text, which is an error.
    jpeg = tf.where(_starts_with(data, b"\xff\xd8\xff"), data, "")
    return tf.ensure_shape(tf.case(cases, default=lambda: _jpeg(jpeg)), [None, None, None])


def _jpeg(data):
    """A CMYK file becomes RGB.

    The exact transform is the one of Pillow, and so of `zoo.lite.images`; the default of TensorFlow
    differs by up to 7 of 255.
    """
    height, width, _ = tf.unstack(tf.cast(tf.io.extract_jpeg_shape(data), tf.int64))
    return tf.io.decode_jpeg(_small(data, width, height), dct_method="INTEGER_ACCURATE")


def _png(data):
    """With alpha where the file has it, or names a colour that is transparent.

    Of 16 bits the upper eight count, and no such colour, since Pillow has but these eight.
    """
    codes = _codes(tf.strings.substr(data, 0, _HEADER))
    width, height = (_number(codes[i : i + 4][::-1]) for i in (16, 20))
    data, clear = _names_a_clear_color(_small(data, width, height))
    clear &= codes[24] < 16
    # Asked for alpha that is not there, the decoder garbles pixels of fewer than 8 bits.
    return tf.cond(
        clear, lambda: tf.io.decode_png(data, channels=4), lambda: tf.io.decode_png(data)
    )


def _names_a_clear_color(data):
    """A PNG, and whether it has a chunk tRNS in front of its pixels.

    With too many chunks there it is an empty text: each takes its time.
    """

    def name(place):
        return tf.strings.substr(data, place + 4, 4)

    def next_place(place, found):
        size = _number(_codes(tf.strings.substr(data, place, 4))[::-1])
        size = tf.minimum(size, 2**31 - 1 - 12 - tf.cast(place, tf.int64))
        return place + 12 + tf.cast(size, tf.int32), found | (name(place) == b"tRNS")

    place, found = tf.while_loop(
        lambda place, _: name(place) != b"IDAT",
        next_place,
        (8, False),
        maximum_iterations=_MOST_CHUNKS,
    )
    return tf.where(name(place) == b"IDAT", data, ""), found


def _gif(data):
    """The first frame, with alpha 0 where it is transparent and where it leaves the screen bare.

    The decoder gets a new file, in which the frame stands twice: in its colours, and with white for
    the transparent one and black for the others. Where the data of the frame ends too early, there
    is no second frame, and what memory held is not taken for a picture.
    """
    codes = tf.io.decode_raw(data, tf.uint8)
    screen = [_number(codes[i : i + 2]) for i in (6, 8)]
    place, clear = _after_extensions(codes[:GIF_FRONT], 13 + _table(codes[10]))
    left, top, width, height = (_number(codes[place + i : place + i + 2]) for i in (1, 3, 5, 7))
    flags = _code(codes, place + 9)
    local = _table(flags)
    colors = tf.cond(
        local > 0,
        lambda: tf.strings.substr(data, place + 10, local),
        lambda: tf.strings.substr(data, 13, _table(codes[10])),
    )
    start = place + 10 + local
    end = _end_of_blocks(codes, start + 1)
    image = tf.strings.substr(data, start, end - start)
    found = (_code(codes, place) == 0x2C) & (tf.strings.length(colors) > 0)
    found &= end <= tf.size(codes)
    right, bottom = (tf.maximum(a, b) for a, b in zip(screen, (left + width, top + height)))
    size = tf.strings.substr(data, place + 5, 4)
    flags = tf.where(tf.bitwise.bitwise_and(flags, 0x40) > 0, b"\xc7", b"\x87")

    def frame(table):
        table = tf.strings.substr(table + b"\0" * 768, 0, 768)
        return b"\x2c\0\0\0\0" + size + flags + table + image

    mask = tf.strings.substr(_WHITE_IN_BLACK, 3 * (255 - clear), 768)
    file = b"GIF89a" + size + b"\0\0\0" + frame(colors) + frame(mask) + b"\x3b"
    frames = tf.io.decode_gif(_small(tf.where(found, file, ""), right, bottom))
    alpha = 255 - frames[1][..., :1]
    return tf.pad(
        tf.concat([frames[0], alpha], axis=2),
        tf.cast([[top, bottom - top - height], [left, right - left - width], [0, 0]], tf.int32),
    )


def _after_extensions(codes, place):
    """Where the first frame of a GIF begins, and the number of its transparent colour, or -1."""

    def body(place, clear):
        control = (_code(codes, place + 1) == 0xF9) & (_code(codes, place + 3) % 2 == 1)
        clear = tf.cond(control, lambda: _code(codes, place + 6), lambda: clear)
        return _end_of_blocks(codes, place + 2), clear

    return tf.while_loop(lambda place, _: _code(codes, place) == 0x21, body, (place, -1))


def _end_of_blocks(codes, place):
    """The place behind blocks that each begin with their size, the last with 0.

    With too many of them it is a place that is not there.
    """
    (place,) = tf.while_loop(
        lambda place: _code(codes, place) > 0,
        lambda place: (place + _code(codes, place) + 1,),
        (place,),
        maximum_iterations=most_blocks(tf.size(codes)),
    )
    return tf.where(_code(codes, place) == 0, place + 1, tf.size(codes) + 1)


def _table(flags):
    """Bytes of a table of colours of a GIF."""
    flags = tf.cast(flags, tf.int32)
    size = tf.bitwise.left_shift(3, tf.bitwise.bitwise_and(flags, 7) + 1)
    return tf.where(flags >= 0x80, size, 0)


def _bmp(data):
    """RGB and alpha of a file without compression: a palette, 24 or 32 bits."""
    codes = _codes(tf.strings.substr(data, 0, _HEADER))
    start, header, width, height = (_number(codes[i : i + 4]) for i in (10, 14, 18, 22))
    bits, packing = _number(codes[28:30]), _number(codes[30:34])
    top_down = height >= 2**31
    height = tf.where(top_down, 2**32 - height, height)
    masks = tf.strings.substr(data, 54, 12) == b"\0\0\xff\0\0\xff\0\0\xff\0\0\0"
    alpha = tf.where((packing == 3) & (header >= 56), tf.strings.substr(data, 66, 4), b"\0\0\0\0")
    has_alpha = alpha == b"\0\0\0\xff"
    known = (packing == 0) | (
        (packing == 3) & (bits == 32) & masks & (has_alpha | (alpha == b"\0\0\0\0"))
    )
    known &= _is_in(header, _BMP_HEADERS) & _is_in(bits, BMP_BITS) & (start > 0)
    data = _small(tf.where(known, data, ""), width, height)
    stride = (width * bits + 31) // 32 * 4
    area = tf.strings.substr(data, tf.cast(start, tf.int32), tf.cast(stride * height, tf.int32))
    rows = tf.reshape(tf.io.decode_raw(area, tf.uint8), [height, stride])
    used = _number(codes[46:50])
    used = tf.where((used == 0) | (used > 256), tf.constant(256, tf.int64), used)

    def indexed(depth):
        parts = [
            tf.bitwise.right_shift(rows, tf.cast(i, tf.uint8)) for i in range(8 - depth, -1, -depth)
        ]
        parts = [tf.bitwise.bitwise_and(x, tf.constant(2**depth - 1, tf.uint8)) for x in parts]
        index = tf.reshape(tf.stack(parts, axis=2), [height, -1])[:, :width]
        table = tf.strings.substr(data, tf.cast(14 + header, tf.int32), tf.cast(4 * used, tf.int32))
        table = tf.strings.substr(table + b"\0" * 1024, 0, 1024)
        table = tf.reshape(tf.io.decode_raw(table, tf.uint8), [256, 4])
        return tf.gather(table, tf.cast(index, tf.int32))[..., 2::-1]

    def direct(channels):
        parts = tf.reshape(rows[:, : width * channels], [height, width, channels])
        color = parts[..., 2::-1]
        if channels == 3:
            return color
        return tf.cond(has_alpha, lambda: tf.concat([color, parts[..., 3:]], 2), lambda: color)

    cases = [(bits == depth, lambda depth=depth: indexed(depth)) for depth in (1, 4, 8)]
    cases.append((bits == 24, lambda: direct(3)))
    pixels = tf.case(cases, default=lambda: direct(4))
    return tf.cond(top_down, lambda: pixels, lambda: pixels[::-1])


def _small(data, width, height):
    """`data`, or an empty text, which no decoder takes, where the picture would be too large."""
    within = (width > 0) & (height > 0) & (width <= MAX_PIXELS) & (height <= MAX_PIXELS)
    return tf.where(within & (width * height <= MAX_PIXELS), data, "")


def _starts_with(data, start):
    return tf.strings.substr(data, 0, len(start)) == start


def _codes(data):
    return tf.cast(tf.io.decode_raw(data, tf.uint8), tf.int64)


def _code(codes, place):
    return tf.cast(codes[place], tf.int32)


def _number(codes):
    """The number that bytes mean, the lowest first: int64 ()."""
    codes = tf.cast(codes, tf.int64)
    return tf.reduce_sum(tf.bitwise.left_shift(codes, 8 * tf.range(tf.size(codes, tf.int64))))


def _is_in(value, numbers):
    return tf.reduce_any(value == tf.constant(numbers, value.dtype))
