"""Text to token ids and back."""

from zoo.text.sentencepiece import (
    END_ID,
    PAD_ID,
    START_ID,
    UNKNOWN_ID,
    SentencePieceTokenizer,
)

__all__ = ["END_ID", "PAD_ID", "START_ID", "UNKNOWN_ID", "SentencePieceTokenizer"]
