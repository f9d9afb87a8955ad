"""Text to token ids and back, sentences, and the forms of poems."""

from zoo.lite.languages import LANGUAGES, language_of, warn_of_another
from zoo.lite.sentences import Cut as SentenceCut
from zoo.lite.sentences import cut_sentences, parts_of
from zoo.text.byte_pairs import BytePairTokenizer
from zoo.text.forms import Form, FormTables, lines
from zoo.text.replacing import simplified
from zoo.text.sentencepiece import (
    END_ID,
    PAD_ID,
    START_ID,
    UNKNOWN_ID,
    SentencePieceTokenizer,
)
from zoo.text.spaced_pairs import SpacedPairTokenizer
from zoo.text.stops import Stops, checked_stops
from zoo.text.vectors import rarity, word_vectors
from zoo.text.words import words

__all__ = [
    "END_ID",
    "LANGUAGES",
    "PAD_ID",
    "START_ID",
    "UNKNOWN_ID",
    "BytePairTokenizer",
    "Form",
    "FormTables",
    "SentenceCut",
    "SentencePieceTokenizer",
    "SpacedPairTokenizer",
    "Stops",
    "checked_stops",
    "cut_sentences",
    "language_of",
    "lines",
    "parts_of",
    "rarity",
    "simplified",
    "warn_of_another",
    "word_vectors",
    "words",
]
