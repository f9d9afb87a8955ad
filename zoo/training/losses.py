"""The loss of sequence models."""

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
    if not label_smoothing:
        return ops.sparse_categorical_crossentropy(targets, logits, from_logits=True)
    vocab_size = logits.shape[-1]
    tokens = ops.arange(vocab_size, dtype=targets.dtype)
    low = label_smoothing / vocab_size
    smoothed = ops.where(targets[..., None] == tokens, 1.0 - label_smoothing + low, low)
    return ops.categorical_crossentropy(smoothed, logits, from_logits=True)
