"""`zoo.lite.audio` as TensorFlow operations, for an export: no Python runs there."""

import math

import tensorflow as tf

from zoo.lite import audio

# What a file may hold, by kind and bits: the type that reads it, and what is full scale.
_TYPES = {
    (audio.PCM, 8): (tf.uint8, 2**7),
    (audio.PCM, 16): (tf.int16, 2**15),
    (audio.PCM, 24): (tf.uint8, 2**23),
    (audio.PCM, 32): (tf.int32, 2**31),
    (audio.FLOAT, 32): (tf.float32, 1),
    (audio.FLOAT, 64): (tf.float64, 1),
}


def frames_of_files(files):
    """The bytes of WAV files -> their frames, by the rules of `zoo.lite.audio`.

    Args:
        files: tf.string (B,).

    Returns:
        float32 (B, F, 40), filled up with -9. What is no WAV file, holds no sample or is too long
        has no frames, and the others are not affected.
    """

    def one(data):
        wave = _wave(data)
        none = tf.zeros([0, audio.BANDS])
        return tf.RaggedTensor.from_tensor(
            tf.cond(tf.size(wave) > 0, lambda: log_mel(wave), lambda: none)
        )

    rows = tf.RaggedTensorSpec([None, None], tf.float32, ragged_rank=1)
    frames = tf.map_fn(one, files, fn_output_signature=rows)
    return frames.to_tensor(audio.EMPTY, shape=[None, None, audio.BANDS])


def log_mel(wave):
    """A wave float32 (samples,) -> its frames float32 (F, 40); see `zoo.lite.audio.log_mel`."""
    wave = tf.pad(wave, [[0, tf.maximum(0, audio.WINDOW - tf.size(wave))]])
    frames = tf.signal.frame(wave, audio.WINDOW, audio.HOP) * audio.hann()
    spectrum = tf.signal.rfft(frames, [audio.SPECTRUM])
    energy = tf.math.real(spectrum) ** 2 + tf.math.imag(spectrum) ** 2
    bands = tf.math.log(tf.maximum(energy @ audio.mel_matrix(), 1e-10)) / math.log(10)
    above = tf.maximum(bands - tf.reduce_max(bands), -audio.DECADES)
    return above * (2 / audio.DECADES) + 1


def _wave(data):
    """The bytes of a file, tf.string () -> its wave float32 (samples,), empty if it has none."""
    end = tf.strings.length(data)

    def number(place, size):
        """The whole number of 2 or 4 bytes at a place; 0 where the file has ended."""
        there = (place >= 0) & (place + size <= end)
        text = tf.strings.substr(data, tf.where(there, place, 0), tf.where(there, size, 0))
        filled = tf.where(there, text, b"\0" * size) + b"\0" * (8 - size)
        return tf.io.decode_raw(filled, tf.int64)[0]

    def mark(place):
        there = (place >= 0) & (place + 4 <= end)
        return tf.strings.substr(data, tf.where(there, place, 0), tf.where(there, 4, 0))

    def next_chunk(place, layout, found):
        size = number(place + 4, 4)
        layout = tf.where((mark(place) == b"fmt ") & (size >= 16), place + 8, layout)
        found = tf.where((mark(place) == b"data") & (layout > 0), place + 8, found)
        # Where a size is beyond the end, so is the next place.
        step = tf.cast(tf.minimum(8 + size + size % 2, tf.cast(end, tf.int64)), tf.int32)
        return place + step, layout, found

    _, layout, found = tf.while_loop(
        lambda place, layout, found: (found == 0) & (place + 8 <= end),
        next_chunk,
        [tf.constant(12), tf.constant(0), tf.constant(0)],
    )
    kind, bits = number(layout, 2), number(layout + 14, 2)
    channels, rate = number(layout + 2, 2), number(layout + 4, 4)
    long = (kind == audio.EXTENSIBLE) & (number(layout - 4, 4) >= 26)
    kind = tf.where(long, number(layout + 24, 2), kind)
    known = tf.stack([(kind == k) & (bits == b) for k, b in _TYPES])
    step = tf.maximum(channels * bits // 8, 1)
    size = tf.minimum(number(found - 4, 4), tf.cast(end - found, tf.int64))
    count = size // step
    good = tf.reduce_any(known) & (channels > 0) & (layout > 0) & (found > 0)
    good &= (rate >= audio.RATES[0]) & (rate <= audio.RATES[1])
    good &= (count > 0) & (count <= audio.SECONDS * rate)
    good &= (tf.strings.substr(data, 0, tf.minimum(end, 4)) == b"RIFF") & (mark(8) == b"WAVE")
    body = tf.strings.substr(
        data, tf.where(good, found, 0), tf.where(good, tf.cast(count * step, tf.int32), 0)
    )

    def decoded():
        readers = [lambda key=key: _decoded(body, *key) for key in _TYPES]
        samples = tf.switch_case(tf.argmax(known, output_type=tf.int32), readers)
        samples = tf.clip_by_value(samples, -1.0, 1.0)
        mono = tf.reduce_mean(tf.reshape(samples, [-1, tf.cast(channels, tf.int32)]), axis=1)
        return tf.cond(rate == audio.RATE, lambda: mono, lambda: _resampled(mono, rate))

    return tf.cond(good, decoded, lambda: tf.zeros([0]))


def _decoded(body, kind, bits):
    """The samples in the bytes of a file, float32 (n,)."""
    dtype, full = _TYPES[kind, bits]
    samples = tf.io.decode_raw(body, dtype)
    if bits == 24:
        parts = tf.cast(tf.reshape(samples, [-1, 3]), tf.int32)
        whole = parts[:, 0] + parts[:, 1] * 2**8 + parts[:, 2] * 2**16
        samples = whole - tf.where(whole >= 2**23, 2**24, 0)
    samples = tf.cast(samples, tf.float32)
    if bits == 8:
        samples -= 128
    return tf.where(tf.math.is_finite(samples), samples, 0.0) / full


def _resampled(samples, rate):
    """A recording of `rate` samples a second at 8,000; see `zoo.lite.audio.resampled`."""
    ratio = tf.cast(rate, tf.float32) / audio.RATE
    cutoff = tf.minimum(1.0, 1 / ratio)
    reach = tf.maximum(tf.cast(audio.CROSSINGS, tf.int64), -(-rate * audio.CROSSINGS // audio.RATE))
    whole_reach = tf.cast(reach, tf.int32)
    count = -(-tf.size(samples, tf.int64) * audio.RATE // rate)
    around = tf.pad(samples, [[whole_reach, whole_reach + 1]])
    taps = tf.range(-reach, reach + 1)
    rows = audio.BLOCK // tf.size(taps, tf.int64)

    def block(start):
        # The last block goes on with the last place, so that all have one size.
        places = tf.minimum(tf.range(start, start + rows), count - 1) * rate
        whole, part = places // audio.RATE, places % audio.RATE
        away = tf.cast(part, tf.float32)[:, None] / audio.RATE - tf.cast(taps, tf.float32)
        window = tf.cos(math.pi / 2 * away / tf.cast(reach + 1, tf.float32)) ** 2
        weights = _sinc(cutoff * away) * window * cutoff
        return tf.reduce_sum(tf.gather(around, whole[:, None] + taps + reach) * weights, axis=1)

    spec = tf.TensorSpec([None], tf.float32)
    starts = tf.range(0, count, rows)
    blocks = tf.map_fn(block, starts, fn_output_signature=spec, parallel_iterations=1)
    return tf.reshape(blocks, [-1])[:count]


def _sinc(x):
    angle = math.pi * x
    return tf.math.divide_no_nan(tf.sin(angle), angle) + tf.cast(x == 0, tf.float32)
