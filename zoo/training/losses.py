"""The losses of sequence models."""

from keras import ops


def token_cross_entropy(targets, logits, label_smoothing=0.0):
    """Negative log-likelihood of each target token, in nats.

    With label smoothing e the target distribution is `1 - e` on the token plus `e / V` on all:
    `-(1 - e) log p(y) - e / V sum_v log p(v)`.

    Args:
        targets: int (B, T).
        logits: float (B, T, V).
        label_smoothing: e, in [0, 1).

    Returns:
        float32 (B, T).

    Reference:
        Szegedy et al. 2016, Rethinking the Inception Architecture, section 7.
    """
    logits = ops.cast(logits, "float32")
    losses = ops.sparse_categorical_crossentropy(targets, logits, from_logits=True)
    if not label_smoothing:
        return losses
    # The mean of -log p(v) needs no distribution of its own: log sum exp, less the mean logit.
    of_all = ops.logsumexp(logits, axis=-1) - ops.mean(logits, axis=-1)
    return (1.0 - label_smoothing) * losses + label_smoothing * of_all


def symmetric_kl(logits, others):
    """How far two predictions of each token are apart: half of KL(p, q) + KL(q, p), in nats.

    Args:
        logits, others: float (B, T, V).

    Returns:
        float32 (B, T).
    """
    log_p, log_q = (ops.log_softmax(ops.cast(x, "float32"), axis=-1) for x in (logits, others))
    return 0.5 * ops.sum((ops.exp(log_p) - ops.exp(log_q)) * (log_p - log_q), axis=-1)
