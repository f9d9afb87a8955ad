"""The whole decode loop as a LiteRT file, for low latency and for devices without TensorFlow."""

import json
import os
import shutil
from pathlib import Path

import tensorflow as tf

from zoo.lite.readers import MANIFEST, MODEL, SOURCE, TARGET
from zoo.serving.version_directory import checked_name

FOLDER = "litert"
WEIGHTS = ("int8", "float32")


def export_litert(model, directory, name=None, weights="int8"):
    """Writes a model for `zoo.serving.LiteTranslator` and its like.

    The file takes one source of any length. It decodes as the model does by default; a generator
    samples, with the options of its `sample` signature as inputs.

    Args:
        model: a task model, such as `zoo.Translator`.
        directory: folder of all exported models; it is made if missing.
        name: folder of this one. Default: `model.name`.
        weights: "int8", the large matrices rounded to 8 bits, a scale for each column, and
            multiplied by activations that are rounded on the way (dynamic range); or "float32".

    Returns:
        `pathlib.Path` of `directory`/`name`/litert, in which TF Serving sees no version. It takes
        the place of an earlier one in one move.

    Raises:
        ValueError: other `weights`, or a name that cannot stand in a URL.
    """
    if weights not in WEIGHTS:
        raise ValueError(f"weights must be one of {', '.join(WEIGHTS)}; got weights={weights!r}.")
    base = Path(directory) / checked_name(model, name)
    base.mkdir(parents=True, exist_ok=True)
    return write(model, base / FOLDER, weights)


def write(model, folder, weights):
    """Writes the files into `folder`, in one move; returns it."""
    folder = Path(folder)
    beside = folder.with_name(f".new.{os.getpid()}")
    before = folder.with_name(f".old.{os.getpid()}")
    try:
        beside.mkdir()
        (beside / MODEL).write_bytes(_converted(model, weights))
        for file, tokenizer in ((SOURCE, model.source_tokenizer), (TARGET, model.target_tokenizer)):
            if tokenizer is not None:
                (beside / file).write_bytes(tokenizer.proto)
        text = json.dumps(_manifest(model, weights), indent=2)
        (beside / MANIFEST).write_text(text + "\n", encoding="utf-8")
        if folder.exists():
            folder.rename(before)
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(before, ignore_errors=True)
    return folder


def _manifest(model, weights):
    return {
        "task": type(model).__name__,
        "weights": weights,
        "decoding": model.decoding.to_dict(),
        **model.lite_settings(),
    }


def _converted(model, weights):
    function = model.lite_function()
    module = tf.Module()
    module.weights = [weight.value for weight in model.weights]
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], module)
    if weights == "int8":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return converter.convert()
