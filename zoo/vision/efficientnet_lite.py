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
    images = keras.Input((input_size, input_size, 3), name="images")
    x = keras.layers.Rescaling(1 / 128, offset=-127 / 128, name="rescaling")(images)
    x = _convolution(x, "stem", 32, 3, strides=2)
    for stage, (kernel_size, stride, expansion, channels, blocks) in enumerate(STAGES):
        for block in range(blocks):
            name, entered, strides = f"stage_{stage}_{block}", x, stride if block == 0 else 1
            if expansion > 1:
                x = _convolution(x, f"{name}_expand", expansion * x.shape[-1])
            x = keras.layers.DepthwiseConv2D(
                kernel_size, strides=strides, padding="same", name=f"{name}_depthwise"
            )(x)
            x = keras.layers.ReLU(6.0)(x)
            x = _convolution(x, f"{name}_project", channels, activate=False)
            if block > 0:
                x = keras.layers.Add(name=f"{name}_add")([x, entered])
    x = _convolution(x, "head", 1280)
    if classes:
        x = keras.layers.GlobalAveragePooling2D(name="pooling")(x)
        x = keras.layers.Dense(classes, name="logits")(x)
    return keras.Model(images, x, name="efficientnet_lite0")


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


def _convolution(x, name, channels, kernel_size=1, strides=1, activate=True):
    x = keras.layers.Conv2D(channels, kernel_size, strides=strides, padding="same", name=name)(x)
    return keras.layers.ReLU(6.0)(x) if activate else x
