"""Graph files: what a LiteRT export holds beside the weights and the vocabularies of its model.

A LiteRT file is its graph, of some 30 KB when it is packed, and numbers that follow from the
weights in the `.keras` file, most of them the weights themselves, transposed or in 8 bits. A graph
file has the one and says where each of the others stands. So a few KB beside a model make its
LiteRT export, byte by byte, in about a second, where TensorFlow takes ten to convert it, and
without importing TensorFlow.
"""

import base64
import io
import json
import lzma
import zipfile
from pathlib import Path

import numpy as np

from zoo.lite.readers import MANIFEST, MODEL

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_GRAPH, _PLAN = "graph.xz", "plan.json"
_LEVELS = 127  # of 8 bits, on each side of 0
_LEAST = 64  # bytes of numbers that are looked for in a LiteRT file; short ones stay in the graph


def graph_path(model, weights):
    """Where the graph file of a `.keras` file is, beside it; see `fits`."""
    return Path(model).with_name(f"graph.{weights}.zip")


def fits(model, weights):
    """Whether there is a graph file of exactly this model.

    Args:
        model: path of the `.keras` file.
        weights: "int8" or "float32", of the LiteRT file.
    """
    try:
        with zipfile.ZipFile(graph_path(model, weights)) as graph:
            plan = json.loads(graph.read(_PLAN))
        return plan["model"] == _checksums(model)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError):
        return False


def assemble(model, weights, folder):
    """Writes the LiteRT export of a model that its graph file `fits`, as TensorFlow would.

    Args:
        model, weights: see `fits`.
        folder: path of an empty folder.
    """
    with zipfile.ZipFile(graph_path(model, weights)) as graph:
        plan = json.loads(graph.read(_PLAN))
        rest = io.BytesIO(lzma.decompress(graph.read(_GRAPH)))
        manifest = graph.read(MANIFEST)
    form = _Forms(model)
    with open(folder / MODEL, "wb") as file:
        for start, name, kind in plan["numbers"]:
            file.write(rest.read(start - file.tell()))
            file.write(form(name, kind))
        file.write(rest.read())
    config = _config(model)
    for file, keys in plan["texts"].items():
        (folder / file).write_bytes(_text(config, keys))
    (folder / MANIFEST).write_bytes(manifest)


def write(model, weights, folder):
    """Writes the graph file of a model, from the LiteRT export that TensorFlow made of it.

    Args:
        model, weights: see `fits`.
        folder: path of the export.

    Returns:
        Its path, beside the model.
    """
    file = (folder / MODEL).read_bytes()
    numbers = _numbers(model, file)
    rest, end = [], 0
    for start, size, _, _ in numbers:
        rest.append(file[end:start])
        end = start + size
    rest.append(file[end:])
    plan = {
        "model": _checksums(model),
        "numbers": [[start, name, kind] for start, _, name, kind in numbers],
        "texts": _texts(_config(model), folder),
    }
    packed = lzma.compress(b"".join(rest), preset=9 | lzma.PRESET_EXTREME)
    path = graph_path(model, weights)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as graph:
        for name, content in (
            (_PLAN, json.dumps(plan, separators=(",", ":"))),
            (_GRAPH, packed),
            (MANIFEST, (folder / MANIFEST).read_bytes()),
        ):
            graph.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 9)
    return path


class _Forms:
    """Weights of a `.keras` file as they may stand in a LiteRT file: (name, kind) -> bytes."""

    KINDS = ("own", "turned", "rows", "row_scales", "columns", "column_scales", "all", "scale")

    def __init__(self, model):
        import h5py

        self.weights = {}

        def keep(name, item):
            if isinstance(item, h5py.Dataset):
                self.weights[name] = item[()].astype("float32")

        with zipfile.ZipFile(model) as archive:
            content = io.BytesIO(archive.read(_WEIGHTS))
        with h5py.File(content) as file:
            file.visititems(keep)

    def __call__(self, name, kind):
        return self._array(name, kind).tobytes()

    def _array(self, name, kind):
        weight = self.weights[name]
        if kind == "own":
            return weight
        matrix = weight.reshape(-1, weight.shape[-1] if weight.ndim else 1)
        if kind in ("turned", "columns", "column_scales"):
            matrix = matrix.T
        elif kind in ("all", "scale"):
            matrix = matrix.reshape(1, -1)
        if kind == "turned":
            return matrix
        # As TensorFlow's converter: a scale for each row, in double precision on the way.
        scales = np.abs(matrix).max(axis=1).astype("float64") / _LEVELS
        if kind.startswith(("row_", "column_", "scale")):
            return scales.astype("float32")
        return np.rint(matrix / np.where(scales > 0, scales, 1)[:, None]).astype("int8")


def _numbers(model, file):
    """Where weights stand in a LiteRT file: list of (start, size, name, kind), by their start."""
    form, found, taken = _Forms(model), [], np.zeros(len(file), bool)
    for name in form.weights:
        for kind in form.KINDS:
            content = form(name, kind)
            if len(content) < _LEAST:
                continue
            start = file.find(content[:_LEAST])
            while start >= 0:
                end = start + len(content)
                if file[start:end] == content and not taken[start:end].any():
                    found.append((start, len(content), name, kind))
                    taken[start:end] = True
                start = file.find(content[:_LEAST], start + 1)
    return sorted(found)


def _checksums(model):
    """What tells a `.keras` file from others, without reading it."""
    with zipfile.ZipFile(model) as archive:
        return [archive.getinfo(name).CRC for name in (_CONFIG, _WEIGHTS)]


def _config(model):
    with zipfile.ZipFile(model) as archive:
        return json.loads(archive.read(_CONFIG))


def _texts(config, folder):
    """File name -> the keys under which the configuration of a model has its content."""
    return {
        file.name: _keys(config, file.read_bytes())
        for file in sorted(folder.iterdir())
        if file.name not in (MODEL, MANIFEST)
    }


def _keys(config, content):
    for keys in _strings(config):
        try:
            if _text(config, keys) == content:
                return keys
        except ValueError:  # it is no base64
            continue
    raise ValueError(
        f"config must hold the files of an export; one of {len(content)} bytes is not."
    )


def _strings(config, keys=()):
    """The keys of each str in nested dicts."""
    for key, value in config.items():
        if isinstance(value, dict):
            yield from _strings(value, (*keys, key))
        elif isinstance(value, str):
            yield (*keys, key)


def _text(config, keys):
    for key in keys:
        config = config[key]
    return base64.b64decode(config, validate=True)
