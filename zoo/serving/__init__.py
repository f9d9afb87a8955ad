"""From a task model to a service: a SavedModel for TF Serving, and a server for a laptop."""

from zoo.serving.export import export

__all__ = ["export"]
