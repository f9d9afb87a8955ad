"""Self-critical training: the model writes, a score judges, and the better becomes likelier."""

import numpy as np

from zoo.lite.subwords import PAD_ID, START_ID


def self_critical_batches(sample, reward, sources, batch, seed=0):
    """Batches of the model's own sequences without end, each weighted by its advantage.

    With the loss of `Learner`, a weight w on -log p of a token makes the gradient that of
    the expected reward: w is a sequence's reward less the mean of the others of the same source.

    Args:
        sample: (sources (B, ...), seed int) -> tokens int (B, K, T) without the start token, with
            the end token, padded; drawn from the model as it is now.
        reward: (indices (B,), tokens (B, K, T)) -> float (B, K), the higher the better.
        sources: array (N, ...).
        batch: sources of a batch, B.
        seed: of the shuffle and of the samples.

    Yields:
        (inputs, next tokens int32 (B·K, T), weights float32 (B·K, T)).

    Reference:
        Rennie et al. 2017, Self-critical Sequence Training for Image Captioning; the mean of the
        others as the baseline: Luo 2020, A Better Variant of Self-Critical Sequence Training.
    """
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(sources))
        for i in range(0, len(order) - batch + 1, batch):
            rows = order[i : i + batch]
            seen = np.stack([sources[row] for row in rows])
            tokens = sample(seen, int(rng.integers(2**31)))
            yield weighted(seen, tokens, advantages(reward(rows, tokens)))


def advantages(rewards):
    """Rewards (B, K) -> each less the mean of the K - 1 others of its source."""
    count = rewards.shape[1]
    return (rewards - rewards.mean(axis=1, keepdims=True)) * (count / (count - 1))


def weighted(sources, tokens, advantage):
    """Sources (B, ...), tokens (B, K, T) and their advantage (B, K) -> one batch."""
    tokens = tokens.reshape(-1, tokens.shape[-1]).astype("int32")
    real = (tokens != PAD_ID).astype("float32")
    shown = np.concatenate([np.full_like(tokens[:, :1], START_ID), tokens[:, :-1]], axis=1)
    weights = real * advantage.reshape(-1, 1).astype("float32") / real.sum()
    return {"source": sources, "target": shown}, tokens, weights
