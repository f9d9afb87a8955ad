"""Tokens as a reader wants to see them, in fonts that every machine has."""

import functools
import itertools
import re
import textwrap
import unicodedata
from pathlib import Path

FONT = Path(__file__).parent / "fonts" / "ZooSansCJK.otf"
FAMILIES = ("DejaVu Sans", "Zoo Sans CJK")
BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


@functools.cache
def glyphs():
    """Make the bundled font known to matplotlib; return the code points that FAMILIES draw."""
    from matplotlib import font_manager, ft2font

    font_manager.fontManager.addfont(FONT)
    paths = [font_manager.findfont(family, fallback_to_default=False) for family in FAMILIES]
    return frozenset().union(*(ft2font.FT2Font(path).get_charmap() for path in paths))


def drawable(text):
    """Return `text` with ⏎ for a line end, U+XXXX for another control or what no font here has."""
    known = glyphs()
    text = text.replace("\n", "⏎")
    return "".join(c if c.isprintable() and ord(c) in known else f"U+{ord(c):04X}" for c in text)


def readable(tokens):
    """Return one label for each SentencePiece token.

    The space marker goes from the front of a word and is ␣ where it stands alone. A character that
    is spelled in bytes stands at its first byte, with a dot at each further byte; bytes that are
    not UTF-8 stay as they are.

    Args:
        tokens: list of str, such as `["▁Zwei", "▁H", "unde", "<0xC3>", "<0xA4>", "</s>"]`.

    Returns:
        list of str of the same length: `["Zwei", "H", "unde", "ä", "·", "</s>"]`.
    """
    labels = []
    for spelled, run in itertools.groupby(tokens, key=lambda token: bool(BYTE.fullmatch(token))):
        labels += (_spell if spelled else _pieces)(list(run))
    return [drawable(label) for label in labels]


def is_wide(text):
    """Return whether `text` is all ideographs and their punctuation, each one em wide."""
    return all(unicodedata.east_asian_width(c) in "WF" for c in text)


def wrap(text, inches, size):
    """Return `text` as a list of at most three lines that fit into `inches` at `size` points."""
    # The mean advance of a DejaVu Sans letter is below 0.6 em.
    columns = int(inches * 72 / size / (1.0 if any(map(is_wide, text)) else 0.6))
    return textwrap.wrap(drawable(" ".join(text.split())), columns, max_lines=3, placeholder=" …")


def _pieces(run):
    return [token.removeprefix("▁").replace("▁", " ") or "␣" for token in run]


def _spell(run):
    try:
        text = bytes(int(BYTE.fullmatch(token)[1], 16) for token in run).decode()
    except UnicodeDecodeError:
        return run
    return [label for c in text for label in [c] + ["·"] * (len(c.encode()) - 1)]
