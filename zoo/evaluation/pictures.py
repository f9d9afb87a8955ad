"""Measure a generator of digits: how like real ones its pictures are, and how much it copies."""

import functools
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zoo import data
from zoo.evaluation.frechet import frechet_distance, nearest_distances
from zoo.evaluation.sources import checksums
from zoo.tasks.files import load_network

_JUDGE = Path(__file__).with_name("digit_judge.keras")
_NEAREST = 1000  # pictures whose nearest training picture is looked for
_SHARE = 0.01  # of real pictures, those that are nearest to one of the training


class PictureCorpus(NamedTuple):
    """One split of one set of pictures with classes.

    Attributes:
        data: key of `zoo.data.DATASETS`, which is also the name of its loader.
        split: split of the set.
    """

    data: str
    split: str

    compared = 200  # inputs of `compare_litert`
    unit = "pictures"  # key of a result: how many were measured

    @property
    def name(self):
        """Readable and unique: `"mnist test"`."""
        return f"{self.data} {self.split}"

    @property
    def checksums(self):
        """Path -> SHA-256 of the files behind the corpus; the loaders compare these on reading."""
        return checksums(self.data)

    def read(self, data_dir=None):
        """What `measure` needs: pictures and classes of the split, and those of the training."""
        load = getattr(data, self.data)
        return *load(self.split, data_dir=data_dir), *load("train", data_dir=data_dir)

    def measure(self, model, material, limit=None):
        """Measures a `zoo.ImageGenerator` beside the first `limit` pictures; see
        `measure_pictures`.
        """
        images, digits, training, training_digits = material
        return measure_pictures(model, images[:limit], digits[:limit], training, training_digits)

    def inputs(self, material, count):
        """The first classes of the split, as texts, and no options; see `compare_litert`."""
        return list(map(str, material[1][:count])), {}

    def score(self, model, material, answers):
        """Name and value of the measure of answers to `inputs`, read from their characters."""
        images = np.stack(list(map(model.seen_in_text, answers)))
        read = read_digits(images)[1]
        return "digit_accuracy", float(np.mean(read == material[1][: len(answers)]))

    @staticmethod
    def summary(result):
        """One line of the figures that count."""
        return (
            f"Fréchet distance {result['frechet_distance']:.2f} (of real training pictures "
            f"{result['frechet_floor']:.2f}), {result['digit_accuracy']:.4f} of the samples are "
            f"read as what was asked for (of real pictures {result['judge_accuracy']:.4f}), "
            f"squared error of a reconstruction {result['squared_error']:.2f} "
            f"({result['pictures']} pictures)"
        )

    def section(self, result):
        """Paragraphs of the card, of the test set: how the samples are read, and copying."""
        if self.split != "test":
            return
        copying = result["copying"]
        by_digit = ", ".join(f"{digit}: {share:.3f}" for digit, share in result["by_digit"].items())
        yield (
            "The features, and who reads, are of a small classifier of the same training pictures, "
            "which ships with the evaluation (`scripts/train_digit_judge.py`). A Fréchet distance "
            "depends on how many pictures there are; that of as many real training pictures is the "
            f"floor. On {self.name}, the samples of each digit that are read as it: {by_digit}. "
            f"The encoder itself reads {result['read_accuracy']:.4f} of the real pictures right. "
            f"Of their reconstructions {result['kept_accuracy']:.4f} are read as what the original "
            "is; in the classifier's features their squared error is "
            f"{result['feature_error']:.1f}."
        )
        yield (
            "Copying: the distance of a sample to the nearest training picture (root of the sum of "
            "the squared differences of pixels from 0 to 1) has the median "
            f"{copying['median']:.2f}, the least is {copying['least']:.2f}; of real pictures of "
            f"{self.name} it is {copying['real_median']:.2f} and {copying['real_least']:.2f}. "
            f"{100 * copying['near']:.1f} % of the samples are nearer to a training picture than "
            "the nearest hundredth of the real ones (the first 1,000 of both)."
        )


def measure_pictures(model, images, digits, training, training_digits):
    """Measure a generator of digits beside real ones.

    As many are drawn as there are real ones, of the same classes, from the seeds 0, 1, 2, ... The
    judge is a classifier that ships with the evaluation and was trained on the same training
    pictures (scripts/train_digit_judge.py).

    Args:
        model: `zoo.ImageGenerator` of pictures 28 x 28.
        images: uint8 (N, 28, 28), real ones that it has not learned from.
        digits: int (N,), their classes.
        training: uint8 (M, 28, 28), what it has learned from.
        training_digits: int (M,).

    Returns:
        dict: `pictures`, N; `frechet_distance` between the features of samples and real pictures,
        `frechet_floor`, that of real training pictures, as many; `digit_accuracy`, the share of
        samples that the judge reads as what was asked for, `by_digit` the same for each class;
        `judge_accuracy`, of the judge on `images`; `read_accuracy`, of the encoder on them;
        `squared_error`, the sum of the squared errors of the pixels of a reconstruction, which are
        from 0 to 1, and `feature_error`, that of the judge's features; `kept_accuracy`, the share
        of reconstructions that the judge reads as what the original is; `copying`, with the
        `median` and the `least` distance of samples to the nearest training picture, the same of
        real pictures, as `real_median` and `real_least`, and `near`, the share of samples that are
        nearer than the nearest hundredth of the real ones; all of the first 1,000.

    Raises:
        ValueError: fewer than two pictures.
    """
    drawn = model.generate(len(images), seed=0, digit=list(map(int, digits)))
    real, read = read_digits(images)
    features, asked = read_digits(drawn)
    again = model.reconstruct(images)
    again_features, again_read = read_digits(again)
    apart = (again.astype("float64") - images) / 255
    chosen = np.random.default_rng(1).permutation(len(training))[: len(images)]
    return {
        "pictures": len(images),
        "frechet_distance": frechet_distance(features, real),
        "frechet_floor": frechet_distance(read_digits(training[chosen])[0], real),
        "digit_accuracy": float(np.mean(asked == digits)),
        "by_digit": {
            str(digit): float(np.mean(asked[digits == digit] == digit))
            for digit in np.unique(digits)
        },
        "judge_accuracy": float(np.mean(read == digits)),
        "read_accuracy": float(np.mean(model.encode(images)[1] == digits)),
        "squared_error": float((apart**2).sum(axis=(1, 2)).mean()),
        "feature_error": float(((again_features - real) ** 2).sum(axis=1).mean()),
        "kept_accuracy": float(np.mean(again_read == digits)),
        "copying": _copying(drawn[:_NEAREST], images[:_NEAREST], training),
    }


def choose_temperature(model, images, digits, temperatures=(1.0, 0.9, 0.8, 0.7, 0.6)):
    """Sets the temperature at which drawn pictures are nearest to real ones.

    Below 1 styles are nearer to the common ones, so that more pictures are good and fewer rare.

    Args:
        model: `zoo.ImageGenerator` of pictures 28 x 28.
        images: uint8 (N, 28, 28), validation pictures.
        digits: int (N,), their classes.
        temperatures: what to choose from, by the Fréchet distance.

    Returns:
        dict of each temperature -> its Fréchet distance.

    Reference:
        Kingma and Dhariwal 2018, Glow, section 6; Brock et al. 2019, Large Scale GAN Training,
        section 3.1, which cuts the normal distribution off.
    """
    real, digits, found = read_digits(images)[0], list(map(int, digits)), {}
    for temperature in temperatures:
        model.temperature = temperature
        features, _ = read_digits(model.generate(len(images), seed=0, digit=digits))
        found[temperature] = frechet_distance(features, real)
    model.temperature = min(found, key=found.get)
    return found


def _copying(drawn, images, training):
    near, real = (nearest_distances(some, training)[0] for some in (drawn, images))
    return {
        "median": float(np.median(near)),
        "least": float(near.min()),
        "real_median": float(np.median(real)),
        "real_least": float(real.min()),
        "near": float(np.mean(near < np.quantile(real, _SHARE))),
    }


@functools.cache
def _judge():
    return load_network(_JUDGE)


def read_digits(images):
    """Reads digits by the classifier that ships with the evaluation.

    Args:
        images: uint8 (N, 28, 28).

    Returns:
        Its features float32 (N, 64), and digits int (N,).
    """
    features, logits = _judge().predict(images[..., None] / np.float32(255), 250, verbose=0)
    return features, logits.argmax(axis=1)
