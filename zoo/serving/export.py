"""The version directory that TF Serving watches, written beside and renamed in."""

import os
import shutil
from pathlib import Path


def export(model, directory, name):
    """Writes the next version of a model's SavedModel.

    A reader of `directory`/`name` sees the whole version or none: it is written beside, under a
    name that TF Serving ignores, and renamed.

    Args:
        model: a task model, such as `zoo.Translator`.
        directory: folder of all exported models; it is made if missing.
        name: folder of this one.

    Returns:
        `pathlib.Path` of the version, `directory`/`name`/<n>, n one above the highest there is.
    """
    base = Path(directory) / name
    base.mkdir(parents=True, exist_ok=True)
    versions = [int(path.name) for path in base.iterdir() if path.name.isdecimal()]
    version = base / str(max(versions, default=0) + 1)
    beside = base / f".{version.name}.{os.getpid()}"
    try:
        model.export(beside)
        os.replace(beside, version)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return version
