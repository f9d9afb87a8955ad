"""Distances between drawn and real pictures, against cases that are known exactly."""

import os

import numpy as np
import pytest

from zoo import data
from zoo.evaluation import frechet_distance, nearest_distances

RNG = np.random.default_rng(0)
# 400 rows whose mean is exactly 0 and whose covariance is exactly the identity.
CENTRED = RNG.normal(size=(400, 5))
CENTRED -= CENTRED.mean(axis=0)
WHITE = CENTRED @ np.linalg.inv(np.linalg.cholesky(np.cov(CENTRED.T))).T


def test_a_set_is_at_no_distance_from_itself():
    assert frechet_distance(WHITE, WHITE[::-1]) == pytest.approx(0, abs=1e-6)


def test_means_and_covariances_count_as_the_formula_says():
    shift = np.array([1.0, -2.0, 0.0, 0.5, 0.0])
    assert frechet_distance(WHITE, WHITE + shift) == pytest.approx(5.25, abs=1e-6)
    # tr(I + 9 I - 2 · 3 I) = 4 of each of 5 axes.
    assert frechet_distance(WHITE, 3 * WHITE) == pytest.approx(20, abs=1e-5)
    # A covariance that does not commute with the other, against the definition.
    turn = RNG.normal(size=(5, 5))
    one, other = WHITE @ turn, WHITE * np.arange(1, 6)
    c1, c2 = turn.T @ turn, np.diag(np.arange(1.0, 6) ** 2)
    values = np.linalg.eigvals(c1 @ c2)
    expected = np.trace(c1) + np.trace(c2) - 2 * np.sqrt(values).sum().real
    assert frechet_distance(one, other) == pytest.approx(expected, rel=1e-6)


def test_features_that_do_not_fit_are_named():
    for wrong in (WHITE[:, :3], WHITE[:1], WHITE[0]):
        with pytest.raises(ValueError, match=r"first and second must be features \(N, F\)"):
            frechet_distance(WHITE, wrong)


def test_the_nearest_picture_is_found():
    images = RNG.integers(0, 256, (7, 4, 5)).astype("uint8")
    references = RNG.integers(0, 256, (11, 4, 5)).astype("uint8")
    references[3] = images[2]
    distances, places = nearest_distances(images, references)
    apart = (images[:, None] / 255 - references[None] / 255).reshape(7, 11, -1)
    every = np.sqrt((apart**2).sum(-1))
    np.testing.assert_array_equal(places, every.argmin(1))
    np.testing.assert_allclose(distances, every.min(1), atol=1e-3)
    assert places[2] == 3


@pytest.mark.skipif(
    not os.environ.get("ZOO_DATA"), reason="ZOO_DATA does not name the data directory"
)
def test_the_digits_are_split_into_three_sets():
    sets = {split: data.mnist(split) for split in ("train", "val", "test")}
    assert [len(digits) for _, digits in sets.values()] == [27_000, 3_000, 10_000]
    for images, digits in sets.values():
        assert images.shape[1:] == (28, 28) and images.dtype == np.uint8
        assert set(digits) == set(range(10))
    train, val = ({image.tobytes() for image in sets[split][0]} for split in ("train", "val"))
    assert not train & val
    with pytest.raises(ValueError, match="split must be one of"):
        data.mnist("all")
