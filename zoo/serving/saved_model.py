"""What is in a SavedModel on disk: its graph and its signatures, without loading it."""

from pathlib import Path

from tensorflow.core.protobuf import saved_model_pb2

_INTERNAL = "__saved_model_init_op"


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
