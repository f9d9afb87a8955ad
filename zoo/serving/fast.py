"""The fast form of a model: its LiteRT file with 8-bit weights, made once and kept."""

import contextlib
import hashlib
import os
import threading
from importlib import metadata
from pathlib import Path

from zoo.lite.readers import MANIFEST, open_litert
from zoo.system import cache_folder, new_folder, put_folder, remove_unused

_KEPT_DAYS = 30
# What a LiteRT file is made by, and read by.
_PARTS = ("decoding", "layers", "lite", "models", "tasks", "text", "vision", "serving/litert.py")
_PACKAGES = ("ai-edge-litert", "keras", "tensorflow", "sentencepiece")
_making = threading.Lock()


def fast(path, load, num_threads=None):
    """The reader of a model's LiteRT file; only the first call for a model needs TensorFlow.

    The file is kept in the folder `litert` of `zoo.system.cache_folder()`, under a digest of what
    it depends on: the model's file, the parts of the zoo that make and read it, and the versions
    of the packages. When one is made, those that nobody has opened for 30 days are removed.

    Args:
        path: of the `.keras` file.
        load: `() -> task model`, called where the LiteRT file has to be made first.
        num_threads: see `zoo.lite.readers.LiteModel`.

    Returns:
        `zoo.serving.LiteTranslator` or its like.

    Raises:
        OSError: the cache cannot be written; the message says what to set.
    """
    folder = cache_folder() / "litert" / _digest(path)
    if not (folder / MANIFEST).exists():
        with _making:  # the other threads of this process wait, and find it
            if not (folder / MANIFEST).exists():
                _make(folder, load)
    with contextlib.suppress(OSError):  # a cache that can only be read serves, too
        os.utime(folder)
    return open_litert(folder, num_threads)


def _make(folder, load):
    from zoo.serving import litert

    try:
        with new_folder(folder.parent) as beside:
            litert.write_files(load(), beside, "int8")
            put_folder(beside, folder, replace=False)  # what another process has made is as good
        remove_unused(folder.parent, _KEPT_DAYS * 86_400)
    except OSError as error:
        raise OSError(
            "ZOO_CACHE must name a folder that can be written, for the fast form of the model; "
            f"got {str(cache_folder())!r}: {error}."
        ) from error


def _digest(path):
    """Hexadecimal digits that are others where the LiteRT file would be another."""
    digest = hashlib.sha256()
    zoo = Path(__file__).resolve().parent.parent
    files = [file for part in _PARTS for file in sorted((zoo / part).rglob("*.py")) or [zoo / part]]
    for file in [*files, Path(path)]:
        content = file.read_bytes()
        digest.update(f"{len(content)} ".encode())
        digest.update(content)
    for package in _PACKAGES:
        digest.update(f"{package} {_version(package)} ".encode())
    return digest.hexdigest()[:32]


def _version(package):
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
