"""What vocabularies of merged pairs share: added tokens, and rules beside a SentencePiece model."""

import base64
import functools
import json
import re

from zoo.lite.subwords import END_ID, Subwords, valid_unicode

NO_TEXT = "\u0101"  # before the name of a token that no text has


class Pairs(Subwords):
    """Text to token ids and back; see `Subwords`, whose methods it has.

    The texts of added tokens are those tokens wherever they stand. A subclass says how what is
    between them is read (`_read`), what tokens spell (`_texts`) and how they are shown (`_pieces`).

    Args:
        proto: from `written`, as bytes or as base64 text.

    Raises:
        ValueError: `proto` is not such bytes.

    Reference:
        Sennrich et al. 2016, Neural Machine Translation of Rare Words with Subword Units.
    """

    magic = b""  # then rules as JSON, a line end, and the SentencePiece model
    rules_class = None  # named tuple, with `added` (dict of text -> id) and `special` (list of id)

    def __init__(self, proto):
        proto = base64.b64decode(proto) if isinstance(proto, str) else bytes(proto)
        head, found, model = proto.partition(b"\n")
        if not found or not head.startswith(self.magic):
            raise ValueError(
                f"proto must be a vocabulary for {type(self).__name__}; "
                f"got {len(proto)} bytes that are not."
            )
        super().__init__(model)
        self.proto = proto
        self.rules = self.rules_class(**json.loads(head.removeprefix(self.magic)))
        added = sorted(self.rules.added, key=len, reverse=True)
        self._added = re.compile(f"({'|'.join(map(re.escape, added))})") if added else None

    @classmethod
    def written(cls, rules, model):
        """A vocabulary as bytes.

        Args:
            rules: of `rules_class`.
            model: bytes, the SentencePiece model.
        """
        return cls.magic + json.dumps(rules._asdict()).encode("ascii") + b"\n" + model

    def _check_special(self):
        """0 to 3 are special by their number alone: an end token may have a text."""

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
            raise ValueError(f"sampling must be 0 for merged pairs; got sampling={sampling}.")
        return [self._encoded(valid_unicode(text)) for text in texts]

    def _encoded(self, text):
        parts = self._added.split(text) if self._added else [text]
        ids = []
        for i, part in enumerate(parts):
            ids += [self.rules.added[part]] if i % 2 else self._read(part, first=i == 0)
        return ids

    def decode(self, ids):
        """List of lists of ids -> list of str. Special tokens are left out."""
        rows = (b"".join(self.spelled[i] for i in row if i > END_ID) for row in ids)
        return [row.decode("utf-8", "replace") for row in rows]

    def pieces(self, ids):
        """List of ids -> list of tokens as text, `▁` for a space.

        A token that is a part of a character has its bytes, such as `<0xE4>`.
        """
        return [self._pieces[int(i)] for i in ids]

    def id_of(self, piece):
        if piece not in self._pieces:
            raise ValueError(f"piece must be a token of the vocabulary; got {piece!r}.")
        return self._pieces.index(piece)
