"""The fast form of a model: its LiteRT file, made once and kept."""

import contextlib
import hashlib
import importlib.util
import os
import threading
from importlib import metadata
from pathlib import Path

from zoo.lite.readers import MANIFEST, open_litert
from zoo.serving import graph_file
from zoo.system import cache_folder, cores, new_folder, put_folder, remove_unused

_KEPT_DAYS = 30
# What a LiteRT file is made by, and read by.
_PARTS = ("decoding", "layers", "lite", "models", "tasks", "text", "vision", "serving/litert.py")
_PARTS += ("serving/graph_file.py",)
_PACKAGES = ("ai-edge-litert", "keras", "tensorflow", "sentencepiece")
_EXACT_THREADS = 4  # each has copies of the model in float32, of 300 MB together
_making = threading.Lock()


def fast(path, load, weights="int8", num_threads=None):
    """The reader of a model's LiteRT file.

    A shipped model has a graph file beside it (`zoo.serving.graph_file`), of which the LiteRT file
    is made in about a second. Of any other, TensorFlow makes it, in 10 to 20 seconds, at the first
    call. It is kept in the folder `litert` of `zoo.system.cache_folder()`, under a digest of what
    it depends on: the model's file, the parts of the zoo that make and read it, and the versions
    of the packages. When one is made, those that nobody has opened for 30 days are removed.

    Args:
        path: of the `.keras` file.
        load: `() -> task model`, called where TensorFlow has to make the LiteRT file.
        weights: "int8", or "float32", which gives the model's own answers.
        num_threads: as of `zoo.lite.readers.LiteModel`.

    Returns:
        `zoo.serving.LiteTranslator` or its like.

    Raises:
        OSError: the cache cannot be written; the message says what to set.
    """
    folder = cache_folder() / "litert" / _digest(path, weights)
    if not (folder / MANIFEST).exists():
        with _making:  # the other threads of this process wait, and find it
            if not (folder / MANIFEST).exists():
                _make(folder, path, load, weights)
    with contextlib.suppress(OSError):  # a cache that can only be read serves, too
        os.utime(folder)
    return open_litert(folder, num_threads)


def exact(path):
    """The reader that gives the model's own answers, where it can be had without TensorFlow.

    Args:
        path: of the `.keras` file.

    Returns:
        As of `fast`, in float32; None where there is no graph file, no ai-edge-litert, or no cache
        that can be written.
    """
    if importlib.util.find_spec("ai_edge_litert") is None or not graph_file.fits(path, "float32"):
        return None
    try:
        return fast(path, None, "float32", num_threads=min(cores(), _EXACT_THREADS))
    except OSError:
        return None


def write_files(path, folder, load, weights="int8"):
    """Writes the LiteRT export of a model into an empty folder; arguments as of `fast`."""
    if graph_file.fits(path, weights):
        graph_file.assemble(path, weights, folder)
        return
    from zoo.serving import litert

    litert.write_files(load(), folder, weights)


def _make(folder, path, load, weights):
    try:
        with new_folder(folder.parent) as beside:
            write_files(path, beside, load, weights)
            put_folder(beside, folder, replace=False)  # what another process has made is as good
        remove_unused(folder.parent, _KEPT_DAYS * 86_400)
    except OSError as error:
        raise OSError(
            "ZOO_CACHE must name a folder that can be written, for the fast form of the model; "
            f"got {str(cache_folder())!r}: {error}."
        ) from error


def _digest(path, weights="int8"):
    """Hexadecimal digits that are others where the LiteRT file would be another."""
    digest = hashlib.sha256(weights.encode())
    zoo = Path(__file__).resolve().parent.parent
    files = [file for part in _PARTS for file in sorted((zoo / part).rglob("*.py")) or [zoo / part]]
    graph = graph_file.graph_path(path, weights)
    for file in [*files, Path(path), *([graph] if graph.exists() else [])]:
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
