"""Attention Zoo: attention layers for Keras 3, and trained models made of them.

    import zoo
    translator = zoo.load("translate_fr_de")
    translator.generate("Un chien court sur la plage.")

Importing zoo registers its layers and models with Keras, so that `keras.models.load_model` finds
them. It does so when Keras itself is imported, and loads no library before it is needed.

Where TensorFlow is not imported yet and `TF_CPP_MIN_LOG_LEVEL` is not set, importing zoo sets it to
3: TensorFlow's native code then logs nothing but what ends the process. Errors reach Python as
exceptions, as ever. Who wants the log sets the variable to 0.
"""

import importlib
import importlib.abc
import importlib.util
import os
import sys

from zoo.system import advising

if "tensorflow" not in sys.modules:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

__version__ = "0.1.0"

_PUBLIC = {
    "Translator": "zoo.tasks",
    "MultilingualTranslator": "zoo.tasks",
    "TextGenerator": "zoo.tasks",
    "ImageCaptioner": "zoo.tasks",
    "ImageGenerator": "zoo.tasks",
    "ChatBot": "zoo.tasks",
    "Classifier": "zoo.tasks",
    "Recommender": "zoo.tasks",
    "KnowledgeTracer": "zoo.tasks",
    "Matcher": "zoo.tasks",
    "Ranker": "zoo.tasks",
    "Summarizer": "zoo.tasks",
    "Recognizer": "zoo.tasks",
    "Generated": "zoo.tasks",
    "load": "zoo.registry",
    "from_pretrained": "zoo.pretrained",
    "models": "zoo.registry",
    "plot_attention": "zoo.plots",
}
_SUBMODULES = ("data", "decoding", "evaluation", "layers", "plots", "recipes", "serving", "tasks")
_SUBMODULES += ("text", "training", "vision")

__all__ = [*_PUBLIC, *_SUBMODULES]


def __getattr__(name):
    if name in _PUBLIC:
        with advising():
            return getattr(importlib.import_module(_PUBLIC[name]), name)
    if name in (*_SUBMODULES, "batch", "beam"):  # these two are not listed: they need extras
        with advising():
            return importlib.import_module(f"zoo.{name}")
    raise AttributeError(f"module 'zoo' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)


_REGISTERING = ("data", "decoding", "layers", "models", "tasks", "text", "training", "vision")
_REGISTERING = tuple(f"zoo.{name}" for name in _REGISTERING)


class _RegisterWithKeras(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Waits for the import of Keras, then imports the classes that register themselves.

    A part of the zoo that imports Keras, or TensorFlow, which does, would be half imported when the
    others ask for it; so Keras, and with it all of them, is imported before the first of them.
    """

    def find_spec(self, name, path=None, target=None):
        if name in _REGISTERING:
            importlib.import_module("keras")
            found = sys.modules.get(name)  # missing without TensorFlow, which it will ask for
            if found is not None:
                # Python asks a module that came meanwhile for its own spec, and runs that.
                found.__spec__ = importlib.util.spec_from_loader(name, _Imported(found))
            return found and found.__spec__
        if name != "keras":
            return None
        # Who only asks for the spec, as TensorFlow does, imports nothing yet: the wait goes on.
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec("keras")
        sys.meta_path.insert(0, self)
        if spec is not None:
            self._loader, spec.loader = spec.loader, self
        return spec

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        sys.meta_path.remove(self)
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        _register()


class _Imported(importlib.abc.Loader):
    """Gives a module that is there already, as it is."""

    def __init__(self, module):
        self._module, self._spec = module, module.__spec__

    def create_module(self, spec):
        return self._module

    def exec_module(self, module):
        module.__spec__, module.__loader__ = self._spec, self._spec.loader


def _register():
    importlib.import_module("zoo.models")
    importlib.import_module("zoo.training")
    # Without TensorFlow there are the layers, the models and their training, on any backend.
    if importlib.util.find_spec("tensorflow") is not None:
        importlib.import_module("zoo.tasks")


if "keras" in sys.modules:
    _register()
else:
    sys.meta_path.insert(0, _RegisterWithKeras())
