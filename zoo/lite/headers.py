"""The kind and the size of an image file, by its first bytes; `zoo.vision.formats` in Python."""

import struct

SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp")  # of the four kinds that the zoo reads
MAX_PIXELS = 120_000_000  # 0.36 GB of RGB: cameras stay below, decompression bombs do not
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # the markers of a JPEG that tell its size
_BARE = {0x01, *range(0xD0, 0xD9)}  # those that nothing belongs to
_ALPHA_MASKS = (0, 0xFF000000)
BMP_BITS = (1, 4, 8, 24, 32)
GIF_FRONT = 1 << 16  # bytes in which the first frame must begin


def most_blocks(size):
    """Into how many blocks a GIF of so many bytes may be cut; all but the last can have 255."""
    return 4096 + size // 128


def check(data, name):
    """Refuses what is no JPEG, PNG, GIF or BMP file, is damaged in front, or is too large.

    Args:
        data: bytes of a file.
        name: of it, for the messages.

    Returns:
        "jpeg", "png", "gif" or "bmp".

    Raises:
        ValueError: it is not such a file, or has more than `MAX_PIXELS`.
    """
    kind = kind_of(data)
    if kind is None:
        raise refusal(data, name, "it is of another kind")
    try:
        width, height = _SIZES[kind](data)
    except (struct.error, IndexError):
        width = height = 0
    if width <= 0 or height <= 0:
        raise refusal(data, name, "it is damaged")
    check_area(width * height, name)
    return kind


def check_area(area, name):
    """Refuses a picture of too many pixels."""
    if area > MAX_PIXELS:
        raise ValueError(f"image must have at most {MAX_PIXELS} pixels; got {area} in {name}.")


def refusal(data, name, reason):
    """The `ValueError` for a file that cannot be read."""
    return ValueError(
        f"image must be a whole JPEG, PNG, GIF or BMP file; got {name}, {len(data)} bytes: "
        f"{reason}."
    )


def kind_of(data):
    """The kind of a file by its first bytes, or None."""
    for start, kind in _STARTS.items():
        if data.startswith(start):
            return kind
    return None


def gif_frame(data):
    """Where the first frame of a GIF is: (left, top, right, bottom), and whether it has colours."""
    place = 13 + _table(data[10])
    front = data[:GIF_FRONT]
    while front[place] == 0x21:
        place = _end_of_blocks(front, place + 2)
    mark, left, top, width, height, flags = struct.unpack("<BHHHHB", data[place : place + 10])
    _end_of_blocks(data, place + 11 + _table(flags))
    if mark != 0x2C or not (width and height and (data[10] | flags) & 0x80):
        raise IndexError("the file has no first frame, or one without colours")
    return left, top, left + width, top + height


def _table(flags):
    """Bytes of a table of colours."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _end_of_blocks(data, place):
    for _ in range(most_blocks(len(data)) + 1):
        if not data[place]:
            return place + 1
        place += data[place] + 1
    raise IndexError("the file is cut into too many blocks")


def _gif(data):
    width, height = struct.unpack("<HH", data[6:10])
    _, _, right, bottom = gif_frame(data)
    return max(width, right), max(height, bottom)


def _png(data):
    return struct.unpack(">II", data[16:24])


def _bmp(data):
    """Size of a BMP that is not compressed, of `BMP_BITS` a pixel; else (0, 0)."""
    start, header, width, height, _, bits, packing = struct.unpack("<IIiiHHI", data[10:34])
    masks = struct.unpack("<III", data[54:66]) if packing == 3 else ()
    alpha = struct.unpack("<I", data[66:70])[0] if packing == 3 and header >= 56 else 0
    known = packing == 0 or (
        (packing, bits) == (3, 32) and masks == (0xFF0000, 0xFF00, 0xFF) and alpha in _ALPHA_MASKS
    )
    known &= header in (40, 52, 56, 64, 108, 124) and bits in BMP_BITS and start > 0
    return (width, abs(height)) if known else (0, 0)


def _jpeg(data):
    place = 2
    while True:
        while data[place + 1] == 0xFF:  # any number of them may stand in front of a marker
            place += 1
        if data[place] != 0xFF:
            raise IndexError("no marker where one must be")
        marker, place = data[place + 1], place + 2
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", data[place + 3 : place + 7])
            return width, height
        if marker not in _BARE:
            place += struct.unpack(">H", data[place : place + 2])[0]


_STARTS = {
    b"\xff\xd8\xff": "jpeg",
    b"\x89PNG\r\n\x1a\n": "png",
    b"GIF87a": "gif",
    b"GIF89a": "gif",
    b"BM": "bmp",
}
_SIZES = {"jpeg": _jpeg, "png": _png, "gif": _gif, "bmp": _bmp}
