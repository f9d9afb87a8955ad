"""Answers to a corpus, a line for a line: shards, whole or absent, and processes that make them."""

from zoo.batch.answerer import Answerer, check_options, described
from zoo.batch.corpus import Corpus
from zoo.batch.run import answer_corpus

__all__ = ["Answerer", "Corpus", "answer_corpus", "check_options", "described"]
