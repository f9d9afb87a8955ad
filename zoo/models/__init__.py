"""Models made of `zoo.layers`, one file each."""

from zoo.models.rnn import RNNSearch
from zoo.models.transformer import Transformer

__all__ = ["RNNSearch", "Transformer"]
