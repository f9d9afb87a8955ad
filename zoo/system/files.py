"""The bytes of files that a user names."""

import os
from pathlib import Path

_SHOWN = 200  # characters of a path in a message


def read_file(path, argument):
    """The bytes of a file.

    Args:
        path: str or path-like.
        argument: what a message calls it.

    Raises:
        FileNotFoundError: there is no such file; a folder is none, and no file has such a name.
    """
    if os.path.isdir(path):
        raise FileNotFoundError(f"{argument} must be a file; got the folder {str(path)!r}.")
    if not os.path.isfile(path):  # unlike `Path.is_file`, of a name that is too long, too
        name = str(path)
        shown = f"{name[:_SHOWN]!r}..." if len(name) > _SHOWN else repr(name)
        raise FileNotFoundError(f"{argument} must be an existing file; got {shown}.")
    return Path(path).read_bytes()
