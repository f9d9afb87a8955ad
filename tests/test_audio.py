"""WAV files to frames: numpy and the graph by the same rules."""

import tracemalloc
import wave

import numpy as np
import pytest
import tensorflow as tf
from recordings import FLOAT, PCM, chunk, tone, wav

from zoo.audio import frames_of_files
from zoo.lite import audio

GOOD = {
    "8 kHz": wav(tone()),
    "16 kHz": wav(tone(rate=16000), 16000),
    "44.1 kHz": wav(tone(rate=44100), 44100),
    "11.025 kHz": wav(tone(rate=11025), 11025),
    "6 kHz": wav(tone(rate=6000), 6000),
    "199.999 kHz": wav(tone(rate=199_999), 199_999),
    "8 bits": wav(tone(), bits=8),
    "24 bits": wav(tone(), bits=24),
    "32 bits": wav(tone(), bits=32),
    "float32": wav(tone(), kind=FLOAT, bits=32),
    "float64": wav(tone(), kind=FLOAT, bits=64),
    "stereo, extensible": wav(np.stack([tone(), tone(pitch=900)], 1), extensible=True),
    "a chunk of odd size before": wav(tone(), extra=chunk(b"LIST", b"abc") + b"\0"),
    "silence": wav(np.zeros(4000)),
    "one sample": wav(np.array([0.3])),
    "samples missing at the end": wav(tone())[:-1001],
    "30 seconds": wav(np.tile(tone(1), 30)),
}
BAD = {
    "nothing": (b"", "no bytes"),
    "text": (b"hello world" * 9, "something else"),
    "MP3": (b"ID3" + bytes(90), "an MP3 file"),
    "MP3 without tags": (b"\xff\xfb" + bytes(90), "an MP3 file"),
    "Ogg": (b"OggS" + bytes(90), "an Ogg file"),
    "header cut": (wav(tone())[:30], "it ends before its format"),
    "no samples": (wav(tone())[:44], "hold samples"),
    "no data chunk": (wav(tone())[:36], "it ends before its samples"),
    "mu-law": (wav(tone(), kind=7, bits=8), "format 7 with 8 bits"),
    "12 bits": (wav(tone(), bits=16).replace(b"\x10\0data", b"\x0c\0data"), "12 bits"),
    "no channels": (wav(tone())[:22] + b"\0\0" + wav(tone())[24:], "0 channels"),
    "100 samples a second": (wav(tone(), 100), "1000 to 200000 samples a second"),
    "31 seconds": (wav(np.tile(tone(1), 31)), "at most 30 seconds long; got the audio: 31.0"),
}


@pytest.fixture(scope="module")
def graph():
    spec = [tf.TensorSpec([None], tf.string)]
    return tf.function(frames_of_files, input_signature=spec, autograph=False)


@pytest.fixture(scope="module")
def in_graph(graph):
    files = [*GOOD.values(), *(data for data, _ in BAD.values())]
    return dict(zip([*GOOD, *BAD], graph(tf.constant(files)).numpy(), strict=True))


@pytest.mark.parametrize("name", GOOD)
def test_graph_and_numpy_give_the_same_frames(name, in_graph):
    expected = audio.log_mel(audio.read(GOOD[name]))
    got = in_graph[name]
    # 1e-4: a logarithm of sums of float32 in another order.
    np.testing.assert_allclose(got[: len(expected)], expected, atol=1e-4)
    np.testing.assert_array_equal(got[len(expected) :], audio.EMPTY)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_an_error_in_python_and_has_no_frames_in_the_graph(name, in_graph):
    data, message = BAD[name]
    with pytest.raises(ValueError, match=f"^audio must .*{message}"):
        audio.read(data)
    np.testing.assert_array_equal(in_graph[name], audio.EMPTY)


def test_a_file_of_the_standard_library_is_read_to_the_sample(tmp_path):
    samples = np.round(tone() * 2**15).astype("<i2")
    path = tmp_path / "tone.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples.tobytes())
    for given in (path, str(path), path.read_bytes(), samples.astype("int16")):
        np.testing.assert_array_equal(audio.read(given), samples / np.float32(2**15))


@pytest.mark.parametrize("kind", [(PCM, 8), (PCM, 24), (PCM, 32), (FLOAT, 32), (FLOAT, 64)])
def test_every_format_holds_the_same_sound(kind):
    got = audio.read(wav(tone(), kind=kind[0], bits=kind[1]))
    np.testing.assert_allclose(got, tone(), atol=1.01 / 2**7 if kind[1] == 8 else 1e-6)


@pytest.mark.parametrize("rate", [6000, 11025, 16000, 22050, 44100, 48000])
def test_a_tone_of_another_rate_is_the_same_tone(rate):
    time = np.arange(rate) / rate
    got = audio.resampled(np.sin(2 * np.pi * 440 * time).astype("float32"), rate)
    assert len(got) == 8000
    expected = np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
    # 2e-3: what the window of the filter leaves out; the ends know one side alone.
    np.testing.assert_allclose(got[100:-100], expected[100:-100], atol=2e-3)


def test_resampling_needs_little_memory_at_any_rate():
    tracemalloc.start()
    got = audio.resampled(np.zeros(5 * 199_999, "float32"), 199_999)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert got.shape == (40_000,) and peak < 50e6  # all weights at once would be 64 MB


def test_what_8_khz_cannot_hold_does_not_come_back_as_another_tone():
    time = np.arange(44100) / 44100
    got = audio.resampled(np.sin(2 * np.pi * 6000 * time).astype("float32"), 44100)
    assert np.abs(got[100:-100]).max() < 2e-3


def test_a_tone_is_loud_in_its_band_alone():
    frames = audio.log_mel(np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000).astype("float32"))
    assert frames.shape == (98, audio.BANDS) and frames.dtype == "float32"
    low, high = (np.log10(1 + frequency / 700) for frequency in (60, 3900))
    edges = 700 * (10 ** np.linspace(low, high, audio.BANDS + 2) - 1)
    best = frames.mean(0).argmax()
    assert edges[best] < 1000 < edges[best + 2]
    assert frames.max() == 1 and frames.min() == -1


def test_a_louder_recording_has_the_same_frames():
    quiet = tone(loud=0.05).astype("float32")
    # 1e-5: float32 logarithms.
    np.testing.assert_allclose(audio.log_mel(10 * quiet), audio.log_mel(quiet), atol=1e-5)


@pytest.mark.parametrize(
    ("given", "rate", "error", "message"),
    [
        (3, 8000, TypeError, r"must be a path, bytes or an array; got the audio: 3 \(int\)"),
        (np.zeros((4, 9)), 8000, ValueError, r"audio must have shape .* of shape \(4, 9\)"),
        (np.full(9, 2.0), 8000, ValueError, "audio must be floats .* or int16; got .*: float64"),
        (np.array([0, 300]), 8000, ValueError, "audio must be floats in -1..1, or int16"),
        (np.array([np.nan, 0.0]), 8000, ValueError, "audio must be floats in -1..1"),
        (np.zeros(0), 8000, ValueError, "audio must hold samples; got the audio: none"),
        (np.zeros(0, "int32"), 8000, ValueError, "or int16; got the audio: int32"),
        (np.array([None]), 8000, ValueError, "or int16; got the audio: object"),
        (np.zeros(9), 10, ValueError, "rate must be from 1000 to 200000; got rate=10"),
        (np.zeros(9), 8000.0, TypeError, "rate must be an int; got rate=8000.0"),
        ("no.wav", 8000, FileNotFoundError, "audio must be an existing file; got 'no.wav'"),
    ],
)
def test_what_is_no_recording_is_named(given, rate, error, message):
    with pytest.raises(error, match=message):
        audio.read(given, rate)


def test_any_bytes_are_an_answer_or_an_error(graph):
    """Files with random bytes changed: numpy and the graph agree on which can be read."""
    rng, whole = np.random.default_rng(0), wav(tone(0.1))
    files = []
    for _ in range(60):
        data = bytearray(whole[: rng.integers(8, len(whole) + 1)])
        for _ in range(rng.integers(1, 6)):
            data[rng.integers(min(len(data), 48))] = rng.integers(256)
        files.append(bytes(data))
    found = graph(tf.constant(files)).numpy()
    readable = []
    for data in files:
        try:
            readable.append(len(audio.log_mel(audio.read(data))))
        except ValueError:
            readable.append(0)
    np.testing.assert_array_equal((found[:, :, 0] > audio.EMPTY).sum(1), readable)
    assert 0 < np.count_nonzero(readable) < len(files)
