"""From a task model to a service: a SavedModel for TF Serving, a LiteRT file, a server.

What only reads a LiteRT file does not import TensorFlow.
"""

import importlib

_PUBLIC = {
    "export": "zoo.serving.version_directory",
    "export_litert": "zoo.serving.litert",
    "open_litert": "zoo.lite.readers",
    "LiteMultilingualTranslator": "zoo.lite.readers",
    "LiteTranslator": "zoo.lite.readers",
    "LiteGenerator": "zoo.lite.readers",
    "LiteCaptioner": "zoo.lite.readers",
    "LiteChatBot": "zoo.lite.readers",
    "LiteSummarizer": "zoo.lite.readers",
    "LiteRecognizer": "zoo.lite.readers",
    "LiteClassifier": "zoo.lite.readers",
    "LiteRecommender": "zoo.lite.readers",
    "LiteKnowledgeTracer": "zoo.lite.readers",
    "LiteMatcher": "zoo.lite.readers",
    "LiteImageGenerator": "zoo.lite.readers",
}

__all__ = list(_PUBLIC)


def __getattr__(name):
    if name not in _PUBLIC:
        raise AttributeError(f"module 'zoo.serving' has no attribute {name!r}")
    value = getattr(importlib.import_module(_PUBLIC[name]), name)
    globals()[name] = value  # in the place of the module `export`, too
    return value
