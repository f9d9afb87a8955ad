"""Pictures of what a model attends to."""

from zoo.plots.attention import plot_attention

__all__ = ["plot_attention"]
