"""Ready-built models: raw text in, text out."""

from zoo.tasks.output import Generated
from zoo.tasks.translator import Translator

__all__ = ["Generated", "Translator"]
