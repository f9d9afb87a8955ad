"""SavedModels: what is in one on disk, without loading it, and the loaded one that is served."""

from pathlib import Path

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from zoo.serving.errors import RequestError
from zoo.serving.servable import Exports, Servable, Signature, TensorSpec
from zoo.serving.version_directory import read_choices, versions

_INTERNAL = "__saved_model_init_op"
# What the lines of an error hold that say where it was, or how many there were.
_WHERE = ("Graph execution error", "Detected at node", "<stack trace", "  File ", "root error(s)")


def meta_graph(version):
    """The `MetaGraphDef` for serving of a version directory.

    Raises:
        FileNotFoundError: there is no SavedModel.
        ValueError: the file is damaged.
    """
    path = Path(version) / "saved_model.pb"
    if not path.is_file():
        raise FileNotFoundError(f"version must be the folder of a SavedModel; got {version}.")
    try:
        saved = saved_model_pb2.SavedModel.FromString(path.read_bytes())
        return next(graph for graph in saved.meta_graphs if "serve" in graph.meta_info_def.tags)
    except Exception as error:  # what protobuf raises has no common type
        raise ValueError(f"{path} must be a whole SavedModel; got: {error}") from error


def signatures(version):
    """Name -> `SignatureDef` of what a version offers."""
    found = meta_graph(version).signature_def
    return {name: found[name] for name in sorted(found) if name != _INTERNAL}


class SavedModels(Exports):
    """The version directories of `<model>/<version>/`."""

    layout = "<model>/<version>/"

    def versions(self, base):
        return {version: Path(base) / str(version) for version in versions(base)}

    def files(self, path):
        return [path / "saved_model.pb", *sorted(path.glob("variables/*"))]

    def open(self, name, version, path):
        import tensorflow_text  # noqa: F401  its ops are in the graph

        loaded = tf.saved_model.load(str(path))
        return Servable(
            name,
            version,
            {
                key: Signature(_runner(loaded, key), _specs(info.inputs), _specs(info.outputs))
                for key, info in signatures(path).items()
            },
            read_choices(path),
        )


def _specs(infos):
    """Alias -> `TensorSpec`, of a map of `TensorInfo`."""
    return {
        alias: TensorSpec(tf.dtypes.as_dtype(info.dtype).name, _shape(info), info.name)
        for alias, info in infos.items()
    }


def _shape(info):
    if info.tensor_shape.unknown_rank:
        return None
    return tuple(None if dim.size < 0 else dim.size for dim in info.tensor_shape.dim)


def _runner(loaded, key):
    def run(inputs):
        try:
            outputs = loaded.signatures[key](**{name: tf.constant(v) for name, v in inputs.items()})
        except tf.errors.OpError as error:
            code = next(n for n, v in vars(tf.errors).items() if v == error.error_code)
            raise RequestError(code, _reason(error.message) or code) from error
        return {name: value.numpy() for name, value in outputs.items()}

    return run


def _reason(message):
    """The line of an error of TensorFlow that tells what was wrong, not where in its graph."""
    lines = [line for line in message.splitlines() if line.strip()]
    telling = (line for line in lines if not any(words in line for words in _WHERE))
    return next(telling, "".join(lines[:1]))
