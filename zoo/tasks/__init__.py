"""Ready-built models: raw inputs in, answers out."""

from zoo.tasks.captioner import ImageCaptioner
from zoo.tasks.chat_bot import ChatBot
from zoo.tasks.classifier import Classifier
from zoo.tasks.generator import TextGenerator
from zoo.tasks.image_generator import ImageGenerator
from zoo.tasks.knowledge_tracer import KnowledgeTracer
from zoo.tasks.matcher import Matcher
from zoo.tasks.multilingual_translator import MultilingualTranslator
from zoo.tasks.output import Classified, Drawn, Generated, Matched, Ranked, Recommended, Traced
from zoo.tasks.rank_index import RankIndex
from zoo.tasks.ranker import Ranker
from zoo.tasks.recognizer import Recognizer, Transcript
from zoo.tasks.recommender import Recommender
from zoo.tasks.search_task import SearchTask
from zoo.tasks.summarizer import Summarizer
from zoo.tasks.task import Task
from zoo.tasks.translator import Translator

TaskModel = (
    SearchTask  # its name before there were tasks without a search; goes with the next release
)

__all__ = [
    "ChatBot",
    "Classified",
    "Classifier",
    "Drawn",
    "Generated",
    "ImageCaptioner",
    "ImageGenerator",
    "KnowledgeTracer",
    "Recognizer",
    "Recommended",
    "Recommender",
    "Matched",
    "Matcher",
    "MultilingualTranslator",
    "RankIndex",
    "Ranked",
    "Ranker",
    "SearchTask",
    "Summarizer",
    "Task",
    "TextGenerator",
    "Traced",
    "Transcript",
    "Translator",
]
