"""What a vocabulary is trained on: lines that SentencePiece takes, and room for their letters."""

import collections
import os
import unicodedata
from collections.abc import Iterable, Mapping

from zoo.lite.subwords import valid_unicode

_FIXED = 262  # tokens that are no text: special ones, bytes, and two for white space
_LONGEST = 4_192  # bytes of a line; SentencePiece leaves out what is longer
_CHUNK = _LONGEST // 4  # characters, of at most 4 bytes
_RESERVED = "\u2585"  # SentencePiece leaves out a line with it
_SHARE = 0.75  # of the room in a vocabulary, for single characters where there are too many
_MARGIN = 32  # characters by which its normalisation and that of Python may differ


def checked_lines(lines):
    """The lines as valid Unicode.

    Raises:
        TypeError: a str, which would be taken letter by letter, or an item that is none.
    """
    if isinstance(lines, (str, bytes, os.PathLike, Mapping)) or not isinstance(lines, Iterable):
        hint = " For a file: open(path, encoding='utf-8')." if _may_be_path(lines) else ""
        raise TypeError(
            f"lines must be an iterable of str, such as a list; got {type(lines).__name__}: "
            f"{lines!r:.200}.{hint}"
        )
    for i, line in enumerate(lines):
        if not isinstance(line, str):
            raise TypeError(
                f"lines must be an iterable of str; got {type(line).__name__} at index {i}: "
                f"{line!r:.60}."
            )
        yield valid_unicode(line)


def split_lines(lines):
    """The lines that hold text, each short enough; a long one is split, at a space if it can be."""
    for line in lines:
        for part in line.split(_RESERVED):
            if len(part) > _CHUNK and len(part.encode()) > _LONGEST:
                yield from filter(str.strip, _chunks(part))
            elif part.strip():
                yield part


def with_room(lines, vocab_size, coverage, normalized):
    """The lines, without rare characters where a vocabulary has no room for all of them.

    SentencePiece would refuse to train, and takes no coverage below 0.98. Three quarters of the
    room are for the most frequent characters; the others become spaces here, and are spelled in
    bytes.

    Args:
        lines: list of str.
        vocab_size: int.
        coverage: float, the share of characters that is wished for.
        normalized: whether the text will be normalised (NFKC).

    Returns:
        `lines` and `coverage`, or a new list and 1.0.
    """
    if normalized:
        plain = [unicodedata.normalize("NFKC", line) for line in lines]
    else:
        plain = lines
    counts = collections.Counter()
    for line in plain:
        counts.update("".join(line.split()))
    room, total = vocab_size - _FIXED, counts.total()
    ranked, seen, wished = counts.most_common(), 0, 0
    while wished < len(ranked) and seen < coverage * total:
        seen += ranked[wished][1]
        wished += 1
    if wished + _MARGIN <= room:
        return lines, coverage
    rare = {ord(letter): " " for letter, _ in ranked[int(_SHARE * room) :]}
    cleared = (line.translate(rare) for line in plain)
    return [line for line in cleared if line.strip()], 1.0


def _chunks(line):
    start = 0
    while start < len(line):
        end = start + _CHUNK
        space = line.rfind(" ", start + _CHUNK // 2, end) if end < len(line) else -1
        end = space if space > 0 else end
        yield line[start:end]
        start = end


def _may_be_path(lines):
    return isinstance(lines, os.PathLike) or (
        isinstance(lines, (str, bytes)) and len(lines) < 4096 and os.path.exists(lines)
    )
