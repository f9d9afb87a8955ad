"""Contrast: what is likely with a source, and less so without it."""

import tensorflow as tf

from zoo.decoding.logits import log_softmax

_PLAUSIBLE = -2.3  # of the log-probability of the best token: a tenth of its probability
_IMPLAUSIBLE = -20.0  # finite, since a prefix may force such a token


def contrasted(step, other):
    """The step of a pair of models, or of one model with two sources.

    The next token's score is `log p(w | one) - weight * log p(w | other)` for each token at least a
    tenth as probable as the best one, far less for the others; a weight of 0 gives `log p(w | one)`
    for all.

    Args:
        step, other: see `zoo.decoding.search`.

    Returns:
        The same for `static` of three: that of `step`, that of `other`, and the weights, float32
        (B, 1); and for `state` of two.

    References:
        Li J. et al. 2016, A Diversity-Promoting Objective Function for Neural Conversation Models
        (MMI-antiLM, weight = lambda); Li X. L. et al. 2023, Contrastive Decoding, section 3.2 (what
        is plausible).
    """

    def contrast(tokens, static, state):
        first, second, weights = static
        logits, state_1 = step(tokens, first, state[0])
        against, state_2 = other(tokens, second, state[1])
        log_probs = log_softmax(tf.cast(logits, tf.float32))
        times = tf.shape(log_probs)[0] // tf.shape(weights)[0]
        weights = tf.repeat(weights, times, axis=0)
        best = tf.reduce_max(log_probs, axis=1, keepdims=True)
        plausible = (log_probs >= best + _PLAUSIBLE) | (weights == 0)
        scores = log_probs - weights * log_softmax(tf.cast(against, tf.float32))
        return tf.where(plausible, scores, log_probs + _IMPLAUSIBLE), (state_1, state_2)

    return contrast
