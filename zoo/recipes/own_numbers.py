"""The numbers of a translator of your own that can be chosen; nothing heavy is imported here."""

import difflib

# name -> (kind, rule, whether a value keeps it)
RULES = {
    "model_dim": (int, "a multiple of 8, at least 8", lambda x: x >= 8 and x % 8 == 0),
    "num_layers": (int, ">= 1", lambda x: x >= 1),
    "dropout": (float, ">= 0 and < 1", lambda x: 0 <= x < 1),
    "vocab_size": (int, ">= 300", lambda x: x >= 300),
    "batch_tokens": (int, ">= 64", lambda x: x >= 64),
    "peak": (float, "> 0 and <= 1", lambda x: 0 < x <= 1),
}


def checked(numbers):
    """The numbers as `RULES` has them.

    Args:
        numbers: dict of a name to a number, or to a str that holds one.

    Raises:
        ValueError: a name is unknown, or a value breaks its rule.
    """
    return {name: _checked(name, value) for name, value in numbers.items()}


def _checked(name, value):
    if name not in RULES:
        near = difflib.get_close_matches(name, RULES, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ValueError(f"a number must be one of {', '.join(RULES)}; got {name!r}.{hint}")
    kind, rule, keeps = RULES[name]
    try:
        number = kind(value)
    except ValueError:
        number = None
    if number is None or not keeps(number):
        what = "an integer" if kind is int else "a number"
        raise ValueError(f"{name} must be {what}, {rule}; got {name}={value}.")
    return number
