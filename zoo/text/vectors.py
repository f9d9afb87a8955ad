"""Word vectors from counts: what stands near what, as a matrix of low rank."""

import numpy as np

_SMOOTHING = 0.75  # of the frequencies of neighbours, so that rare ones do not look too telling
_EXTRA, _ROUNDS = (
    40,
    4,
)  # of the randomised decomposition: directions beside, passes over the matrix
_LENGTH = 0.65  # of a vector: what a layer of random ones would begin with


def word_vectors(rows, vocab_size, dim, window=4, seed=0):
    """Vectors of tokens that are near each other where their neighbours are alike.

    The matrix of positive pointwise mutual information of tokens and their neighbours, the nearer
    the more they count, is decomposed; every vector has the same length.

    Args:
        rows: list of lists of token ids, a text each.
        vocab_size: number of tokens, V; V * V numbers are held, in float32.
        dim: width of a vector, D.
        window: how far a neighbour may stand.
        seed: of the random directions with which the decomposition begins.

    Returns:
        float32 (V, D); zeros for padding and for what stands in no text.

    Raises:
        ValueError: `dim` is not below `vocab_size`.

    Reference:
        Levy, Goldberg and Dagan 2015, Improving Distributional Similarity with Lessons Learned from
        Word Embeddings; Halko, Martinsson and Tropp 2011, Finding Structure with Randomness.
    """
    if not 1 <= dim < vocab_size:
        raise ValueError(f"dim must be in [1, vocab_size); got dim={dim}, {vocab_size} tokens.")
    information = _information(_counts(rows, vocab_size, window))
    rng = np.random.default_rng(seed)
    width = min(dim + _EXTRA, vocab_size)
    basis = rng.standard_normal((vocab_size, width)).astype("float32")
    for _ in range(_ROUNDS):
        basis = np.linalg.qr(information @ (information.T @ basis))[0]
    rotation, values, _ = np.linalg.svd(basis.T @ information, full_matrices=False)
    vectors = (basis @ rotation)[:, :dim] * np.sqrt(values[:dim])
    seen = information.any(axis=1)
    vectors -= vectors[seen].mean(axis=0)
    vectors *= _LENGTH / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    return np.where(seen[:, None], vectors, 0).astype("float32")


def _counts(rows, vocab_size, window):
    """How often each token stands near each other, the nearest counting 1: float32 (V, V)."""
    gap = [0] * window
    flat = np.array([i for row in rows for i in (*row, *gap)], "int64")
    counts = np.zeros((vocab_size, vocab_size), "float32")
    for distance in range(1, window + 1):
        pairs = flat[:-distance] * vocab_size + flat[distance:]
        places, times = np.unique(pairs, return_counts=True)
        counts.reshape(-1)[places] += times * ((window + 1 - distance) / window)
    counts += counts.T.copy()
    counts[0] = counts[:, 0] = 0  # the gaps
    return counts


def _information(counts):
    """Positive pointwise mutual information, in place of counts (V, V)."""
    each = counts.sum(axis=1)
    near = each**_SMOOTHING
    expected = np.outer(each, near / max(near.sum(), 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.log(counts / expected)
    return np.where(counts > 0, np.maximum(found, 0), 0).astype("float32")


def rarity(rows, vocab_size):
    """How rare each token is among texts: its inverse document frequency, 1 for the rarest.

    Args:
        rows: list of lists of token ids, a text each.
        vocab_size: number of tokens, V.

    Returns:
        float32 (V,), from 0 to 1.

    Reference:
        Robertson and Zaragoza 2009, The Probabilistic Relevance Framework: BM25 and Beyond.
    """
    holding = np.zeros(vocab_size)
    for row in rows:
        holding[list(set(row))] += 1
    found = np.log1p((len(rows) - holding + 0.5) / (holding + 0.5))
    return (found / found.max()).astype("float32")
