"""Pictures of what a model attends to, and of what it draws."""

from zoo.plots.attention import plot_attention
from zoo.plots.pictures import plot_looks, plot_pictures

__all__ = ["plot_attention", "plot_looks", "plot_pictures"]
