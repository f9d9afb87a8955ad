"""What teaches a model, on any backend of Keras: losses, schedule, batches, portable trainings."""

from zoo.training.learner import Learner
from zoo.training.losses import divergence, token_cross_entropy
from zoo.training.objectives import CrossEntropy
from zoo.training.schedules import WarmupLinear

SequenceLearner = Learner  # its name before labels could be learned; goes with the next release

__all__ = ["CrossEntropy", "Learner", "WarmupLinear", "divergence", "token_cross_entropy"]
