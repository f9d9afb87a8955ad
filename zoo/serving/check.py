"""Which versions of TF Serving can run a SavedModel: its operations against what they link."""

from typing import NamedTuple

import tensorflow as tf

from zoo.serving.saved_model import meta_graph, signatures

# What a server lacks of TensorFlow 2.21: read off the operations that the C library of TensorFlow
# 2.19.1 and 2.20.0 registers, and those of TensorFlow Text 2.12.1 (in TF Serving 2.19) and 2.20.1.
_LACKS = {
    "2.19": {
        "DecodeJxl",
        "DecodeWebP",
        "TFText>RoundRobinGenerateMasks",
        "TFText>RoundRobinTrim",
        "TFText>Utf8Binarize",
    },
    "2.20": {"DecodeJxl"},
}
# Attributes that an operation has only since then; one that has its default is not written.
_NEW_ATTRIBUTES = {
    "2.19": {("TensorListGetItem", "Tshape")},
    "2.20": {("TensorListGetItem", "Tshape")},
}
SERVERS = tuple(_LACKS)

# Operations of TensorFlow Text whose names do not begin with "TFText>".
_TEXT = {
    "CaseFoldUTF8",
    "ConstrainedSequence",
    "FastBertNormalize",
    "FastWordpieceTokenizeWithOffsets",
    "FindSourceOffsets",
    "MaxSpanningTree",
    "NormalizeUTF8",
    "NormalizeUTF8WithOffsetsMap",
    "PhraseTokenize",
    "RegexSplitWithOffsets",
    "RougeL",
    "SentenceFragments",
    "SentenceFragmentsV2",
    "SentencepieceDetokenizeOp",
    "SentencepieceIdToStringOp",
    "SentencepieceOp",
    "SentencepieceStringToIdOp",
    "SentencepieceTokenizeOp",
    "SentencepieceTokenizeWithOffsetsOp",
    "SentencepieceVocabSizeOp",
    "SplitMergeTokenizeWithOffsets",
    "TokenizerFromLogits",
    "UnicodeScriptTokenizeWithOffsets",
    "WhitespaceTokenizeWithOffsets",
    "WordpieceTokenizeWithOffsets",
}
_PYTHON = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}


class Checked(NamedTuple):
    """What `check` found.

    Attributes:
        operations: name -> the servers (tuple of str, such as `"2.19"`) that can run it.
        problems: list of str, each of which no server can overcome.
        servers: those that can run all.
    """

    operations: dict
    problems: list
    servers: tuple
    known = SERVERS


def check(version):
    """Reads a version directory, without running it.

    Args:
        version: the folder of a SavedModel.

    Returns:
        `Checked`.

    Raises:
        FileNotFoundError, ValueError: there is no whole SavedModel.
    """
    graph = meta_graph(version).graph_def
    functions = {function.signature.name for function in graph.library.function}
    nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
    operations = {}
    for node in nodes:
        if node.op not in functions:
            runs = tuple(
                server for server in operations.get(node.op, SERVERS) if _runs(node, server)
            )
            operations[node.op] = runs
    problems = [
        *(f"{op} needs Python" for op in sorted(operations.keys() & _PYTHON)),
        *(
            f"{op} needs XLA, which a server on CPU has not"
            for op in sorted(filter(_xla, operations))
        ),
        *(
            f"function {function.signature.name} must be compiled by XLA"
            for function in graph.library.function
            if function.attr["_XlaMustCompile"].b
        ),
        *_of_signatures(version),
    ]
    servers = tuple(s for s in SERVERS if all(s in runs for runs in operations.values()))
    return Checked(dict(sorted(operations.items())), problems, () if problems else servers)


def _runs(node, server):
    known = hasattr(tf.raw_ops, node.op) or node.op in _TEXT or node.op.startswith("TFText>")
    if not known or node.op in _LACKS[server] | _PYTHON or _xla(node.op):
        return False
    return not any((node.op, attribute) in _NEW_ATTRIBUTES[server] for attribute in node.attr)


def _xla(operation):
    return operation.startswith("Xla")


def _of_signatures(version):
    """What would break batching: a tensor without a free batch dimension in front."""
    for name, signature in signatures(version).items():
        tensors = {**signature.inputs, **signature.outputs}
        for alias, info in tensors.items():
            sizes = [dim.size for dim in info.tensor_shape.dim]
            if not info.name:
                yield f"{alias} of {name} must be dense"
            elif info.tensor_shape.unknown_rank or sizes[:1] != [-1]:
                yield f"{alias} of {name} must have a free batch dimension in front; got {sizes}"
