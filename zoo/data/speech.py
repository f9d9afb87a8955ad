"""Recordings of spoken digits, and strings of digits that are made of them."""

import hashlib
from typing import NamedTuple

import numpy as np

from zoo.data.checks import check
from zoo.data.files import advice, file_of, folder
from zoo.lite import audio

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
_FOLDER = "speech/fsdd"
_TAKES = {"test": range(5), "val": range(5, 10), "train": range(10, 50)}

# What is drawn for a string, evenly between two numbers.
_PAUSE = (0.0, 0.3)  # seconds in front of a digit, and at the end
_SPEED = (0.9, 1.1)
_GAIN = (-4.0, 4.0)  # decibels, of a digit beside the others
_NOISE = (10.0, 50.0)  # decibels by which speech is louder than the noise
_COLOR = (0.0, 0.8)  # how fast noise falls off with its frequency
_SILENCE = 1e-4  # of a recording without noise
_WITHOUT, _SINGLE = 0.02, 0.15  # shares of the strings: without a digit, and of one alone
_BARE = 0.5  # share of the single digits without a pause around them


class SpokenDigit(NamedTuple):
    """One recording: its wave, float32 (samples,) at 8 kHz, its word, speaker and take."""

    wave: np.ndarray
    word: str
    speaker: str
    take: int


def spoken_digits(split, data_dir=None):
    """Recordings of the English digits by six speakers, 2,400, 300 and 300.

    Args:
        split: `"train"`, takes 10 to 49; `"val"`, takes 5 to 9; or `"test"`, takes 0 to 4, as the
            set has it.
        data_dir: as for `zoo.data.multi30k`.

    Returns:
        list of `SpokenDigit`.

    Raises:
        ValueError: an unknown split, or a damaged set.
        FileNotFoundError: the set is not here.

    Reference:
        Jackson et al. 2018, Free Spoken Digit Dataset.
    """
    check("split", split, tuple(_TAKES))
    names = [
        (digit, speaker, take) for digit in range(10) for speaker in SPEAKERS for take in range(50)
    ]
    place, digest, found = folder(_FOLDER, data_dir), hashlib.sha256(), []
    for digit, speaker, take in names:
        name = f"{digit}_{speaker}_{take}.wav"
        try:
            data = (place / name).read_bytes()
        except FileNotFoundError:
            raise FileNotFoundError(
                f"{_FOLDER}/{name} must exist; {place} does not hold it. {advice(_FOLDER)}"
            ) from None
        digest.update(data)
        if take in _TAKES[split]:
            found.append(SpokenDigit(audio.read(data), WORDS[digit], speaker, take))
    if digest.hexdigest() != file_of(_FOLDER).sha256:
        raise ValueError(
            f"{place} is damaged or another version: the SHA-256 of its 3,000 files, one after the "
            f"other, must be {file_of(_FOLDER).sha256}; got {digest.hexdigest()}. "
            f"{advice(_FOLDER)}"
        )
    return found


def digit_strings(recordings, seed=0, noise=None):
    """Strings of one to ten digits, made of recordings: without end, the same for the same seed.

    A string is of one speaker. Its digits are louder and softer, faster and slower, with pauses
    between them, and noise over all; in two of a hundred there is noise or silence alone, and one
    in four is a single digit, often without a pause around it.

    Args:
        recordings: list of `SpokenDigit`.
        seed: int.
        noise: decibels by which speech is louder than the noise. Default: drawn for each string, 10
            to 50, and one in five without noise.

    Yields:
        Pairs of a wave, float32 (samples,) at 8 kHz, and its words, `"three one four"`.
    """
    rng = np.random.default_rng(seed)
    by_speaker = {}
    for recording in recordings:
        by_speaker.setdefault(recording.speaker, []).append(recording)
    speakers = sorted(by_speaker)
    while True:
        own = by_speaker[speakers[rng.integers(len(speakers))]]
        kind = rng.random()
        count = 0 if kind < _WITHOUT else 1 if kind < _WITHOUT + _SINGLE else rng.integers(1, 11)
        chosen = [own[i] for i in rng.integers(len(own), size=count)]
        parts = [_pause(rng)]
        for recording in chosen:
            parts += [_varied(recording.wave, rng), _pause(rng)]
        if count == 1 and rng.random() < _BARE:
            parts = parts[1:2]
        wave = np.concatenate(parts if chosen else parts * 5)
        yield _noisy(wave, rng, noise), " ".join(recording.word for recording in chosen)


def _pause(rng):
    return np.zeros(int(rng.uniform(*_PAUSE) * audio.RATE) + 1, "float32")


def _varied(wave, rng):
    """A recording at another speed, which changes its pitch, too, and of another loudness."""
    places = np.arange(0, len(wave) - 1, rng.uniform(*_SPEED))
    gain = 10 ** (rng.uniform(*_GAIN) / 20)
    return np.interp(places, np.arange(len(wave)), wave).astype("float32") * gain


def _noisy(wave, rng, decibels):
    """A wave with noise over it, and the loudest sample at 0.1 to 0.9."""
    if decibels is None:
        decibels = rng.uniform(*_NOISE) if rng.random() < 0.8 else None
    loud = np.sqrt(np.mean(wave[wave != 0] ** 2)) if wave.any() else 0.1
    level = _SILENCE if decibels is None else loud * 10 ** (-decibels / 20)
    spectrum = np.fft.rfft(rng.standard_normal(1 << len(wave).bit_length()))
    spectrum *= (1 + np.arange(len(spectrum))) ** -rng.uniform(*_COLOR)
    noise = np.fft.irfft(spectrum)[: len(wave)]
    wave = wave + noise * (level / max(noise.std(), 1e-9))
    return (wave * (rng.uniform(0.1, 0.9) / np.abs(wave).max())).astype("float32")
