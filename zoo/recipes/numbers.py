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
        dict of name -> int or float.
    """
    fields = {field.name: getattr(recipe, field.name) for field in dataclasses.fields(recipe)}
    return {
        name: value
        for name, value in {**_of_model(recipe), **fields}.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }


def overridden(recipe, given):
    """A recipe with other numbers.

    Args:
        recipe: see `numbers`.
        given: dict of names of `numbers` to a number, or to a str that holds one.

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
    kind = type(known[name])
    try:
        number = kind(value)
    except ValueError:
        number = None
    if number is None or not math.isfinite(number):
        what = "an integer" if kind is int else "a finite number"
        raise ValueError(f"{name} must be {what}, as the recipe's {known[name]}; got {value!r}.")
    return number
