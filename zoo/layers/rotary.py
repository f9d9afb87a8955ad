"""Rotary positions, and how they are stretched for a longer context."""

import math
from collections.abc import Callable
from typing import NamedTuple

from keras import ops

from zoo.layers.positions import position_angles


class Stretch(NamedTuple):
    """What a scaling makes of rotary positions.

    Attributes:
        factors: list of width / 2 floats by which the frequencies are multiplied, or None for 1.
        magnitude: float by which rotated vectors are multiplied.
    """

    factors: list | None = None
    magnitude: float = 1.0


def rotated_width(width, share):
    """How many of the components of a head, the first ones, are rotated.

    Args:
        width: int, of a head.
        share: float, above 0 and at most 1.

    Raises:
        ValueError: an odd number, or another share.
    """
    rotated = int(width * share)
    if not 0 < share <= 1 or rotated % 2 or not rotated:
        raise ValueError(
            "share must be above 0 and at most 1, and leave an even number of key_dim; "
            f"got share={share}, key_dim={width}."
        )
    return rotated


def rotate(x, offset=0, base=10_000.0, scaling=None, share=1.0):
    """Rotary positions: turns each pair (i, i + R/2) of the last axis by its position's angle.

    Args:
        x: (B, H, T, D), queries or keys.
        offset: position of the first of the T steps.
        base: the longest wavelength, over 2 pi.
        scaling: see `stretch`.
        share: how many of the components are turned, the first ones: R = D · share, even.

    Returns:
        A tensor like `x`. The dot product of a rotated query and a rotated key depends on their
        distance alone (Su et al. 2021, RoFormer, equation 34).
    """
    width = rotated_width(x.shape[-1], share)
    if width < x.shape[-1]:
        turned = rotate(x[..., :width], offset, base, scaling)
        return ops.concatenate([turned, x[..., width:]], axis=-1)
    factors, magnitude = stretch(width, base, scaling)
    angles = position_angles(ops.shape(x)[2], width, offset, base, factors)
    cos, sin = ops.cos(angles), ops.sin(angles)
    if magnitude != 1:
        cos, sin = cos * magnitude, sin * magnitude
    cos = ops.cast(ops.concatenate([cos, cos], axis=-1), x.dtype)
    sin = ops.cast(ops.concatenate([-sin, sin], axis=-1), x.dtype)
    half = width // 2
    turned = ops.concatenate([x[..., half:], x[..., :half]], axis=-1)
    return x * cos + turned * sin


def stretch(width, base, scaling):
    """How a scaling changes rotary positions, for a longer context.

    Args:
        width: even int, of what is rotated of a head.
        base: the longest wavelength, over 2 pi.
        scaling: None, or a dict of `rope_type` and the numbers that it has, as in a `config.json`;
            O is `original_max_position_embeddings`, a wavelength is in positions:

            - "default": nothing.
            - "linear": all frequencies are divided by `factor`.
            - "dynamic": nothing up to the context that the model was trained with, and a model of
              the zoo looks at no more at once.
            - "llama3": those whose wavelength is above O / `low_freq_factor` are divided by
              `factor`, those below O / `high_freq_factor` stay, and between the two one goes over
              into the other.
            - "yarn": those that turn less than `beta_slow` (1) times in O positions are divided by
              `factor`, those that turn more than `beta_fast` (32) times stay, with a straight line
              between them over the components. The vectors are multiplied by `attention_factor`, by
              default 0.1 ln(`factor`) + 1, or, where `mscale` m and `mscale_all_dim` n are given,
              by (0.1 m ln(`factor`) + 1) / (0.1 n ln(`factor`) + 1). `truncate` (True) says
              whether the ends of the line are whole components.
            - "longrope": each is divided by its number in `short_factor`, which holds up to O
              positions. The vectors are multiplied by `attention_factor`, by default
              sqrt(1 + ln(`factor`) / ln(O)).

    Returns:
        A `Stretch`.

    Raises:
        ValueError: another `rope_type`, or a number that is missing.

    References:
        Chen et al. 2023, Extending Context Window of Large Language Models via Positional
        Interpolation (linear); Grattafiori et al. 2024, The Llama 3 Herd of Models; Peng et al.
        2023, YaRN, equations 19 to 22; Ding et al. 2024, LongRoPE.
    """
    kind = "default" if scaling is None else scaling.get("rope_type")
    if kind not in SCALINGS:
        raise ValueError(
            f"scaling must have a rope_type of {', '.join(SCALINGS)}; got rope_type={kind!r}."
        )
    found = SCALINGS[kind]
    if missing := [name for name in found.numbers if scaling.get(name) is None]:
        raise ValueError(f"scaling must have {', '.join(missing)} for {kind}; got {scaling!r}.")
    return found.stretch(width, base, scaling or {})


def _unchanged(width, base, scaling):
    return Stretch()


def _linear(width, base, scaling):
    return Stretch([1 / float(scaling["factor"])] * (width // 2))


def _llama3(width, base, scaling):
    low, high = float(scaling["low_freq_factor"]), float(scaling["high_freq_factor"])
    context = float(scaling[_CONTEXT])
    turns = [context / (2 * math.pi * base ** (2 * i / width)) for i in range(width // 2)]
    kept = [min(1.0, max(0.0, (turn - low) / (high - low))) for turn in turns]
    return Stretch(_between(kept, float(scaling["factor"])))


def _yarn(width, base, scaling):
    factor, context = float(scaling["factor"]), float(scaling[_CONTEXT])

    def component(turns):
        """The component, not a whole number, that turns so often in the original context."""
        return width * math.log(context / (2 * math.pi * turns)) / (2 * math.log(base))

    first = component(float(scaling.get("beta_fast") or 32))
    last = component(float(scaling.get("beta_slow") or 1))
    if scaling.get("truncate", True):
        first, last = math.floor(first), math.ceil(last)
    first, last = max(first, 0), min(last, width - 1)
    length = last - first or 0.001
    kept = [1 - min(1.0, max(0.0, (i - first) / length)) for i in range(width // 2)]
    magnitude = scaling.get("attention_factor")
    if magnitude is None:
        both = scaling.get("mscale"), scaling.get("mscale_all_dim")
        shares = [1 + 0.1 * share * math.log(max(1.0, factor)) for share in both if all(both)]
        magnitude = shares[0] / shares[1] if shares else 1 + 0.1 * math.log(max(1.0, factor))
    return Stretch(_between(kept, factor), float(magnitude))


def _longrope(width, base, scaling):
    short = [float(number) for number in scaling["short_factor"]]
    if len(short) != width // 2:
        raise ValueError(
            f"scaling must have a short_factor of {width // 2} numbers; got {len(short)}."
        )
    magnitude = scaling.get("attention_factor")
    if magnitude is None:
        factor = max(1.0, float(scaling["factor"]))
        magnitude = math.sqrt(1 + math.log(factor) / math.log(float(scaling[_CONTEXT])))
    return Stretch([1 / number for number in short], float(magnitude))


def _between(kept, factor):
    """Factors between 1 and 1 / `factor`: `kept` is the share of the first."""
    return [share + (1 - share) / factor for share in kept]


class _Scaling(NamedTuple):
    """The numbers that a scaling must have, and `(width, base, scaling) -> Stretch`."""

    numbers: tuple[str, ...]
    stretch: Callable


_CONTEXT = "original_max_position_embeddings"
SCALINGS = {
    "default": _Scaling((), _unchanged),
    "linear": _Scaling(("factor",), _linear),
    "dynamic": _Scaling(("factor",), _unchanged),
    "llama3": _Scaling(("factor", "low_freq_factor", "high_freq_factor", _CONTEXT), _llama3),
    "yarn": _Scaling(("factor", _CONTEXT), _yarn),
    "longrope": _Scaling(("factor", "short_factor", _CONTEXT), _longrope),
}
