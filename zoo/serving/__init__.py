"""From a task model to a SavedModel for TF Serving."""

from zoo.serving.export import export

__all__ = ["export"]
