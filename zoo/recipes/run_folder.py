"""A run folder belongs to one training: to its data and to the numbers of its recipe."""

import dataclasses
import functools
import hashlib
import json
import types
from pathlib import Path

from zoo.system import writing

_NOTE = "run.json"
_TRACES = ("backup", "log.csv", "vocabulary.model", "vocabulary_0.model")  # of a run without a note


def digest(recipe, start=None):
    """What tells a training from all others, whatever its number of steps.

    Args:
        recipe: a dataclass with the numbers of the training. Functions count by the constants and
            names in them, and by the values that they close over, such as your own pairs.
        start: path of the model that the training starts from, or None.

    Returns:
        str of 64 hexadecimal digits.
    """
    numbers = [_plain(recipe)]
    if start is not None:
        numbers.append(hashlib.sha256(Path(start).read_bytes()).hexdigest())
    return hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()


def claim(folder, recipe, title, start=None):
    """Makes a folder the one of a training, before anything is read from it.

    Args:
        folder: is made if it is missing.
        recipe, start: see `digest`.
        title: what is trained, for the message to who comes with another training.

    Raises:
        ValueError: the folder holds another training, or a run that does not say of what.
    """
    found, mark = owner(folder), digest(recipe, start)
    if found is None:
        traces = [name for name in _TRACES if (Path(folder) / name).exists()]
        if traces:
            raise _foreign(folder, f"{traces[0]} of a run that does not say what it trains")
        note = {"title": title, "digest": mark, "recipe": digest(recipe)}
        with writing(Path(folder) / _NOTE) as beside:
            beside.write_text(json.dumps(note), encoding="utf-8")
    elif found["digest"] != mark:
        raise _foreign(folder, f"a run of other data or other numbers: {found['title']}")


def check(folder, recipe):
    """Refuses the folder of another recipe; one that does not say of which is taken."""
    found = owner(folder)
    if found is not None and found["recipe"] != digest(recipe):
        raise _foreign(folder, f"a training of other data or other numbers: {found['title']}")


def owner(folder):
    """The note in a folder, `title`, `digest` and `recipe`; None where there is none."""
    path = Path(folder) / _NOTE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {key: str(found[key]) for key in ("title", "digest", "recipe")}
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} must be the note of a run; got {error!r}.") from error


def _foreign(folder, what):
    return ValueError(
        f"{folder} must be a new folder, or the one of the same training; it holds {what}. "
        "Name another folder, or remove this one."
    )


def _plain(value):
    """A value as JSON can write it, the same in each process."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, functools.partial):
        return [_plain(value.func), _plain(value.args), _plain(value.keywords)]
    if isinstance(value, types.FunctionType):
        closed = [_plain(cell.cell_contents) for cell in value.__closure__ or ()]
        return [value.__qualname__, _plain(value.__code__), closed, _plain(value.__defaults__)]
    if isinstance(value, types.CodeType):
        return [_plain(value.co_consts), list(value.co_names)]
    if isinstance(value, (str, int, float, type(None))):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = {field.name for field in dataclasses.fields(value)}
        # A run may go on for more steps.
        return {name: _plain(getattr(value, name)) for name in sorted(names - {"steps"})}
    return getattr(value, "__qualname__", type(value).__qualname__)
