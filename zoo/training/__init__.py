"""Loss and learning-rate schedule, written in `keras.ops` alone."""

from zoo.training.losses import token_cross_entropy
from zoo.training.schedules import WarmupLinear

__all__ = ["WarmupLinear", "token_cross_entropy"]
