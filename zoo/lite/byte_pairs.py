"""Byte-level BPE in plain Python: the vocabularies of GPT-2, Llama 3 and Qwen.

The bytes of a text stand for the characters of the same numbers, and a SentencePiece model of type
BPE, whose scores are the ranks of the merges, joins them, word by word.
"""

import base64
import functools
import json
import re
import sys
import unicodedata
from typing import NamedTuple

from zoo.lite.subwords import END_ID, Subwords, valid_unicode

MAGIC = b"zoo byte pairs 1 "  # then rules as JSON, a line end, and the SentencePiece model
NULL = "\u0100"  # character 0, which a SentencePiece model cannot have
WORD = "\u0102"  # before a token that is found as a whole word alone
NO_TEXT = "\u0101"  # before the name of a token that no text has
WHITE_SPACE = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"


class Pattern(NamedTuple):
    r"""How a text is cut into words, in which pairs are merged.

    Attributes:
        regex: of a word, as in a `tokenizer.json`. It ends with `\s+(?!\S)|\s+`: white space in
            front of a word leaves its last character to the word.
        kept: the characters that white space does not leave to the word.
    """

    regex: str
    kept: str


_WORD = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
PATTERNS = {
    "gpt2": Pattern(
        r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", ""
    ),
    "llama3": Pattern(_WORD + r"\p{N}{1,3}" + _REST, "\r\n"),
    "qwen2": Pattern(_WORD + r"\p{N}" + _REST, "\r\n"),
}


class Rules(NamedTuple):
    """What a vocabulary does beside merging.

    Attributes:
        pattern: name in `PATTERNS`.
        digits: whether each digit is a word, before the pattern is asked.
        nfc: whether text is normalised (NFC).
        added: dict of text -> id, the tokens that are looked for first, as they stand.
        special: list of ids that spell nothing.
        words: list of ids of tokens that are found as whole words alone.
    """

    pattern: str
    digits: bool
    nfc: bool
    added: dict
    special: list
    words: list


def written(rules, model):
    """A vocabulary as bytes.

    Args:
        rules: `Rules`.
        model: bytes, the SentencePiece model, whose pieces are `characters` of what tokens spell.
    """
    return MAGIC + json.dumps(rules._asdict()).encode("ascii") + b"\n" + model


def vocabulary(proto):
    """`BytePairs`, or `Subwords`, whichever these bytes are."""
    return (BytePairs if proto.startswith(MAGIC) else Subwords)(proto)


class BytePairs(Subwords):
    """Text to token ids and back; see `Subwords`, whose methods it has.

    Args:
        proto: from `written`, as bytes or as base64 text.

    Raises:
        ValueError: `proto` is not such bytes.

    Reference:
        Sennrich et al. 2016, Neural Machine Translation of Rare Words with Subword Units; Radford
        et al. 2019, section 2.2 (bytes).
    """

    def __init__(self, proto):
        proto = base64.b64decode(proto) if isinstance(proto, str) else bytes(proto)
        head, found, model = proto.partition(b"\n")
        if not found or not head.startswith(MAGIC):
            raise ValueError(
                f"proto must be a vocabulary of byte pairs; got {len(proto)} bytes that are not."
            )
        super().__init__(model)
        self.proto = proto
        self.rules = Rules(**json.loads(head.removeprefix(MAGIC)))
        added = sorted(self.rules.added, key=len, reverse=True)
        self._added = re.compile(f"({'|'.join(map(re.escape, added))})") if added else None

    def _check_special(self):
        """0 to 3 are special by their number alone: an end token may have a text."""

    @functools.cached_property
    def _texts(self):
        pieces = map(self._processor.id_to_piece, range(self.vocab_size))
        return [p.lstrip(NO_TEXT + WORD).replace(NULL, "\0").encode("latin-1") for p in pieces]

    @functools.cached_property
    def spelled(self):
        """See `Subwords`."""
        special = {*range(END_ID + 1), *self.rules.special}
        return [b"" if i in special else text for i, text in enumerate(self._texts)]

    def encode(self, texts, sampling=0.0):
        """See `Subwords`. There is no sampling.

        Raises:
            ValueError: `sampling` is not 0.
        """
        if sampling:
            raise ValueError(f"sampling must be 0 for byte pairs; got sampling={sampling}.")
        return [self._encoded(valid_unicode(text)) for text in texts]

    def _encoded(self, text):
        parts = self._added.split(text) if self._added else [text]
        ids = []
        for i, part in enumerate(parts):
            if i % 2:
                ids.append(self.rules.added[part])
            else:
                for word in self.merged(self._words(part)):
                    ids += word
        return ids

    def merged(self, words):
        """List of words, str or bytes -> list of lists of ids."""
        letters = map(characters, words)
        return self._processor.encode(
            [WORD + word if word in self.words else word for word in letters]
        )

    @functools.cached_property
    def words(self):
        """Words that are tokens though no merge makes them: a set of their `characters`."""
        return {characters(self._texts[i]) for i in self.rules.words}

    def _words(self, text):
        if self.rules.nfc:
            text = unicodedata.normalize("NFC", text)
        regex = _compiled(PATTERNS[self.rules.pattern].regex)
        parts = _compiled(r"(\p{N})").split(text) if self.rules.digits else [text]
        return [word for part in parts for word in regex.findall(part)]

    def decode(self, ids):
        """List of lists of ids -> list of str. Special tokens are left out."""
        rows = (b"".join(self.spelled[i] for i in row if i > END_ID) for row in ids)
        return [row.decode("utf-8", "replace") for row in rows]

    def pieces(self, ids):
        """List of ids -> list of tokens as text, `▁` for a space.

        A token that is a part of a character has its bytes, such as `<0xE4>`.
        """
        return [self._pieces[int(i)] for i in ids]

    @functools.cached_property
    def _pieces(self):
        return list(map(_name, self._texts))

    def id_of(self, piece):
        if piece not in self._pieces:
            raise ValueError(f"piece must be a token of the vocabulary; got {piece!r}.")
        return self._pieces.index(piece)


def characters(text):
    """A str with a character for each byte of a text: a str, or bytes."""
    text = text.encode() if isinstance(text, str) else text
    return text.decode("latin-1").replace("\0", NULL)


def _name(text):
    try:
        return text.decode().replace(" ", "▁")
    except UnicodeDecodeError:
        return "".join(f"<0x{byte:02X}>" for byte in text)


def translated(regex, classes):
    r"""A regular expression in which classes of characters have another notation.

    Args:
        regex: str, with `\s`, `\S`, `\p{L}` and `\p{N}`.
        classes: dict of "s", "L" and "N" to what stands between brackets for it.
    """
    found, inside = [], False
    for part in re.findall(r"(?s)\\p\{[LN]\}|\\.|.", regex):
        if part in ("[", "]"):
            inside = part == "["
        if part == r"\S":
            part = f"[^{classes['s']}]"
        elif part == r"\s" or part.startswith(r"\p"):
            members = classes[part[-2] if part.startswith(r"\p") else "s"]
            part = members if inside else f"[{members}]"
        found.append(part)
    return "".join(found)


@functools.cache
def _compiled(regex):
    classes = {"s": WHITE_SPACE, "L": _ranges("L"), "N": _ranges("N")}
    return re.compile(translated(regex, classes))


@functools.cache
def _ranges(category):
    """The characters of a category as ranges, for brackets; Python's expressions have no name."""
    ranges, begin = [], None
    for number in range(sys.maxunicode + 2):
        within = number <= sys.maxunicode and unicodedata.category(chr(number))[0] == category
        if within and begin is None:
            begin = number
        elif not within and begin is not None:
            ranges.append(f"{chr(begin)}-{chr(number - 1)}")
            begin = None
    return "".join(ranges)
