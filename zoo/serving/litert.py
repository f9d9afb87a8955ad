"""The whole decode loop as a LiteRT file, for low latency and for devices without TensorFlow."""

import json
import math
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from zoo.lite.readers import FORMAT, MANIFEST, MODEL
from zoo.serving.lite_servable import FOLDER
from zoo.serving.version_directory import checked_name
from zoo.system import new_folder, put_folder

WEIGHTS = ("int8", "float32")
_MOST_BYTES = 2**31 - 2**26  # of a protocol buffer and of a FlatBuffer, with room for the graph
_DEPTHWISE = schema.BuiltinOperator.DEPTHWISE_CONV_2D


def export_litert(model, directory, name=None, weights="int8"):
    """Writes a model for `zoo.serving.LiteTranslator` and its like.

    The file takes a batch of sources of one length, whatever it is. It answers as the model does by
    default; a generator samples, with the options of its `sample` signature as inputs.

    Args:
        model: a task model, such as `zoo.Translator`.
        directory: folder of all exported models; it is made if missing.
        name: folder of this one. Default: `model.name`.
        weights: "int8", the large matrices rounded to 8 bits, a scale for each column, and
            multiplied by activations that are rounded on the way (dynamic range), but depthwise
            convolutions in float32; or "float32".

    Returns:
        `pathlib.Path` of `directory`/`name`/litert, in which TF Serving sees no version. It takes
        the place of an earlier one.

    Raises:
        ValueError: other `weights`, a name that cannot stand in a URL, or too large a model.
    """
    if weights not in WEIGHTS:
        raise ValueError(f"weights must be one of {', '.join(WEIGHTS)}; got weights={weights!r}.")
    base = Path(directory) / checked_name(model, name)
    with new_folder(base) as beside:
        write_files(model, beside, weights)
        put_folder(beside, base / FOLDER)
    return base / FOLDER


def write_files(model, folder, weights):
    """Writes the files of a model into an empty folder; see `export_litert`."""
    (folder / MODEL).write_bytes(convert(model, weights))
    for file, content in model.lite_files().items():
        (folder / file).write_bytes(content)
    manifest = {
        "format": FORMAT,
        "task": type(model).__name__,
        "weights": weights,
        **model.lite_manifest(weights),
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def convert(model, weights):
    """The bytes of the LiteRT file of a model; see `export_litert`."""
    _check_size(model)
    function = model.lite_function()
    module = tf.Module()
    module.weights = [weight.value for weight in model.weights]
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], module)
    if weights != "int8":
        return converter.convert()
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return _with_float_depthwise(converter.convert())


def _check_size(model):
    """Raises ValueError for a model that the converter cannot read, before it tries for minutes."""
    model.build()
    size = sum(4 * math.prod(weight.shape) for weight in model.weights)
    if size > _MOST_BYTES:
        raise ValueError(
            f"model must have weights of at most {_MOST_BYTES / 1e9:.1f} GB in float32, of which a "
            f"LiteRT file is made; got {size / 1e9:.1f} GB. A SavedModel has no such limit."
        )


def _with_float_depthwise(file):
    """The kernels of depthwise convolutions, which are small, as float32 again.

    LiteRT has no fast kernel for such a convolution of floats by 8 bits: in an EfficientNet it took
    half the time of a caption.
    """
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(file))
    kernels = [
        graph.tensors[operator.inputs[1]]
        for graph in model.subgraphs
        for operator in graph.operators
        if model.operatorCodes[operator.opcodeIndex].builtinCode == _DEPTHWISE
    ]
    for kernel in kernels:
        if kernel.type == schema.TensorType.INT8:  # not the smallest, which stay as they are
            buffer = model.buffers[kernel.buffer]
            rounded = np.frombuffer(bytes(buffer.data), "int8").reshape(kernel.shape)
            scales = np.array(kernel.quantization.scale, "float32")  # one for each channel
            buffer.data = np.frombuffer((rounded * scales).tobytes(), "uint8")
            kernel.type, kernel.quantization = schema.TensorType.FLOAT32, None
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model)) if kernels else file
