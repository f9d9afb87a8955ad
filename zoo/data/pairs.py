"""Pairs of any origin: read your own, and drop what a training set is better without."""

import re
import statistics
import warnings
from pathlib import Path
from typing import NamedTuple

# Controls other than white space, and the mark of a broken decoding.
_DAMAGE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]")


class PairsRead(NamedTuple):
    """What a file of pairs holds, and what of it was left out.

    Attributes:
        pairs: list of `(source, target)`, both stripped and not empty.
        blank_lines: how many lines were skipped, since they are blank.
        wider_lines: of how many lines the columns behind the second were ignored.
    """

    pairs: list
    blank_lines: int
    wider_lines: int

    @property
    def left_out(self):
        """One line on what was left out, or "" if nothing was."""
        found = (
            (self.blank_lines, "blank lines, skipped"),
            (self.wider_lines, "lines with further columns, which are ignored"),
        )
        return "; ".join(f"{what}: {count}" for count, what in found if count)


def read_pairs(path):
    """`(source, target)` pairs from your own tab-separated file; see `inspect_pairs`.

    It warns of what it leaves out.

    Args:
        path: str or path.

    Returns:
        list of `(source, target)`, both stripped and not empty.

    Raises:
        FileNotFoundError, ValueError: as for `inspect_pairs`.
    """
    read = inspect_pairs(path)
    if read.left_out:
        warnings.warn(f"{path}: {len(read.pairs)} pairs; {read.left_out}.", stacklevel=2)
    return read.pairs


def inspect_pairs(path):
    """The pairs of your own tab-separated file, and how many lines were left out.

    The file is UTF-8, a pair a line: source, TAB, target; further columns are ignored. Blank lines
    and a byte-order mark are skipped; line ends are LF or CRLF.

    Args:
        path: str or path.

    Returns:
        A `PairsRead`.

    Raises:
        FileNotFoundError: `path` is not a file.
        ValueError: it holds no pair, or a line is not UTF-8, has one column or an empty side; the
            message names the file and the line.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"path must be an existing file; got path={str(path)!r}.")
    pairs, blank, wider = [], 0, 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            where = f"{path}, line {number}"
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{where}: text must be UTF-8; got byte 0x{line[error.start]:02x} "
                    f"after {error.start} bytes."
                ) from error
            if not text.strip():
                blank += 1
                continue
            columns = [column.strip() for column in text.split("\t")]
            if len(columns) < 2:
                raise ValueError(
                    f"{where}: a line must be source TAB target; got 1 column: {text.strip()!r:.80}"
                )
            if not (columns[0] and columns[1]):
                raise ValueError(
                    f"{where}: source and target must not be empty; got {columns[:2]!r:.80}"
                )
            wider += len(columns) > 2
            pairs.append((columns[0], columns[1]))
    if not pairs:
        raise ValueError(
            f"{path}: the file must hold at least one pair; got {path.stat().st_size} bytes."
        )
    return PairsRead(pairs, blank, wider)


def clean(pairs, max_chars=300, max_ratio=3.0, held_out=(), report=None):
    """What is left of a noisy training set, in its order.

    Dropped is, in this order,

    - a pair with a side that has no letter or digit, or has damaged characters (controls, U+FFFD);
    - a pair with the same text on both sides, but for case: untranslated user interface;
    - a pair with a side longer than `max_chars`: key word indices and advertisements, mostly;
    - a pair whose length ratio is more than `max_ratio` times off the usual one, which is the
      median of what is left so far: about 1.0 for French to German, 0.32 for Chinese to English;
    - a pair that shares a side with one of `held_out`, whatever the case, the spaces and the
      punctuation;
    - every copy of a pair but the first.

    With the defaults, Multi30k loses its repeated captions and two that read `@@`, nothing else.

    Args:
        pairs: iterable of `(source, target)`.
        max_chars: int >= 1, characters of one side.
        max_ratio: float >= 1.
        held_out: iterable of tuples of sentences, such as the pairs that will be used to evaluate.
        report: called with one line that says what was dropped and why, such as `print`; or None.

    Returns:
        list of `(source, target)`; the same for the same arguments.

    Raises:
        ValueError: `max_chars` or `max_ratio` is too small.
    """
    if max_chars < 1:
        raise ValueError(f"max_chars must be >= 1; got max_chars={max_chars}.")
    if max_ratio < 1:
        raise ValueError(f"max_ratio must be >= 1; got max_ratio={max_ratio}.")
    kept = list(pairs)
    seen = {comparable(side) for sides in held_out for side in sides} - {""}
    usual = None

    def is_usual(source, target):
        nonlocal usual
        if usual is None:  # of what the first rule left
            usual = statistics.median(len(source) / len(target) for source, target in kept)
        off = len(source) / len(target) / usual
        return max(off, 1 / off) <= max_ratio

    rules = {
        "no text, equal sides or too long": lambda *pair: _is_pair(*pair, max_chars),
        "another length ratio": is_usual,
        "held out": lambda *pair: seen.isdisjoint(map(comparable, pair)),
    }
    dropped = {}
    for reason, rule in rules.items():
        left = [pair for pair in kept if rule(*pair)]
        dropped[reason], kept = len(kept) - len(left), left
    left = list(dict.fromkeys(kept))
    dropped["repeated"] = len(kept) - len(left)
    if report is not None:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in dropped.items())
        report(f"{len(left):,} pairs kept; dropped: {reasons}")
    return left


def comparable(text):
    """What makes a sentence the same one: its letters and digits, whatever their case."""
    return "".join(filter(str.isalnum, text.casefold()))


def _is_pair(source, target, max_chars):
    return (
        _is_text(source)
        and _is_text(target)
        and source.casefold() != target.casefold()
        and max(len(source), len(target)) <= max_chars
    )


def _is_text(text):
    return any(map(str.isalnum, text)) and not _DAMAGE.search(text)
