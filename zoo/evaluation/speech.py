"""Measure a recogniser: how many words are wrong, and where its attention goes."""

import itertools
from typing import NamedTuple

import numpy as np

from zoo import data
from zoo.evaluation.markdown import table
from zoo.evaluation.progress import progress
from zoo.evaluation.sources import checksums

_BATCH = 32
_STRINGS = 500  # of a corpus of strings
_SEED = 2016
_SHOWN = 6


class SpeechCorpus(NamedTuple):
    """Recordings of one split of a set of spoken digits: one by one, or joined to strings.

    Attributes:
        data: key of `zoo.data.DATASETS`, which is also the name of its loader.
        split: split of the set.
        strings: whether strings of one to ten digits are made of the recordings; see
            `zoo.data.digit_strings`.
        noise: of strings, decibels by which speech is louder than the noise; None for 10 to 50.
        speaker: whose recordings alone; None for all.
    """

    data: str
    split: str
    strings: bool = True
    noise: float | None = None
    speaker: str | None = None

    compared = 100  # inputs of `compare_litert`
    unit = "texts"  # key of a result: how many were measured

    @property
    def name(self):
        """Readable and unique: `"spoken_digits test strings"`."""
        noise = None if self.noise is None else f"{self.noise:g} dB"
        parts = (self.data, self.split, "strings" if self.strings else "single", noise)
        return " ".join(filter(None, (*parts, self.speaker)))

    @property
    def checksums(self):
        """Path -> SHA-256 of the files behind the corpus; the loaders compare these on reading."""
        return checksums(self.data, "")

    def read(self, data_dir=None):
        """What `measure` needs: a list of (wave, text)."""
        recordings = getattr(data, self.data)(self.split, data_dir=data_dir)
        recordings = [one for one in recordings if self.speaker in (None, one.speaker)]
        if not self.strings:
            return [(one.wave, one.word) for one in recordings]
        strings = data.digit_strings(recordings, seed=_SEED, noise=self.noise)
        return list(itertools.islice(strings, _STRINGS))

    def measure(self, model, material, limit=None):
        """Measures a `zoo.Recognizer`; see `measure_speech`."""
        pairs = material[:limit]
        waves = [wave for wave, _ in pairs]
        batches = [waves[start : start + _BATCH] for start in range(0, len(waves), _BATCH)]
        found = [text for batch in progress(batches, self.name) for text in model.transcribe(batch)]
        return measure_speech(found, [text for _, text in pairs])

    def inputs(self, material, count):
        """The first recordings, and no options; see `compare_litert`."""
        return [wave for wave, _ in material[:count]], {}

    def score(self, model, material, answers):
        """Name and value of the measure of answers to `inputs`."""
        references = [text for _, text in material[: len(answers)]]
        return "word_error_rate", measure_speech(answers, references)["word_error_rate"]

    @staticmethod
    def summary(result):
        """One line of the figures that count."""
        return (
            f"word error rate {result['word_error_rate']:.2%}, whole texts right "
            f"{result['texts_right']:.1%} ({result['texts']} recordings, {result['words']} words)"
        )

    def section(self, result):
        """Paragraphs of the card: the first mistakes."""
        if not result["mistakes"]:
            return
        yield f"The first mistakes on {self.name}:"
        rows = [[wrong["said"], wrong["heard"]] for wrong in result["mistakes"]]
        yield table(["said", "heard"], rows)


def measure_speech(found, references):
    """The errors of transcripts.

    Args:
        found: list of str.
        references: list of as many str, what was said.

    Returns:
        dict: `texts`, `words` (of the references), `word_error_rate`, words that are wrong, missing
        or too many, by those of the references; `texts_right`, the share of whole texts that are
        right; `mistakes`, the first of those that are not.

    Raises:
        ValueError: references without a word.
    """
    pairs = [(text.split(), said.split()) for text, said in zip(found, references, strict=True)]
    words = sum(len(said) for _, said in pairs)
    if not words:
        raise ValueError(f"references must hold words; got none in {len(references)}.")
    errors = [edits(*pair) for pair in pairs]
    wrong = [i for i, count in enumerate(errors) if count]
    return {
        "texts": len(pairs),
        "words": words,
        "word_error_rate": sum(errors) / words,
        "texts_right": 1 - len(wrong) / len(pairs),
        "mistakes": [{"said": references[i], "heard": found[i]} for i in wrong[:_SHOWN]],
    }


def edits(found, wanted):
    """The fewest words to put in, leave out or exchange to make `wanted` of `found`.

    Reference:
        Levenshtein 1966; the sum over a test set is the numerator of the word error rate.
    """
    row = np.arange(len(wanted) + 1)
    for i, word in enumerate(found, 1):
        changed = np.minimum(row[:-1] + [word != one for one in wanted], row[1:] + 1)
        row = np.concatenate([[i], changed])
        # What is left out lies to the left in the same row.
        row = np.minimum.accumulate(row - np.arange(len(row))) + np.arange(len(row))
    return int(row[-1])
