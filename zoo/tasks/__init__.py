"""Ready-built models: raw inputs in, text out."""

from zoo.tasks.captioner import ImageCaptioner
from zoo.tasks.generator import TextGenerator
from zoo.tasks.output import Generated
from zoo.tasks.task_model import TaskModel
from zoo.tasks.translator import Translator

__all__ = ["Generated", "ImageCaptioner", "TaskModel", "TextGenerator", "Translator"]
