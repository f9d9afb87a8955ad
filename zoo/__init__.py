"""Attention Zoo: attention layers for Keras 3, and trained models made of them.

    import keras, zoo
    translator = zoo.load("translate_fr_de")
    translator.generate("Un chien court sur la plage.")

Importing zoo registers its layers and models with Keras, so that `keras.models.load_model` finds
them. It does so when Keras itself is imported, and loads no library before it is needed.
"""

import importlib
import importlib.abc
import importlib.util
import sys

__version__ = "0.1.0"

_PUBLIC = {
    "Translator": "zoo.tasks",
    "Generated": "zoo.tasks",
    "load": "zoo.registry",
    "models": "zoo.registry",
    "plot_attention": "zoo.plots",
}
_SUBMODULES = ("data", "decoding", "evaluation", "layers", "plots", "recipes", "serving", "tasks")
_SUBMODULES += ("text", "training")

__all__ = [*_PUBLIC, *_SUBMODULES]


def __getattr__(name):
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    if name in _SUBMODULES:
        return importlib.import_module(f"zoo.{name}")
    raise AttributeError(f"module 'zoo' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)


class _RegisterWithKeras(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Waits for the import of Keras, then imports the classes that register themselves."""

    def find_spec(self, name, path=None, target=None):
        if name != "keras":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec("keras")
        if spec is not None:
            self._loader, spec.loader = spec.loader, self
        return spec

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        importlib.import_module("zoo.tasks")
        importlib.import_module("zoo.models")


if "keras" in sys.modules:
    importlib.import_module("zoo.tasks")
    importlib.import_module("zoo.models")
else:
    sys.meta_path.insert(0, _RegisterWithKeras())
