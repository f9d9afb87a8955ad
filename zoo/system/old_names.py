"""Names that were others before."""

import sys
import warnings


def old_names(module, names):
    """A `__getattr__` for a module whose old names still work, with a warning, for one release.

    Args:
        module: str, the name of the module.
        names: dict of str, old name -> new name.

    Returns:
        A function `name -> object`, which raises `AttributeError` where a name is not in `names`.
    """

    def found(name):
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warn_of(f"{module}.{name}", f"{module}.{names[name]}")
        return getattr(sys.modules[module], names[name])

    return found


def with_new_names(arguments, names):
    """The arguments of a call, those with an old name by their new one, with a warning.

    Args:
        arguments: dict of str, name -> value.
        names: dict of str, old name -> new name.

    Raises:
        TypeError: an argument under both names.
    """
    arguments = dict(arguments)
    for old in names.keys() & arguments.keys():
        if names[old] in arguments:
            raise TypeError(f"{old} is the old name of {names[old]}; got both.")
        warn_of(old, names[old])
        arguments[names[old]] = arguments.pop(old)
    return arguments


def warn_of(old, new):
    """Warns of an old name of what has a new one, where it is used."""
    warnings.warn(
        f"{old} is called {new} now; the old name goes with the next release.",
        DeprecationWarning,
        stacklevel=3,
    )
