"""What teaches a model, on any backend of Keras: losses, schedule, batches, portable trainings."""

from zoo.training.learner import SequenceLearner
from zoo.training.losses import divergence, token_cross_entropy
from zoo.training.schedules import WarmupLinear

__all__ = ["SequenceLearner", "WarmupLinear", "divergence", "token_cross_entropy"]
