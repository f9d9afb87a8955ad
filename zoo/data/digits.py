"""Loader of handwritten digits: grey pictures, each with what is written on it."""

import io

import numpy as np

from zoo.data.checks import check
from zoo.data.files import read_bytes

_VALIDATION = 10  # of the training pictures, every tenth


def mnist(split, data_dir=None):
    """Handwritten digits: 27,000, 3,000 and 10,000 pictures.

    The 30,000 pictures that are not the test are half of MNIST's training set; every tenth of them
    is held out as `"val"`.

    Args:
        split: `"train"`, `"val"` or `"test"`.
        data_dir: as for `zoo.data.multi30k`.

    Returns:
        Pictures uint8 (N, 28, 28), 0 black and 255 white, the ink; and digits int32 (N,).

    Raises:
        ValueError: an unknown split, or a damaged file.
        FileNotFoundError: the set is not here.

    Reference:
        LeCun, Bottou, Bengio and Haffner 1998, Gradient-based learning applied to document
        recognition.
    """
    check("split", split, ("train", "val", "test"))
    file = "test" if split == "test" else "train"
    with np.load(io.BytesIO(read_bytes("mnist/mnist.npz", data_dir))) as arrays:
        images, digits = arrays[f"x_{file}"], arrays[f"y_{file}"].astype("int32")
    if split == "test":
        return images, digits
    held_out = np.arange(len(images)) % _VALIDATION == 0
    chosen = held_out if split == "val" else ~held_out
    return images[chosen], digits[chosen]
