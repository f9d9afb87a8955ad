"""WAV files of all kinds, made in memory."""

import struct

import numpy as np

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE


def tone(seconds=0.5, rate=8000, pitch=400, loud=0.5):
    """A tone that rises and falls, float64 (samples,)."""
    time = np.arange(int(seconds * rate)) / rate
    return loud * np.sin(2 * np.pi * pitch * time + 20 * np.sin(2 * np.pi * 2 * time))


def wav(samples, rate=8000, kind=PCM, bits=16, extra=b"", extensible=False):
    """The bytes of a WAV file of samples (n,) or (n, channels) in -1..1."""
    samples = np.asarray(samples, "float64").reshape(len(samples), -1)
    if kind == FLOAT:
        body = samples.astype(f"<f{bits // 8}").tobytes()
    elif bits == 8:
        body = np.round(samples * 127 + 128).astype("u1").tobytes()
    else:
        whole = np.round(samples * (2 ** (bits - 1) - 1)).astype("<i8").reshape(-1, 1)
        body = whole.view("u1").reshape(-1, 8)[:, : bits // 8].tobytes()
    channels = samples.shape[1]
    step = channels * bits // 8
    shown = EXTENSIBLE if extensible else kind
    layout = struct.pack("<HHIIHH", shown, channels, rate, rate * step, step, bits)
    if extensible:
        layout += struct.pack("<HHIH", 22, bits, 3, kind) + bytes(14)
    chunks = chunk(b"fmt ", layout) + extra + chunk(b"data", body)
    return chunk(b"RIFF", b"WAVE" + chunks)


def chunk(name, content):
    return name + struct.pack("<I", len(content)) + content
