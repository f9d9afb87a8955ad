"""Model files: written whole or not at all, with matrices on a grid where asked."""

import inspect
import io
import json
import math
import shutil
import tempfile
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np

from zoo.system import new_folder, writing

_WEIGHTS = "model.weights.h5"
_MATRIX = 4096  # elements of a weight that is worth a grid of its own
_LEVELS = 127  # that the grid has at least between 0 and the largest weight of most rows
_ROWS = 8  # that share the number of bits


def save_model(model, path, compact=False):
    """Saves a model as `.keras`, first beside `path`, then renamed: no reader sees half a file.

    Args:
        model: a `keras.Model`.
        path: where to, ending in `.keras`.
        compact: whether matrices are rounded to a grid of 0.1, 0.01, 0.001, ..., the coarsest that
            is at least as fine as 8 bits for most of their rows, and stored in the 9 to 11 bits
            that this takes, and smaller weights in half precision. It is HDF5 that reads them
            again, as float32, so that `keras.models.load_model` needs nothing else.
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise ValueError(f"path must end in .keras; got path={str(path)!r}.")
    with writing(path) as beside, new_folder(path.parent) as folder:
        # By way of a folder: Keras would hold the file in memory, and more than once.
        keras.saving.save_model(model, folder, zipped=False)
        if compact:
            _compact(folder / _WEIGHTS)
        _zip(folder, beside, zipfile.ZIP_DEFLATED if compact else zipfile.ZIP_STORED)


def _zip(folder, path, compression):
    """Packs the files of a folder into an archive, which is the same for the same files."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            member = zipfile.ZipInfo(file.relative_to(folder).as_posix())
            member.compress_type = compression
            with file.open("rb") as source, archive.open(member, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target, 1 << 20)


def for_this_keras(config):
    """A configuration without what a later Keras has added, where it is not used.

    Keras 3.15 writes `input_axes` for each convolution and `renorm` for each batch normalisation,
    which 3.13 refuses.
    """
    if isinstance(config, list):
        return [for_this_keras(part) for part in config]
    if not isinstance(config, dict):
        return config
    config = {name: for_this_keras(part) for name, part in config.items()}
    if config.get("module") == "keras.initializers":
        initializer = getattr(keras.initializers, config["class_name"])
        known = inspect.signature(initializer).parameters
        own = config["config"].items()
        config["config"] = {n: value for n, value in own if value is not None or n in known}
    if config.get("class_name") == "BatchNormalization" and not config["config"].get("renorm"):
        own = config["config"].items()
        config["config"] = {n: value for n, value in own if not n.startswith("renorm")}
    return config


def load_network(path):
    """A network of Keras' own layers, not compiled, that this Keras or a later one has written."""
    with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
        config = for_this_keras(json.loads(archive.read("config.json")))
        network = keras.saving.deserialize_keras_object({**config, "compile_config": None})
        network.load_weights(archive.extract(_WEIGHTS, folder))
    return network


def bits_per_weight(path):
    """How many bits a weight takes in a `.keras` file, on average."""
    with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read(_WEIGHTS))) as file:
        stored = numbers = 0

        def count(name, item):
            nonlocal stored, numbers
            if isinstance(item, h5py.Dataset):
                stored += item.id.get_storage_size()
                numbers += item.size

        file.visititems(count)
    return 8 * stored / max(1, numbers)


def _compact(path):
    """Puts the weights of an HDF5 file on their grids."""
    rounded = path.with_suffix(".rounded")
    with h5py.File(path) as old, h5py.File(rounded, "w") as new:

        def copy(key, item):
            if not isinstance(item, h5py.Dataset):
                new.require_group(key).attrs.update(item.attrs)
                return
            data, grid = item[()], {}
            # The scales of a quantised layer may be beyond the largest number of float16.
            if data.dtype == np.float32 and np.abs(data).max(initial=0) < 65504:
                grid = _grid(data)
                # Rounded before, so that what is read and stored again stays as it is.
                data = data.round(grid["scaleoffset"]) if grid else data.astype("float16")
            new.create_dataset(key, data=data, **grid).attrs.update(item.attrs)

        old.visititems(copy)
        new.attrs.update(old.attrs)
    rounded.replace(path)


def _grid(data):
    """The options with which HDF5 stores a matrix on its grid; none for what is no matrix."""
    if data.ndim < 2 or data.size < _MATRIX:
        return {}
    largest = float(np.median(np.abs(data).reshape(len(data), -1).max(axis=1)))
    if not largest:
        return {}
    digits = math.ceil(-math.log10(largest / _LEVELS))
    chunks = (min(len(data), _ROWS), *data.shape[1:])
    return {"chunks": chunks, "scaleoffset": max(0, digits)}
