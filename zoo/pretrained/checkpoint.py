"""`Checkpoint`: a folder in Hugging Face's layout, read file by file and weight by weight."""

import copy
import functools
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zoo.system import advising

CONFIG = "config.json"
SAFE, PICKLED = "model.safetensors", "pytorch_model.bin"
_ROWS = 4096  # of a table that are read at a time
_GAP = 256  # rows between two that are wanted, over which it pays to read both at once


class Checkpoint:
    """The configuration, the files and the weights of a folder.

    A weight is read when it is asked for, and `finish` says which were not: a model is converted as
    a whole, or not at all.

    Args:
        path: the folder.

    Raises:
        FileNotFoundError: it has no `config.json`.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.config = self.json(CONFIG)
        self._tensors = None
        self._unread = set()

    def part(self, name):
        """The same folder as the part of a model with a configuration of its own sees it."""
        self._open()
        part = copy.copy(self)  # the weights that were read are those of both
        part.config = self.setting(name)
        if not isinstance(part.config, dict):
            raise ValueError(
                f"{self.path / CONFIG}: {name} must be an object; got {part.config!r:.80}."
            )
        return part

    def file(self, name):
        """Path of a file that must be there."""
        file = self.path / name
        if not file.is_file():
            raise FileNotFoundError(f"{self.path} must hold {name}, which is missing.")
        return file

    def json(self, name, missing=None):
        """The object in a JSON file, which must be there unless `missing` stands for it."""
        if missing is not None and not (self.path / name).is_file():
            return missing
        file = self.file(name)
        try:
            value = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{file} must be JSON; {error}.") from error
        if not isinstance(value, dict):
            raise ValueError(f"{file} must hold an object; got {type(value).__name__}.")
        return value

    def setting(self, name, default=None):
        """A number or a text of the configuration."""
        value = self.config.get(name, default)
        if value is None:
            raise ValueError(f"{self.path / CONFIG} must have {name}, which is missing.")
        return value

    def require(self, **settings):
        """Settings of which one value alone is understood; each may be missing."""
        for name, value in settings.items():
            if (found := self.config.get(name, value)) != value:
                raise ValueError(
                    f"{self.path / CONFIG}: {name} must be {value!r}; got {found!r}, which is not "
                    "supported."
                )

    def weight(self, *names, shape):
        """The first of these weights that there is, which must have this shape.

        Returns:
            A numpy array, in the dtype of the file (bfloat16 as float32).
        """
        return self._found(names, shape).read()

    def rows(self, *names, shape, order):
        """The rows of a matrix in another order, in parts, so that the whole is never in memory.

        Args:
            *names, shape: as of `weight`.
            order: list of int, the row of the file that each of ours is.

        Yields:
            A slice of `order`, and the numpy array of its rows.
        """
        tensor, order = self._found(names, shape), np.array(order)
        for begin in range(0, len(order), _ROWS):
            place = slice(begin, min(begin + _ROWS, len(order)))
            wanted, where = np.unique(order[place], return_inverse=True)
            groups = np.split(wanted, np.flatnonzero(np.diff(wanted) > _GAP) + 1)
            parts = [
                tensor.read(slice(int(group[0]), int(group[-1]) + 1))[group - group[0]]
                for group in groups
            ]
            yield place, np.concatenate(parts)[where]

    def _found(self, names, shape):
        """The `_Tensor` of the first of these names that there is, which must have this shape."""
        tensors = self._open()
        name = next((name for name in names if name in tensors), None)
        if name is None:
            raise ValueError(f"{self._file} must have a weight {names[0]}, which is missing.")
        if tensors[name].shape != tuple(shape):
            raise ValueError(
                f"{self._file}: {name} must have shape {tuple(shape)}; got {tensors[name].shape}."
            )
        self._unread -= set(names)
        return tensors[name]

    def has(self, name):
        """Whether there is such a weight."""
        return name in self._open()

    def skip(self, *names):
        """Weights that may be there and say nothing of their own, such as copies of others."""
        self._open()
        self._unread -= set(names)

    def finish(self):
        """Raises ValueError where a weight was not asked for."""
        if self._unread:
            some = sorted(self._unread)[:5]
            raise ValueError(
                f"{self._file} must have no other weights than those of {self.config['model_type']}"
                f"; got {len(self._unread)} more, such as {', '.join(some)}."
            )

    def _open(self):
        """Name -> `_Tensor`."""
        if self._tensors is None:
            for name, read in ((SAFE, _safe), (PICKLED, _pickled)):
                if files := self._files(name):
                    self._tensors = {key: found for file in files for key, found in read(file)}
                    break
            else:
                raise FileNotFoundError(f"{self.path} must hold {SAFE} or {PICKLED}; got neither.")
            self._unread = set(self._tensors)
        return self._tensors

    def _files(self, name):
        """The file of the weights, or its parts by an index; [] where neither is there."""
        self._file = self.path / name
        if self._file.is_file():
            return [self._file]
        self._file = self.path / f"{name}.index.json"
        if not self._file.is_file():
            return []
        parts = self.json(self._file.name).get("weight_map")
        if not isinstance(parts, dict) or not all(map(_is_file_name, parts.values())):
            raise ValueError(
                f"{self._file} must have a weight_map of weights to files beside it; "
                f"got {parts!r:.80}."
            )
        return [self.file(part) for part in sorted(set(parts.values()))]


class _Tensor(NamedTuple):
    """A weight in a file: its shape, and what reads it, `(rows: slice or None) -> numpy array`."""

    shape: tuple[int, ...]
    read: Callable


def _is_file_name(value):
    return isinstance(value, str) and Path(value).name == value


def _safe(file):
    """Yields the name and the `_Tensor` of each weight of a safetensors file."""
    with advising():
        from safetensors import SafetensorError, safe_open

    def read(name, rows=None):
        # Opened anew for each, so that what was read does not stay in memory.
        with safe_open(file, framework="numpy") as opened:
            if rows is None:
                return _numbers(opened.get_tensor(name))
            return _numbers(opened.get_slice(name)[rows])

    try:
        with safe_open(file, framework="numpy") as opened:
            shapes = {name: tuple(opened.get_slice(name).get_shape()) for name in opened.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{file} must be a safetensors file; {error}.") from error
    for name, shape in shapes.items():
        yield name, _Tensor(shape, functools.partial(read, name))


def _pickled(file):
    """Yields the name and the `_Tensor` of each weight of a file that torch wrote."""
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            f"{file} needs torch, which is not installed; or convert the file to {SAFE}."
        ) from error
    try:
        mapped = zipfile.is_zipfile(file)  # older files are none, and are read as a whole
        state = torch.load(file, map_location="cpu", weights_only=True, mmap=mapped)
    except Exception as error:
        raise ValueError(f"{file} must be the weights of a torch model; {error}.") from error
    if not isinstance(state, dict) or not all(map(torch.is_tensor, state.values())):
        raise ValueError(
            f"{file} must hold a dict of names to tensors; got {type(state).__name__}."
        )

    def read(tensor, rows=None):
        found = tensor.detach() if rows is None else tensor.detach()[rows]
        return (found.float() if found.dtype == torch.bfloat16 else found).numpy()

    for name, tensor in state.items():
        yield name, _Tensor(tuple(tensor.shape), functools.partial(read, tensor))


def _numbers(array):
    return array.astype("float32") if array.dtype.name == "bfloat16" else np.asarray(array)
