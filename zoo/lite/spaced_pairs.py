"""BPE of characters with a space in front of words: the vocabularies of Llama 2 and TinyLlama.

A SentencePiece model of type BPE joins the characters of a text, whose spaces are `▁`; characters
that it does not have are spelled in bytes.
"""

import functools
from typing import NamedTuple

from zoo.lite.byte_pairs import BytePairs
from zoo.lite.pairs import NO_TEXT, Pairs
from zoo.lite.subwords import Subwords, spelled_bytes

SPACE = "▁"
FIRST, ALWAYS, LEGACY, NEVER = "first", "always", "legacy", "never"
PREFIXES = (FIRST, ALWAYS, LEGACY, NEVER)


class Spacing(NamedTuple):
    """What a vocabulary does beside merging.

    Attributes:
        prefix: where a space is put in front: of a text ("first"), or of each part of it between
            added tokens ("always"), unless it has one; of each part in any case ("legacy"); or
            nowhere ("never").
        added: dict of text -> id, the tokens that are looked for first, as they stand.
        special: list of ids that spell nothing.
    """

    prefix: str
    added: dict
    special: list


class SpacedPairs(Pairs):
    """Text to token ids and back; see `Pairs`.

    The space in front of a text comes back with it: what tokens spell goes on with what was before.
    """

    magic = b"zoo spaced pairs 1 "
    rules_class = Spacing

    @property
    def adds_space(self):
        return self.rules.prefix != NEVER

    def _read(self, part, first):
        return self._processor.encode(self._spaced(part, first))

    def _spaced(self, part, first):
        part, prefix = part.replace(" ", SPACE), self.rules.prefix
        wanted = first if prefix == FIRST else prefix != NEVER
        has_one = prefix != LEGACY and part.startswith(SPACE)
        return SPACE + part if part and wanted and not has_one else part

    @functools.cached_property
    def _texts(self):
        return list(map(spelled_bytes, self._pieces))

    @functools.cached_property
    def _pieces(self):
        names = []
        for i in range(self.vocab_size):
            piece = self._processor.id_to_piece(i)
            has_text = not (self._processor.is_control(i) or self._processor.is_unknown(i))
            names.append(piece if has_text else piece.removeprefix(NO_TEXT))
        return names


def vocabulary(proto):
    """`BytePairs`, `SpacedPairs` or `Subwords`, whichever these bytes are."""
    for kind in (BytePairs, SpacedPairs):
        if proto.startswith(kind.magic):
            return kind(proto)
    return Subwords(proto)
