"""A model as a transform of Apache Beam: needs `pip install 'attention-zoo[beam]'`."""

from zoo.beam.generate import Generate

__all__ = ["Generate"]
