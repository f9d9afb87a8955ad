"""EfficientNet-Lite0: a small convolutional network that sees what is in a photograph."""

import keras
import numpy as np

# Kernel size, stride, expansion, channels, blocks.
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
_EPSILON = 1e-3  # of the batch normalisation of the original
_BRANCH, _JOIN = "branch_", "branches"


def efficientnet_lite0(classes=0, input_size=224):
    """EfficientNet-Lite0 as a functional Keras model, with batch normalisation folded in.

    A normalisation that is not trained is an affine map; here it is part of the convolution before
    it, which makes the network smaller and faster and safe in half precision.

    Args:
        classes: number of logits, or 0 for the grid of features in front of the pooling.
        input_size: height and width of an image, a multiple of 32.

    Returns:
        A `keras.Model` from images (B, input_size, input_size, 3), RGB in 0..255, to features
        (B, input_size / 32, input_size / 32, 1280), or to logits (B, classes).

    Raises:
        ValueError: an `input_size` that is no multiple of 32.

    Reference:
        Tan and Le 2019, EfficientNet; the Lite variants, without squeeze-and-excitation and with
        ReLU6: Liu 2020, Higher accuracy on vision models with EfficientNet-Lite.
    """
    if input_size < 32 or input_size % 32:
        raise ValueError(
            f"input_size must be a positive multiple of 32; got input_size={input_size}."
        )
    images, x = _entry(input_size)
    x = _head(_stages(x, range(len(STAGES))))
    if classes:
        x = keras.layers.GlobalAveragePooling2D(name="pooling")(x)
        x = keras.layers.Dense(classes, name="logits")(x)
    return keras.Model(images, x, name="efficientnet_lite0")


def branched(encoder, stage):
    """An encoder whose last stages stand twice: one branch to be trained, the other as it is.

    So the features that a classifier needs stay, beside those that another task makes of them.

    Args:
        encoder: from `efficientnet_lite0`, without logits.
        stage: the first of `STAGES` that stands twice, from 1.

    Returns:
        A `keras.Model` with the weights of `encoder`, in both branches. The names of the layers of
        the new one begin with `branch_`. Its features are those of both, side by side, the new ones
        first: (B, h, w, 2560).

    Raises:
        ValueError: a stage that is none, or the first.
    """
    _check_stage(stage)
    images, x = _entry(encoder.input_shape[1])
    x = _stages(x, range(stage))
    rest = range(stage, len(STAGES))
    both = [_head(_stages(x, rest, prefix), prefix) for prefix in (_BRANCH, "")]
    both = keras.layers.Concatenate(name=_JOIN)(both)
    model = keras.Model(images, both, name="efficientnet_lite0_branched")
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(encoder.get_layer(layer.name.removeprefix(_BRANCH)).get_weights())
    return model


def divided(encoder, stage):
    """An encoder in front of a stage, and from it on: two models that share its layers.

    Args:
        encoder: from `efficientnet_lite0`, without logits, or from `branched`, of whose two
            branches the second model is the new one.
        stage: of `STAGES`, from 1.

    Returns:
        A pair of `keras.Model`: from images to the features between, and from these to the grid.

    Raises:
        ValueError: a stage that is none, or the first.
    """
    _check_stage(stage)
    *_, blocks = STAGES[stage - 1]
    last = f"stage_{stage - 1}_{blocks - 1}_{'add' if blocks > 1 else 'project'}"
    between = encoder.get_layer(last).output
    joins = [layer for layer in encoder.layers if layer.name == _JOIN]
    grid = joins[0].input[0] if joins else encoder.output
    return keras.Model(encoder.input, between), keras.Model(between, grid)


def load_unfolded(model, unfolded):
    """Gives `efficientnet_lite0()` the weights of a model whose normalisations are layers.

    Args:
        model: from `efficientnet_lite0`, with or without logits.
        unfolded: a Keras model with the same convolutions in the same order, each followed by its
            `BatchNormalization`, and perhaps a dense layer.

    Returns:
        `model`.
    """
    kinds = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
    convolutions = [layer for layer in unfolded.layers if isinstance(layer, kinds)]
    norms = [x for x in unfolded.layers if isinstance(x, keras.layers.BatchNormalization)]
    own = [layer for layer in model.layers if isinstance(layer, kinds)]
    for layer, convolution, norm in zip(own, convolutions, norms, strict=True):
        layer.set_weights(fold(convolution.get_weights()[0], *norm.get_weights()))
    dense = [layer for layer in unfolded.layers if isinstance(layer, keras.layers.Dense)]
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            layer.set_weights(dense[0].get_weights())
    return model


def fold(kernel, gamma, beta, mean, variance):
    """Kernel and bias of a convolution that does what kernel and normalisation did together."""
    scale = gamma / np.sqrt(variance + _EPSILON)
    depthwise = kernel.shape[3] == 1 and kernel.shape[2] == len(gamma)
    return kernel * (scale[:, None] if depthwise else scale), beta - mean * scale


def _entry(input_size):
    """The images, and what the stages see of them."""
    images = keras.Input((input_size, input_size, 3), name="images")
    x = keras.layers.Rescaling(1 / 128, offset=-127 / 128, name="rescaling")(images)
    return images, _convolution(x, "stem", 32, 3, strides=2)


def _stages(x, numbers, prefix=""):
    for stage in numbers:
        kernel_size, stride, expansion, channels, blocks = STAGES[stage]
        for block in range(blocks):
            name, entered = f"{prefix}stage_{stage}_{block}", x
            strides = stride if block == 0 else 1
            if expansion > 1:
                x = _convolution(x, f"{name}_expand", expansion * x.shape[-1])
            x = keras.layers.DepthwiseConv2D(
                kernel_size, strides=strides, padding="same", name=f"{name}_depthwise"
            )(x)
            x = keras.layers.ReLU(6.0)(x)
            x = _convolution(x, f"{name}_project", channels, activate=False)
            if block > 0:
                x = keras.layers.Add(name=f"{name}_add")([x, entered])
    return x


def _head(x, prefix=""):
    return _convolution(x, f"{prefix}head", 1280)


def _convolution(x, name, channels, kernel_size=1, strides=1, activate=True):
    x = keras.layers.Conv2D(channels, kernel_size, strides=strides, padding="same", name=name)(x)
    return keras.layers.ReLU(6.0)(x) if activate else x


def _check_stage(stage):
    if stage not in range(1, len(STAGES)):
        raise ValueError(f"stage must be from 1 to {len(STAGES) - 1}; got stage={stage!r}.")
