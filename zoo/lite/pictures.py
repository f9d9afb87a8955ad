"""What a generator of pictures is asked for, checked; and pictures as text."""

import numbers
import secrets

import numpy as np

MOST = 100_000  # pictures of one call
ANY = -1  # a digit that the seed chooses
_INKS = " .:+#@"  # from black to white


def rows(n, seed, digit, num_classes):
    """What `generate` draws: a digit, -1 for one that the seed chooses, and a seed for each.

    Args:
        n: from 1 to 100,000.
        seed: int32, or None for one by chance.
        digit: from 0 to `num_classes` - 1, or a list of `n` of them, or None.

    Returns:
        int32 (n, 2).

    Raises:
        TypeError: a number that is no int.
        ValueError: a number out of its range, or a list of another length.
    """
    n, seed, digit = _checked(n, seed, digit, num_classes)
    seeds = (np.arange(n) + seed + 2**31) % 2**32 - 2**31
    digits = np.broadcast_to(ANY if digit is None else digit, n)
    return np.stack([digits, seeds], axis=1).astype("int32")


def ask(generate, inputs, seed, num_classes):
    """Digits as texts -> what is drawn of them, as texts; see `zoo.ImageGenerator.ask`."""
    one = isinstance(inputs, str)
    digits = [read_digit(text, num_classes) for text in ([inputs] if one else inputs)]
    found = [as_text(generate(1, seed + i, digit)[0]) for i, digit in enumerate(digits)]
    return found[0] if one else found


def read_digit(text, num_classes):
    """The digit that a str names, an int; None of an empty one."""
    text = text.strip()
    if text and not text.isdecimal():
        raise ValueError(
            f"inputs must be digits from 0 to {num_classes - 1}, or empty; got {text!r:.80}."
        )
    return int(text) if text else None


def _checked(n, seed, digit, num_classes):
    """The arguments of `generate`, as ints."""
    n = _whole("n", n, 1, MOST)
    if seed is None:
        seed = secrets.randbelow(2**31)
    seed = _whole("seed", seed, -(2**31), 2**31 - 1)
    if isinstance(digit, (list, tuple, np.ndarray)):
        if len(digit) != n:
            raise ValueError(f"digit must have one class for each of n={n}; got {len(digit)}.")
        return n, seed, [_whole(f"digit[{i}]", x, 0, num_classes - 1) for i, x in enumerate(digit)]
    return n, seed, None if digit is None else _whole("digit", digit, 0, num_classes - 1)


def as_text(image):
    """A picture uint8 (h, w) in characters, half as many lines: white ink is dense."""
    height, width = image.shape
    means = image[: height // 2 * 2].reshape(-1, 2, width).mean(axis=1)
    levels = np.minimum(means * len(_INKS) // 256, len(_INKS) - 1).astype(int)
    return "\n".join("".join(_INKS[level] for level in row).rstrip() for row in levels)


def from_text(text, size):
    """About the picture uint8 (size, size) of which `as_text` made a text."""
    shares = np.zeros((size, size))
    for i, line in enumerate(text.split("\n")):
        shares[2 * i : 2 * i + 2, : len(line)] = [_INKS.index(ink) + 0.5 for ink in line]
    return (shares * 255 / len(_INKS)).astype("uint8")


def _whole(name, value, least, most):
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an int; got {name}={value!r:.80}.")
    if not least <= value <= most:
        raise ValueError(f"{name} must be from {least} to {most}; got {name}={value!r:.80}.")
    return int(value)
