"""`Checkpoint`: a folder in Hugging Face's layout, read file by file and weight by weight."""

import functools
import json
import zipfile
from pathlib import Path

import numpy as np

CONFIG = "config.json"
SAFE, PICKLED = "model.safetensors", "pytorch_model.bin"


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
        tensors = self._open()
        for name in names:
            if name in tensors:
                array = tensors[name]()
                break
        else:
            raise ValueError(f"{self._file} must have a weight {names[0]}, which is missing.")
        if array.shape != tuple(shape):
            raise ValueError(
                f"{self._file}: {name} must have shape {tuple(shape)}; got {array.shape}."
            )
        self._unread -= set(names)
        return array

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
        """Name -> function that reads the weight."""
        if self._tensors is None:
            for name, read in ((SAFE, _safe), (PICKLED, _pickled)):
                if files := self._files(name):
                    self._tensors = {key: get for file in files for key, get in read(file)}
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


def _is_file_name(value):
    return isinstance(value, str) and Path(value).name == value


def _safe(file):
    """Yields (name, function that reads the weight) of a safetensors file."""
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise ImportError(
            f"{file} needs safetensors: `pip install attention-zoo[import]`."
        ) from error

    def read(name):
        # Opened anew for each, so that what was read does not stay in memory.
        with safe_open(file, framework="numpy") as opened:
            return _numbers(opened.get_tensor(name))

    try:
        with safe_open(file, framework="numpy") as opened:
            names = list(opened.keys())
    except SafetensorError as error:
        raise ValueError(f"{file} must be a safetensors file; {error}.") from error
    for name in names:
        yield name, functools.partial(read, name)


def _pickled(file):
    """Yields (name, function that reads the weight) of a file that torch wrote."""
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

    def read(tensor):
        tensor = tensor.detach()
        return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()

    for name, tensor in state.items():
        yield name, functools.partial(read, tensor)


def _numbers(array):
    return array.astype("float32") if array.dtype.name == "bfloat16" else np.asarray(array)
