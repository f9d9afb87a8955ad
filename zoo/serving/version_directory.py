"""The version directory that TF Serving watches, written beside and renamed in."""

import json
import os
import re
from pathlib import Path

from zoo.serving import deploy
from zoo.system import new_folder, remove_unused

_CHOICES = Path("assets.extra") / "choices.json"  # of a version; TF Serving passes it over
_STALE_SECONDS = 3600  # what an export that was killed left behind is removed after this time


def export(model, directory, name=None):
    """Writes the next version of a model's SavedModel, and how to serve it.

    A reader of `directory`/`name` sees the whole version or none: it is written beside, under a
    name that TF Serving ignores, and renamed. It holds warmup requests for every signature.
    `directory` gets the files of `zoo.serving.deploy`, for all models that it holds.

    Args:
        model: a task model, such as `zoo.Translator`.
        directory: folder of all exported models; it is made if missing.
        name: folder of this one, and its name in requests. Default: `model.name`.

    Returns:
        `pathlib.Path` of the version, `directory`/`name`/<n>, n one above the highest there is.

    Raises:
        ValueError: a name that cannot stand in a URL.
        ImportError: tensorflow-text is missing, whose ops an export needs.
    """
    from zoo.serving import warmup  # which needs TensorFlow

    name = checked_name(model, name)
    base = Path(directory) / name
    with new_folder(base) as beside:
        remove_unused(base, _STALE_SECONDS, ".new.*")
        model.export(beside)
        warmup.write(beside, name)
        if model.choices:
            (beside / _CHOICES).write_text(json.dumps(model.choices), encoding="utf-8")
        version = _publish(beside, base)
    deploy.write(directory)
    return version


def read_choices(version):
    """The `choices` of the model that a version directory was exported from; see `Task`."""
    path = Path(version) / _CHOICES
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []


def checked_name(model, name=None):
    """The name of an exported model, by default its own; `ValueError` if no URL can hold it."""
    name = model.name if name is None else name
    if not is_name(name):
        raise ValueError(f"name must be of letters, digits, '_', '-' and '.'; got name={name!r}.")
    return name


def is_name(name):
    """Whether a str can name a model in a URL."""
    return bool(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name))


def versions(base):
    """The versions in the folder of a model, as sorted int; empty where there is no such folder."""
    base = Path(base)
    folders = base.iterdir() if base.is_dir() else ()
    return sorted(int(path.name) for path in folders if path.name.isdecimal())


def _publish(beside, base):
    """Renames to the next version, or to the one after it where another export was faster."""
    while True:
        version = base / str(max(versions(base), default=0) + 1)
        try:
            os.rename(beside, version)
            return version
        except OSError:
            if not version.exists():
                raise
