"""Drawing a token, as a pure function of the row's own seed."""

import tensorflow as tf

_WORDS = 2**32
_GOLDEN = 0x9E3779B9  # 2**32 divided by the golden ratio: keeps the all-zero key from hashing to 0


def uniform(seeds, t, index):
    """One number in [0, 1) for each row, from a hash of (seed, step, index of the sequence).

    A counter-based generator has no state, so what a row draws depends on nothing but its key: not
    on the batch, not on what was drawn before. The 32-bit hash is computed in int64, by operations
    that every runtime has.

    Args:
        seeds: int32 (N,).
        t: int32 scalar, the step.
        index: int32 (N,), the number of the sequence among those of its source.

    Returns:
        float32 (N,), multiples of 2**-23.

    References: Salmon et al. 2011, Parallel random numbers: as easy as 1, 2, 3; the mixing function
    is the finaliser of MurmurHash3.
    """
    bits = tf.zeros_like(seeds, tf.int64)
    for key in (seeds, t, index):
        bits = _mix(bits + tf.cast(key, tf.int64) + _GOLDEN)
    # 23 bits: with 24, float32 may round `uniform * total` up to `total` itself.
    return tf.cast(_high(bits, 9), tf.float32) * 2.0**-23


def _mix(bits):
    """A bijection of 32 bits in which each bit of the input flips half of the output."""
    bits = _fold(bits % _WORDS, 16)
    for shift, factor in ((13, 0x85EBCA6B), (16, 0xC2B2AE35)):
        bits = _fold(bits * factor % _WORDS, shift)
    return bits


def _fold(bits, shift):
    """`bits ^ (bits >> shift)`, int64 in 0..2**32-1. Of 64 bits, LiteRT can only do arithmetic."""
    folded = tf.bitwise.bitwise_xor(tf.cast(bits, tf.int32), _high(bits, shift))
    return tf.cast(folded, tf.int64) % _WORDS


def _high(bits, shift):
    """`bits >> shift` in int32; the remainder takes off what the sign was shifted in."""
    return tf.bitwise.right_shift(tf.cast(bits, tf.int32), shift) % 2 ** (32 - shift)


def truncate(logits, top_k=0, top_p=None, min_p=None):
    """Drops unlikely tokens: the k best stay, of these the nucleus, of these the min-p set.

    Args:
        logits: float32 (N, V).
        top_k: int; 0 is off.
        top_p: float32 (N, 1) or (1, 1); None is off. The fewest best tokens whose probabilities sum
            to at least this stay.
        min_p: the same shapes; None is off. Tokens at least `min_p` times as probable as the best
            one stay.

    Returns:
        logits float32 (N, C), minus infinity where dropped, and their token ids int32 (N, C).

    References: Fan et al. 2018 (top-k), Holtzman et al. 2020 (top-p), Nguyen et al. 2024 (min-p).
    """
    vocab_size = tf.shape(logits)[1]
    # Best first with or without a filter, so that one that drops nothing changes no draw.
    logits, ids = tf.math.top_k(logits, tf.minimum(top_k, vocab_size) if top_k else vocab_size)
    keep = tf.ones_like(logits, tf.bool)
    if top_p is not None:
        before = tf.cumsum(tf.nn.softmax(logits), axis=-1, exclusive=True)
        # The best token stays and 1 means off, whatever a sum rounds to.
        keep &= (before < top_p) | (before == 0) | (top_p >= 1)
    if min_p is not None:
        keep &= logits >= tf.reduce_max(logits, axis=-1, keepdims=True) + tf.math.log(min_p)
    return tf.where(keep, logits, -float("inf")), ids


def sample(log_probs, uniform, *, temperature, top_k=0, top_p=None, min_p=None):
    """Draws one token a row by inverting the cumulative distribution at `uniform`.

    Args:
        log_probs: float32 (N, V).
        uniform: float32 (N,) in [0, 1).
        temperature: float32 (N, 1) or (1, 1); near 0 it takes the best token.
        top_k, top_p, min_p: as in `truncate`, after the temperature.

    Returns:
        int32 (N,), never a token of probability 0.
    """
    logits, ids = truncate(log_probs / tf.maximum(temperature, 1e-6), top_k, top_p, min_p)
    probs = tf.nn.softmax(logits)
    cumulative = tf.cumsum(probs, axis=-1)
    reached = (cumulative > uniform[:, None] * cumulative[:, -1:]) & (probs > 0)
    first = tf.argmax(tf.cast(reached, tf.int32), axis=-1, output_type=tf.int32)
    return tf.gather(ids, first, batch_dims=1)
