"""Measure a shipped model on its test sets, and write down what was found."""

import datetime
import json
import platform
from importlib import metadata
from pathlib import Path

from zoo.evaluation.corpora import CORPORA
from zoo.evaluation.files import write_atomically
from zoo.system import cores
from zoo.tasks.files import bits_per_weight


def evaluate(model, name, *, data_dir=None, limit=None, out=None, overwrite=False):
    """Measure a shipped model on its test sets, with the settings kept in the model.

    Args:
        model: the task model.
        name: a key of `CORPORA`, such as `"translate_fr_de"`.
        data_dir: folder of the data; by default as `zoo.data.find` says.
        limit: int or `None`; measure only this many examples of each set, and mark the
            result `partial`.
        out: folder of the model, in which `metrics.json` is written; `None` writes nothing.
        overwrite: let a partial result take the place of a complete `metrics.json`.

    Returns:
        dict, as in `metrics.json`: `model`, `date` (UTC), `partial`, `parameters`, `bytes` (of
        `out/model.keras`, else `None`), `bits_per_weight` of that file, the settings of the task,
        such as `decoding`, `versions`, `machine`, and `corpora`, a dict from the name of a corpus
        to `data`, `split`, `sha256` of its files, and what its `measure` returns.

    Raises:
        ValueError: an unknown name, a limit below 1, or a partial result in place of a whole one.
        FileNotFoundError: a data set is missing.
    """
    if name not in CORPORA:
        raise ValueError(f"name must be one of {', '.join(CORPORA)}; got name={name!r}.")
    if limit is not None and limit < 1:
        raise ValueError(f"limit must be >= 1; got limit={limit}.")
    if out is not None and limit is not None and not overwrite:
        _check_replaceable(Path(out) / "metrics.json", limit)
    # Read everything first: what is missing shows before the first hour of decoding.
    read = [(corpus, corpus.read(data_dir)) for corpus in CORPORA[name]]
    corpora = {
        corpus.name: {
            "data": corpus.data,
            "split": corpus.split,
            "sha256": corpus.checksums,
            **corpus.measure(model, material, limit),
        }
        for corpus, material in read
    }
    metrics = {
        "model": name,
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "partial": limit is not None,
        "parameters": int(model.count_params()),
        **_file(out),
        **model.settings(),
        "versions": _versions(),
        "machine": {"cpus": cores(), "architecture": platform.machine()},
        "corpora": corpora,
    }
    if out is not None:
        text = json.dumps(metrics, indent=2, ensure_ascii=False)
        write_atomically(Path(out) / "metrics.json", text + "\n")
    return metrics


def _check_replaceable(path, limit):
    if path.exists() and not json.loads(path.read_text(encoding="utf-8"))["partial"]:
        raise ValueError(
            f"limit must be None where {path} is complete, unless overwrite=True; "
            f"got limit={limit}."
        )


def _file(directory):
    """What there is to say of the model's file."""
    path = None if directory is None else Path(directory) / "model.keras"
    if path is None or not path.exists():
        return {"bytes": None}
    return {"bytes": path.stat().st_size, "bits_per_weight": bits_per_weight(path)}


def _versions():
    packages = "attention-zoo", "keras", "tensorflow", "sacrebleu", "sacremoses"
    return {"python": platform.python_version(), **{name: _version(name) for name in packages}}


def _version(package):
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # a checkout on the path, or tensorflow-cpu
        return None
