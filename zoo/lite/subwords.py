"""A SentencePiece vocabulary in plain Python."""

import base64
import re

import sentencepiece

PAD_ID, UNKNOWN_ID, START_ID, END_ID = 0, 1, 2, 3
_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_WARNINGS = 1  # of the levels of SentencePiece's log; below it, each load of a vocabulary is told


class Subwords:
    """Text to token ids and back.

    Args:
        proto: a serialized SentencePiece model, as bytes or as base64 text. It must have
            padding 0, unknown 1, start 2, end 3, and byte fallback.

    Raises:
        ValueError: `proto` is not such a model.

    Reference:
        Kudo and Richardson 2018, SentencePiece; sampling: Kudo 2018, Subword Regularization.
    """

    adds_space = False  # whether a space is put in front of a text, which what tokens spell has too

    def __init__(self, proto):
        self.proto = base64.b64decode(proto) if isinstance(proto, str) else bytes(proto)
        self.model = self.proto  # what SentencePiece reads
        sentencepiece.set_min_log_level(_WARNINGS)
        self._processor = sentencepiece.SentencePieceProcessor()
        try:
            self._processor.LoadFromSerializedProto(self.proto)
        except RuntimeError as error:
            raise ValueError(
                f"proto must be a SentencePiece model; got {len(self.proto)} bytes that are not."
            ) from error
        self._check_special()

    def _check_special(self):
        special = tuple(
            getattr(self._processor, name)() for name in ("pad_id", "unk_id", "bos_id", "eos_id")
        )
        if special != (PAD_ID, UNKNOWN_ID, START_ID, END_ID):
            raise ValueError(
                f"proto must have padding, unknown, start and end tokens 0, 1, 2, 3; got {special}."
            )

    @property
    def vocab_size(self):
        """Number of tokens, V."""
        return self._processor.vocab_size()

    def encode(self, texts, sampling=0.0):
        """List of str -> list of lists of ids, without start and end tokens.

        Args:
            texts: list of str.
            sampling: alpha of subword regularisation; 0 takes the best segmentation. Above it, each
                call draws one, of probability proportional to its own to the power of alpha.
        """
        texts = [valid_unicode(text) for text in texts]
        if not sampling:
            return self._processor.encode(texts)
        return self._processor.encode(texts, enable_sampling=True, alpha=sampling, nbest_size=-1)

    def decode(self, ids):
        """List of lists of ids -> list of str. Special tokens are left out."""
        rows = [[i for i in row if i > END_ID] for row in ids]
        return self._processor.decode(rows) if rows else []  # to SentencePiece, [] is one row

    def pieces(self, ids):
        """List of ids -> list of tokens as text, `▁` for a space."""
        return [self._processor.id_to_piece(int(i)) for i in ids]

    @property
    def spelled(self):
        """The bytes that each token adds to a text: a list of V, of special tokens empty."""
        spelled = list(map(spelled_bytes, self.pieces(range(self.vocab_size))))
        silent = [i <= END_ID or self._processor.is_control(i) for i in range(self.vocab_size)]
        return [b"" if no_text else text for no_text, text in zip(silent, spelled, strict=True)]

    def id_of(self, piece):
        """The id of a token as text.

        Raises:
            ValueError: there is no such token.
        """
        number = self._processor.piece_to_id(piece)
        if number == UNKNOWN_ID:
            raise ValueError(f"piece must be a token of the vocabulary; got {piece!r}.")
        return number


def spelled_bytes(piece):
    """The bytes that a piece of a SentencePiece model stands for."""
    match = _BYTE.fullmatch(piece)
    return bytes([int(match[1], 16)]) if match else piece.replace("▁", " ").encode()


def prompt_ids(ids, room, start_token=True):
    """The newest tokens of a prompt, as a language model reads them.

    Args:
        ids: list of int.
        room: int, the most tokens of them.
        start_token: whether the start token stands in front. It stands for an empty prompt in any
            case.
    """
    return [START_ID] * (start_token or not ids) + ids[-room:]


def continued(prompt, text, adds_space):
    """A prompt and what tokens have spelled after it, as one text.

    Args:
        prompt, text: str.
        adds_space: of the vocabulary; the space in front of a text that begins here is left out.
    """
    return prompt + (text.removeprefix(" ") if adds_space and not prompt else text)


def valid_unicode(text):
    """`text` with lone surrogates, which have no UTF-8, as U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
