"""Several of something, as a list."""

from collections.abc import Iterable, KeysView, Mapping, Set
from os import PathLike


def listed(name, value, rule, place=""):
    """A finite collection of any kind as a list; an iterator is read to its end.

    Args:
        name: of the argument, for the error.
        value: a list, a tuple, an array, a generator, a `zip`, the keys of a dict.
        rule: what `name` must be.
        place: where `value` stands, such as `x[3]=`, where it is a part of the argument.

    Raises:
        TypeError: one item alone, as a str is; a dict or a set; what cannot be gone through.
    """
    alone = isinstance(value, (str, bytes, bytearray, PathLike, Mapping))
    unordered = isinstance(value, Set) and not isinstance(value, KeysView)
    if alone or unordered or not isinstance(value, Iterable) or not getattr(value, "ndim", 1):
        refuse(name, value, rule, place)
    return list(value)


def refuse(name, value, rule, place=""):
    """Raises the `TypeError` of a value of another kind; arguments as of `listed`."""
    raise TypeError(f"{name} must be {rule}; got {place}{value!r:.80} ({type(value).__name__}).")
