"""Model files: written whole or not at all, in half precision where asked."""

import io
import zipfile
from pathlib import Path

import h5py
import numpy as np

from zoo.system import writing


def save_model(model, path, half=False):
    """Saves a model as `.keras`, first beside `path`, then renamed: no reader sees half a file.

    Args:
        model: a `keras.Model`.
        path: where to, ending in `.keras`.
        half: whether float32 weights are stored as float16. They are float32 again when loaded.
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise ValueError(f"path must end in .keras; got path={str(path)!r}.")
    with writing(path) as beside:
        model.save(beside)
        if half:
            _halve(beside)


def _halve(path):
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = "model.weights.h5"
    target = io.BytesIO()
    with h5py.File(io.BytesIO(parts[name])) as old, h5py.File(target, "w") as new:

        def copy(key, item):
            if isinstance(item, h5py.Dataset):
                data = item[()]
                # The scales of a quantised layer may be beyond the largest number of float16.
                if data.dtype == np.float32 and np.abs(data).max(initial=0) < 65504:
                    data = data.astype("float16")
                new.create_dataset(key, data=data).attrs.update(item.attrs)
            else:
                new.require_group(key).attrs.update(item.attrs)

        old.visititems(copy)
        new.attrs.update(old.attrs)
    parts[name] = target.getvalue()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
