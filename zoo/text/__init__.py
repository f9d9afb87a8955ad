"""Text to token ids and back, and the forms of poems."""

from zoo.text.forms import Form, FormTables
from zoo.text.sentencepiece import (
    END_ID,
    PAD_ID,
    START_ID,
    UNKNOWN_ID,
    SentencePieceTokenizer,
)

__all__ = [
    "END_ID",
    "PAD_ID",
    "START_ID",
    "UNKNOWN_ID",
    "Form",
    "FormTables",
    "SentencePieceTokenizer",
]
