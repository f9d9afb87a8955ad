"""Byte-level BPE in plain Python: the vocabularies of GPT-2, Llama 3 and Qwen.

The bytes of a text stand for the characters of the same numbers, and a SentencePiece model of type
BPE, whose scores are the ranks of the merges, joins them, word by word.
"""

import functools
import re
import sys
import unicodedata
from typing import NamedTuple

from zoo.lite.pairs import NO_TEXT, Pairs

NULL = "\u0100"  # character 0, which a SentencePiece model cannot have
WORD = "\u0102"  # before a token that is found as a whole word alone
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


class BytePairs(Pairs):
    """Text to token ids and back; see `Pairs`.

    The pieces of the SentencePiece model are `characters` of what tokens spell.

    Reference:
        Radford et al. 2019, Language Models are Unsupervised Multitask Learners, section 2.2.
    """

    magic = b"zoo byte pairs 1 "
    rules_class = Rules

    @functools.cached_property
    def _texts(self):
        pieces = map(self._processor.id_to_piece, range(self.vocab_size))
        return [p.lstrip(NO_TEXT + WORD).replace(NULL, "\0").encode("latin-1") for p in pieces]

    def _read(self, part, first):
        return [i for word in self.merged(self._words(part)) for i in word]

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

    @functools.cached_property
    def _pieces(self):
        return list(map(_name, self._texts))


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
