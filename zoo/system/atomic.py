"""Files and folders that are whole or absent, never half written."""

import contextlib
import errno
import os
import shutil
import time
import uuid
from pathlib import Path


@contextlib.contextmanager
def writing(path):
    """A name to write a file under, which takes the place of `path` at the end, in one move.

        with writing("notes/a.txt") as beside:
            beside.write_text("...")

    An error leaves what was there before. The name is nobody else's, in this process, in another
    and in a container with the same folder, and has the suffix of `path`, whose folder is made.

    Args:
        path: str or path.

    Yields:
        `pathlib.Path` of a file that is not there yet.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = _beside(path)
    try:
        yield beside
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


@contextlib.contextmanager
def new_folder(parent):
    """An empty folder in `parent`, of a name of its own that begins with a dot.

    At the end it is removed, unless it was renamed, by `put_folder` for one.

    Args:
        parent: path; the folder is made if missing.

    Yields:
        `pathlib.Path` of the folder.
    """
    Path(parent).mkdir(parents=True, exist_ok=True)
    folder = _beside(Path(parent) / "folder")
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put_folder(folder, path, replace=True):
    """Renames a folder to `path`.

    Args:
        folder: path of a folder on the same disk.
        path: where to.
        replace: whether it takes the place of a folder that is there, which is removed; otherwise
            that one stays, and `folder`, too.
    """
    path = Path(path)
    while True:
        try:
            os.rename(folder, path)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        if not replace:
            return
        before = _beside(path)
        try:
            os.rename(path, before)
        except FileNotFoundError:  # another process was faster
            continue
        shutil.rmtree(before, ignore_errors=True)


def remove_unused(parent, seconds, names="*"):
    """Removes the folders in `parent` of such names that nothing has touched for so long."""
    for path in Path(parent).glob(names):
        with contextlib.suppress(FileNotFoundError):  # another process was faster
            if path.is_dir() and time.time() - path.stat().st_mtime > seconds:
                shutil.rmtree(path, ignore_errors=True)


def _beside(path):
    return path.with_name(f".new.{uuid.uuid4().hex}{path.suffix}")
