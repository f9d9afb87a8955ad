"""The place for what can be made or downloaded again."""

import os
from pathlib import Path


def cache_folder():
    """The folder for downloads and fast forms of models; it need not exist.

    The environment variable `ZOO_CACHE` names it; by default it is `attention-zoo` in the folder of
    `XDG_CACHE_HOME`, by default `~/.cache`.

    Returns:
        `pathlib.Path`.
    """
    if own := os.environ.get("ZOO_CACHE"):
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "attention-zoo"
