"""From logits to the log-probabilities among which a search chooses."""

import tensorflow as tf


def next_log_probs(
    logits,
    tokens,
    t,
    *,
    end_id,
    repetition_penalty=None,
    no_repeat_ngram_size=0,
    constraint=None,
    before=None,
    pad_id=-1,
):
    """Log-probabilities of the next token, minus infinity where it is forbidden.

    What forbids does not renormalise: the log-probability of a token that remains is the model's
    own, so answers under a constraint stay comparable with free ones, and a forced token costs what
    the model thinks of it. `constraint` is hard; where it allows nothing, the sequence ends. The
    n-gram rule yields where it would leave nothing of what the constraint allows.

    Args:
        logits: (N, V).
        tokens: int32 (N, t), the tokens so far without the start token.
        t: int32 scalar, the number of tokens so far.
        end_id: int, the end token.
        repetition_penalty: float32 (N, 1) or (1, 1); None is off.
        no_repeat_ngram_size: int; 0 is off.
        constraint: `(tokens, t) -> allowed`, bool (N, V) or (1, V); None allows all.
        before: int32 (N, P), tokens that were read before the first of `tokens`, padded at the
            left with `pad_id`: a repetition of these is one, too. None where there are none.
        pad_id: int.

    Returns:
        float32 (N, V), at most 0, at least one of each row finite.
    """
    logits = tf.cast(logits, tf.float32)
    known = tokens if before is None else tf.concat([before, tokens], axis=1)
    if repetition_penalty is not None:
        logits = penalise_repetition(logits, known, repetition_penalty, pad_id)
    log_probs = log_softmax(logits)
    if constraint is not None:
        allowed = constraint(tokens, t)
        stuck = ~tf.reduce_any(allowed, axis=-1, keepdims=True)
        allowed |= stuck & (tf.range(tf.shape(logits)[-1]) == end_id)
        log_probs += tf.where(allowed, 0.0, -float("inf"))
    if no_repeat_ngram_size:
        fresh = forbid_repeated_ngrams(log_probs, known, no_repeat_ngram_size)
        stuck = tf.reduce_max(fresh, axis=-1, keepdims=True) == -float("inf")
        log_probs = tf.where(stuck, log_probs, fresh)
    return log_probs


def log_softmax(logits):
    """float32 (N, V) -> (N, V).

    In elementary operations, which LiteRT has in vectorised form, unlike its LOG_SOFTMAX: that one
    took a sixth of a whole step.
    """
    most = tf.reduce_max(logits, axis=-1, keepdims=True)
    total = tf.reduce_sum(tf.exp(logits - most), axis=-1, keepdims=True)
    return logits - (most + tf.math.log(total))


def penalise_repetition(logits, tokens, penalty, pad_id=-1):
    """Divides positive logits of `tokens` by `penalty` and multiplies negative ones, once a token.

    Args:
        logits: float32 (N, V).
        tokens: int32 (N, t); padding is no token.
        penalty: float32 (N, 1) or (1, 1), above 0.
        pad_id: int.

    Returns:
        float32 (N, V).

    Reference: Keskar et al. 2019, CTRL, section 4.1, in the form used by HF transformers.
    """
    seen = _counts(tokens, tf.cast(tokens != pad_id, tf.int32), tf.shape(logits)) > 0
    penalised = tf.where(logits > 0, logits / penalty, logits * penalty)
    # An absurd penalty must not come to infinity, which has no softmax.
    return tf.where(seen, tf.clip_by_value(penalised, -1e30, 1e30), logits)


def forbid_repeated_ngrams(log_probs, tokens, size):
    """Minus infinity for each token that would end an n-gram which `tokens` already has.

    Args:
        log_probs: float32 (N, V).
        tokens: int32 (N, t).
        size: int, n, at least 1.

    Returns:
        float32 (N, V).

    Reference: Paulus et al. 2017, section 2.5.
    """
    t = tf.shape(tokens)[1]
    # n - 1 places in front let each token end a window; a window that reaches into them never
    # equals the suffix, which reaches into them less.
    padded = tf.pad(tokens, [[0, 0], [size - 1, 0]], constant_values=-1)
    repeats = tf.ones_like(tokens, tf.bool)
    for j in range(size - 1):
        repeats &= padded[:, j : j + t] == padded[:, t + j : t + j + 1]
    forbidden = _counts(tokens, tf.cast(repeats, tf.int32), tf.shape(log_probs)) > 0
    return tf.where(forbidden, -float("inf"), log_probs)


def _counts(tokens, weights, shape):
    """The sum of the weights (N, t) of each row's tokens: int32 (N, V).

    Of the scatters, this is the one that every runtime has.
    """
    rows = tf.broadcast_to(tf.range(tf.shape(tokens)[0])[:, None], tf.shape(tokens))
    return tf.scatter_nd(tf.stack([rows, tokens], axis=-1), weights, shape)
