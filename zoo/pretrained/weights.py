"""What the families share: the weights of single layers, and the names of activations."""

import numpy as np
import tensorflow as tf

from zoo.pretrained.checkpoint import CONFIG

ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_fast": "gelu_tanh",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "quick_gelu": "gelu_sigmoid",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
}
NEVER = -1e9  # the logit of a token that cannot be written


def activation(checkpoint, name):
    """The zoo's name of the activation in a setting.

    Raises:
        ValueError: an activation that is not known.
    """
    found = checkpoint.setting(name)
    if found not in ACTIVATIONS:
        raise ValueError(
            f"{checkpoint.path / CONFIG}: {name} must be one of {', '.join(ACTIVATIONS)}; "
            f"got {found!r}, which is not supported."
        )
    return ACTIVATIONS[found]


def fill_dense(checkpoint, layer, name, turned=True, bias=True):
    """Reads a dense layer.

    Args:
        checkpoint, layer: where from, and where to.
        name: str, without `.weight`.
        turned: whether the kernel is stored as (outputs, inputs).
        bias: whether the file has one; else that of the layer, if it has one, stays 0.
    """
    inputs, outputs = layer.kernel.shape
    kernel = checkpoint.weight(
        f"{name}.weight", shape=(outputs, inputs) if turned else (inputs, outputs)
    )
    layer.kernel.assign(np.transpose(kernel) if turned else kernel)
    if bias:
        layer.bias.assign(checkpoint.weight(f"{name}.bias", shape=(outputs,)))


def fill_normalization(checkpoint, layer, name):
    """Reads a layer normalisation, or one of the mean square."""
    shapes = [("weight", layer.gamma if hasattr(layer, "gamma") else layer.scale)]
    if hasattr(layer, "beta"):
        shapes.append(("bias", layer.beta))
    for part, variable in shapes:
        variable.assign(checkpoint.weight(f"{name}.{part}", shape=variable.shape))


def fill_rows(checkpoint, variable, order, *names, size):
    """Reads a table part by part, into its place: no second one is in memory.

    An assignment to a slice of a variable, such as `variable.value[:4].assign`, would read it, and
    so copy the whole for each part.

    Args:
        checkpoint, variable: where from, and where to.
        order: list of int, which row of the file each of ours is.
        *names: str, of which the first that there is counts.
        size: rows of the file.
    """
    shape = size, variable.shape[1]
    for place, rows in checkpoint.rows(*names, shape=shape, order=order):
        tf.raw_ops.ResourceStridedSliceAssign(
            ref=variable.value.handle,
            begin=[place.start],
            end=[place.stop],
            strides=[1],
            value=rows.astype("float32"),
        )


def fill_table(checkpoint, embedding, order, name):
    """Reads an embedding; of its bias, if it has one, the numbers that forbid copies of a token.

    Args:
        checkpoint, embedding: where from, and where to.
        order: list of int, which row of the file each token has. A row that comes again, later in
            the list, is the one that can be written.
        name: str.
    """
    fill_rows(checkpoint, embedding.table, order, name, size=1 + max(order))
    if embedding.bias is not None:
        last = {theirs: ours for ours, theirs in enumerate(order)}
        copies = [last[theirs] != ours for ours, theirs in enumerate(order)]
        embedding.bias.assign(np.where(copies, np.float32(NEVER), np.float32(0)))
