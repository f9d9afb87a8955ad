"""Text to token ids and back, sentences, and the forms of poems."""

from zoo.lite.sentences import cut_sentences
from zoo.text.forms import Form, FormTables, lines
from zoo.text.sentencepiece import (
    END_ID,
    PAD_ID,
    START_ID,
    UNKNOWN_ID,
    SentencePieceTokenizer,
)
from zoo.text.stops import Stops, checked_stops

__all__ = [
    "END_ID",
    "PAD_ID",
    "START_ID",
    "UNKNOWN_ID",
    "Form",
    "FormTables",
    "SentencePieceTokenizer",
    "Stops",
    "checked_stops",
    "cut_sentences",
    "lines",
]
