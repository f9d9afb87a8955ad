"""WAV files to log-mel frames with numpy, as `zoo.audio` does it with TensorFlow.

A wave is float32 (samples,) in -1..1 at 8,000 samples a second. Frames are 25 ms long and begin
every 10 ms; each is the logarithm of its energy in 40 bands that are spaced as the ear hears them.
"""

import functools
import math
import os
import struct

import numpy as np

from zoo.system import read_file

RATE = 8_000  # samples a second, of all waves
BANDS = 40
WINDOW, HOP, SPECTRUM = 200, 80, 256  # samples of a frame, between two, and of its spectrum
SECONDS = 30  # the longest recording
RATES = (1_000, 200_000)  # samples a second that a file may have
DECADES = 4.0  # of energy below the loudest band of a recording, under which all is silence
EMPTY = -9.0  # what fills up the frames of a batch
CROSSINGS = 8  # of the sinc on each side, in resampling
BLOCK = 2**18  # samples that are weighed together in resampling, which bounds its memory
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE  # kinds of samples in a WAV file
_FORMATS = {(PCM, 8), (PCM, 16), (PCM, 24), (PCM, 32), (FLOAT, 32), (FLOAT, 64)}
_RULE = "audio must be a WAV file with samples of 8, 16, 24 or 32 bits"
_OTHERS = {b"ID3": "an MP3", b"OggS": "an Ogg", b"fLaC": "a FLAC", b"caff": "a CAF"}


def read(audio, rate=RATE, name="the audio"):
    """A recording of any kind as a wave.

    Args:
        audio: a path (str or path-like), the bytes of a WAV file, or an array (samples,) or
            (samples, channels): floats in -1..1, or int16. Channels are averaged.
        rate: samples a second of an array.
        name: what to call it in an error, where it is no path.

    Returns:
        float32 (samples,), at 8,000 samples a second.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: something else than audio.
        ValueError: no WAV file, a damaged one, one without samples, or one that is too long.
    """
    if isinstance(audio, (str, os.PathLike)):
        name = str(audio)
        audio = read_file(audio, "audio")
    if isinstance(audio, (bytes, bytearray)):
        samples, rate = parse(bytes(audio), name)
    else:
        samples = _samples(audio, name)
        if isinstance(rate, bool) or not isinstance(rate, (int, np.integer)):
            raise TypeError(f"rate must be an int; got rate={rate!r}.")
        if not RATES[0] <= rate <= RATES[1]:
            raise ValueError(f"rate must be from {RATES[0]} to {RATES[1]}; got rate={rate}.")
        _check_length(len(samples), int(rate), name)
    return resampled(samples, int(rate))


def parse(data, name="the audio"):
    """The bytes of a WAV file -> float32 (samples,), the mean of its channels, and their rate.

    Raises:
        ValueError: see `read`.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        kind = next((kind for mark, kind in _OTHERS.items() if data.startswith(mark)), None)
        kind = "an MP3" if kind is None and data[:1] == b"\xff" and len(data) > 4 else kind
        what = f"{kind} file" if kind else "something else" if data else "no bytes"
        raise ValueError(f"{_RULE}; got {name}: {what}.")
    layout, place = None, 12
    while place + 8 <= len(data):
        mark, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        if mark == b"fmt ":
            layout = _layout(data[place + 8 : place + 8 + size], name)
        if mark == b"data" and layout is not None:
            kind, bits, channels, rate = layout
            step = channels * bits // 8
            # A recorder that was stopped has not written how much there is: what is there counts.
            count = min(size, len(data) - place - 8) // step
            _check_length(count, rate, name)
            return _decoded(data[place + 8 :][: count * step], kind, bits, channels), rate
        place += 8 + size + size % 2
    missing = "its format" if layout is None else "its samples"
    raise ValueError(f"{_RULE}; got {name}: it ends before {missing}.")


def _layout(chunk, name):
    """The format chunk of a file -> (kind, bits, channels, rate)."""
    if len(chunk) < 16:
        raise ValueError(f"{_RULE}; got {name}: it ends before its format.")
    kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", chunk[:16])
    if kind == EXTENSIBLE and len(chunk) >= 26:
        kind = int.from_bytes(chunk[24:26], "little")
    if (kind, bits) not in _FORMATS or not channels:
        what = f"format {kind} with {bits} bits and {channels} channels"
        raise ValueError(f"{_RULE}; got {name}: {what}.")
    if not RATES[0] <= rate <= RATES[1]:
        raise ValueError(
            f"audio must have {RATES[0]} to {RATES[1]} samples a second; got {name}: {rate}."
        )
    return kind, bits, channels, rate


def _check_length(count, rate, name):
    if not count:
        raise ValueError(f"audio must hold samples; got {name}: none.")
    if count > SECONDS * rate:
        raise ValueError(
            f"audio must be at most {SECONDS} seconds long; got {name}: {count / rate:.1f} "
            "seconds. Cut it where somebody pauses."
        )


def _decoded(body, kind, bits, channels):
    if kind == FLOAT:
        samples = np.frombuffer(body, f"<f{bits // 8}").astype("float32")
        samples = np.where(np.isfinite(samples), samples, 0)
    elif bits == 24:
        parts = np.frombuffer(body, "u1").reshape(-1, 3).astype("int32")
        whole = parts[:, 0] + (parts[:, 1] << 8) + (parts[:, 2] << 16)
        samples = (whole - ((whole >> 23) << 24)).astype("float32") / 2**23
    elif bits == 8:
        samples = (np.frombuffer(body, "u1").astype("float32") - 128) / 2**7
    else:
        samples = np.frombuffer(body, f"<i{bits // 8}").astype("float32") / 2 ** (bits - 1)
    return np.clip(samples, -1, 1).reshape(-1, channels).mean(axis=1, dtype="float32")


def _samples(array, name):
    """An array of a user as float32 (samples,)."""
    if not isinstance(array, np.ndarray):
        raise TypeError(
            "audio must be a path, bytes or an array; "
            f"got {name}: {array!r:.60} ({type(array).__name__})."
        )
    if array.ndim not in (1, 2) or array.ndim == 2 and not 1 <= array.shape[1] <= 8:
        raise ValueError(
            "audio must have shape (samples,) or (samples, channels); "
            f"got {name}: an array of shape {array.shape}."
        )
    if array.dtype == np.int16:
        array = array.astype("float32") / 2**15
    if array.dtype.kind != "f" or not np.all(np.abs(array) <= 1):
        numeric = array.dtype.kind in "iuf" and array.size
        extent = f" from {array.min():g} to {array.max():g}" if numeric else ""
        raise ValueError(
            f"audio must be floats in -1..1, or int16; got {name}: {array.dtype}{extent}."
        )
    array = array.astype("float32")
    return array if array.ndim == 1 else array.mean(axis=1)


def resampled(samples, rate):
    """A recording of any rate at 8,000 samples a second, by a windowed sinc.

    Reference:
        Smith, Digital Audio Resampling Home Page, the bandlimited interpolation of a signal.
    """
    if rate == RATE:
        return samples
    cutoff = min(1.0, RATE / rate)
    reach = max(CROSSINGS, -(-CROSSINGS * rate // RATE))  # samples on each side
    count = -(-len(samples) * RATE // rate)
    around = np.concatenate([np.zeros(reach, "float32"), samples, np.zeros(reach + 1, "float32")])
    taps = np.arange(-reach, reach + 1)
    found, rows = np.empty(count, "float32"), BLOCK // len(taps)
    for start in range(0, count, rows):
        places = np.arange(start, min(start + rows, count), dtype="int64")
        whole, part = np.divmod(places * rate, RATE)
        away = (part / RATE).astype("float32")[:, None] - taps.astype("float32")
        weights = np.sinc(cutoff * away) * np.cos(math.pi / 2 * away / (reach + 1)) ** 2 * cutoff
        heard = around[whole[:, None] + taps + reach]
        found[places] = np.sum(heard * weights.astype("float32"), axis=1)
    return found


def log_mel(wave):
    """A wave -> its frames, float32 (frames, 40), in -1..1, of which 1 is the loudest band.

    What is more than 4 decades of energy below that is -1, so that a recording that is twice as
    loud gives the same frames. One of silence alone gives 1 everywhere.
    """
    short = max(0, WINDOW - len(wave))
    wave = np.pad(np.asarray(wave, "float32"), (0, short))
    frames = np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[::HOP] * hann()
    energy = np.abs(np.fft.rfft(frames, SPECTRUM)).astype("float32") ** 2
    bands = np.log10(np.maximum(energy @ mel_matrix(), 1e-10))
    loudest = bands.max()
    return (np.maximum(bands - loudest, -DECADES) * (2 / DECADES) + 1).astype("float32")


@functools.cache
def hann():
    """The window of a frame, float32 (200,)."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype("float32")


@functools.cache
def mel_matrix():
    """The share of each line of a spectrum in each band: float32 (129, 40).

    Triangles of the same width in mel, 2595 log10(1 + f / 700), from 60 Hz to 3,900 Hz; a band
    between two lines of the spectrum takes from both.
    """
    lines = np.linspace(0, RATE / 2, SPECTRUM // 2 + 1)
    edges = 700 * (10 ** (np.linspace(_mel(60), _mel(3_900), BANDS + 2) / 2595) - 1)
    low, middle, high = (edges[i : i + BANDS] for i in range(3))
    spacing = lines[1]
    low, high = np.minimum(low, middle - spacing), np.maximum(high, middle + spacing)
    rising = (lines[:, None] - low) / (middle - low)
    falling = (high - lines[:, None]) / (high - middle)
    return np.maximum(0, np.minimum(rising, falling)).astype("float32")


def _mel(frequency):
    return 2595 * math.log10(1 + frequency / 700)
