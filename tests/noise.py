"""Small models whose every input matters."""

import keras
import numpy as np


def noisy(make, scale=0.5):
    """The model that `make()` gives, with noise on its weights: as they begin, they hide too much.

    Args:
        make: () -> a model whose `build()` needs no shape.
        scale: standard deviation of the noise.
    """
    keras.utils.set_random_seed(0)
    model = make()
    model.build()
    for seed, weight in enumerate(model.trainable_weights):
        noise = np.random.default_rng(seed).normal(size=weight.shape)
        weight.assign(weight.numpy() + scale * noise)
    return model
