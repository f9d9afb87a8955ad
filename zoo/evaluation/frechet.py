"""How far drawn pictures are from real ones: distances of features, and of pixels."""

import numpy as np

_QUERIES = 500  # pictures whose distances are computed together


def frechet_distance(first, second):
    """The Fréchet distance between two sets of features, each taken as a Gaussian.

    `|m1 - m2|² + tr(C1 + C2 - 2 (C1 C2)^½)` with means m and covariances C.

    Args:
        first: float (N, F), N at least 2.
        second: float (M, F), M at least 2.

    Returns:
        float, 0 for sets of the same mean and covariance.

    Raises:
        ValueError: features of two widths, or fewer than two rows.

    Reference:
        Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash
        Equilibrium, which takes the features of a network trained on photographs.
    """
    first, second = (np.asarray(side, "float64") for side in (first, second))
    if first.ndim != 2 or first.shape[1:] != second.shape[1:] or min(map(len, (first, second))) < 2:
        raise ValueError(
            "first and second must be features (N, F) with N >= 2 of one width; "
            f"got shapes {first.shape} and {second.shape}."
        )
    apart = first.mean(axis=0) - second.mean(axis=0)
    one, other = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    one, other = np.atleast_2d(one), np.atleast_2d(other)
    # The root of C1 C2 has the trace of the root of C1^½ C2 C1^½, which is symmetric.
    values, vectors = np.linalg.eigh(one)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    middle = np.linalg.eigvalsh(root @ other @ root)
    trace = np.trace(one) + np.trace(other) - 2 * np.sqrt(np.maximum(middle, 0)).sum()
    return float(max(0.0, apart @ apart + trace))


def nearest_distances(images, references):
    """The Euclidean distance of each picture to the nearest of others.

    Args:
        images: uint8 (N, h, w).
        references: uint8 (M, h, w).

    Returns:
        float32 (N,), with pixels from 0 to 1; and int (N,), which reference it was.
    """
    flat = references.reshape(len(references), -1).astype("float32") / 255
    lengths = (flat**2).sum(axis=1)
    distances, places = [], []
    for start in range(0, len(images), _QUERIES):
        some = images[start : start + _QUERIES]
        some = some.reshape(len(some), -1).astype("float32") / 255
        squared = lengths - 2 * some @ flat.T
        nearest = squared.argmin(axis=1)
        places.append(nearest)
        found = squared[np.arange(len(some)), nearest] + (some**2).sum(axis=1)
        distances.append(np.sqrt(np.maximum(found, 0)))
    return np.concatenate(distances), np.concatenate(places)
