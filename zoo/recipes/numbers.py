"""The numbers of a recipe, which can be chosen otherwise."""

import dataclasses
import difflib
import functools
import math


def numbers(recipe):
    """What of a recipe is a number: its own fields, and the arguments of its model.

    Args:
        recipe: a dataclass whose `model` is a `functools.partial` of a class of `zoo.models`.

    Returns:
        dict of name -> int, float, or a tuple of such.
    """
    fields = {field.name: getattr(recipe, field.name) for field in dataclasses.fields(recipe)}
    return {
        name: value
        for name, value in {**_of_model(recipe), **fields}.items()
        if _is_number(value) or (isinstance(value, tuple) and value and all(map(_is_number, value)))
    }


def overridden(recipe, given):
    """A recipe with other numbers.

    Args:
        recipe: see `numbers`.
        given: dict of names of `numbers` to a number, or to a str that holds one; where the recipe
            has a tuple, to a tuple, or to a str of numbers with commas between them.

    Returns:
        A recipe of the same class.

    Raises:
        ValueError: a name that the recipe has no number of, or a value that is none of its kind.
    """
    known = numbers(recipe)
    chosen = {name: _number(name, value, known) for name, value in given.items()}
    fields = {field.name for field in dataclasses.fields(recipe)}
    of_model = {name: value for name, value in chosen.items() if name not in fields}
    model = functools.partial(recipe.model, **of_model) if of_model else recipe.model
    own = {name: value for name, value in chosen.items() if name in fields}
    return dataclasses.replace(recipe, model=model, **own)


def _of_model(recipe):
    return recipe.model.keywords if isinstance(recipe.model, functools.partial) else {}


def _number(name, value, known):
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ValueError(f"a number must be one of {', '.join(sorted(known))}; got {name!r}.{hint}")
    old = known[name]
    several = isinstance(old, tuple)
    kind = type(old[0]) if several else type(old)
    given = value.split(",") if several and isinstance(value, str) else value
    try:
        chosen = tuple(map(kind, given if several else [given]))
    except (TypeError, ValueError):
        chosen = ()
    if not chosen or not all(map(math.isfinite, chosen)):
        what = "an integer" if kind is int else "a finite number"
        what = f"{what}, or several with commas between them" if several else what
        raise ValueError(f"{name} must be {what}, as the recipe's {old}; got {value!r}.")
    return chosen if several else chosen[0]


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)
