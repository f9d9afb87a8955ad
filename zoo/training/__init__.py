"""What teaches a model, on any backend of Keras: losses, schedule, batches, portable trainings."""

from zoo.system import old_names
from zoo.training.learner import Learner
from zoo.training.losses import symmetric_kl, token_cross_entropy
from zoo.training.objectives import CrossEntropy
from zoo.training.schedules import WarmupLinear

__all__ = ["CrossEntropy", "Learner", "WarmupLinear", "symmetric_kl", "token_cross_entropy"]

__getattr__ = old_names(__name__, {"SequenceLearner": "Learner", "divergence": "symmetric_kl"})
