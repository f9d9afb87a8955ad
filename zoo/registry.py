"""The trained models: find them, list them, load them. Nothing heavy is imported before a load."""

import contextlib
import dataclasses
import importlib.util
import json
import os
import zipfile
from pathlib import Path

from zoo.system import advising

FILE = "model.keras"
PACKAGE = "attention_zoo_models"  # made of saved_models/, for those who have no checkout
_NONE = (
    "none is here: pip install attention-zoo-models, or name a folder of models in ZOO_MODELS, "
    "or train one"
)
# What a member of a file may hold at most: this, or so many times its packed size. Weights hardly
# shrink, so that a file beyond both is no model, but made to fill the memory.
_MEMBER_BYTES, _MEMBER_RATIO = 1 << 26, 100
TASKS = {  # class of zoo.tasks -> task
    "Translator": "translation",
    "MultilingualTranslator": "translation",
    "TextGenerator": "generation",
    "ImageCaptioner": "captioning",
    "ImageGenerator": "image generation",
    "ChatBot": "dialogue",
    "Summarizer": "summarization",
    "Classifier": "classification",
    "Recommender": "recommendation",
    "KnowledgeTracer": "knowledge tracing",
    "Matcher": "matching",
    "Ranker": "ranking",
    "Recognizer": "speech recognition",
}
# The figure by which a model is listed: the first of these that its first test set has.
_FIGURES = (
    ("bleu", "BLEU {:.1f}"),
    ("rouge_1", "ROUGE-1 {:.1f}"),
    ("perplexity_word", "perplexity {:.1f} a word"),
    ("perplexity_character", "perplexity {:.1f} a character"),
    ("cider_d", "CIDEr-D {:.3f}"),
    ("bits_per_character", "{:.3f} bits per character"),
    ("auc", "AUC {:.3f}"),
    ("f1", "F1 {:.3f}"),
    ("frechet_distance", "Fréchet distance {:.2f}"),
    ("accuracy", "accuracy {:.3f}"),
    ("word_error_rate", "word error rate {:.2%}"),
    ("ndcg_10", "nDCG@10 {:.3f}"),
    ("map", "MAP {:.3f}"),
)


@dataclasses.dataclass(frozen=True)
class ModelInfo:
    """What is known of a trained model without building it.

    Attributes:
        name: of the folder that holds it.
        task: such as `"translation"`.
        architecture: class of `zoo.models`, or `""` where the task model has none.
        megabytes: size of the file, in units of 10^6 bytes.
        parameters: how many, or `None` where the model was never evaluated.
        quality: `"BLEU 41.2 on multi30k"`, or `""` where the model was never evaluated.
        path: of its `model.keras`.
    """

    name: str
    task: str
    architecture: str
    megabytes: float
    parameters: int | None
    quality: str
    path: Path


def models():
    """All models that `find` knows, sorted by name.

    Returns:
        list of `ModelInfo`.

    Raises:
        ValueError: a model file or `metrics.json` is damaged; the message names it.
    """
    return [_describe(name, path) for name, path in sorted(_shipped().items())]


def models_in(folder):
    """The models in a folder that `models` does not list, such as those that were trained there.

    Returns:
        list of `ModelInfo`, sorted; the name of each is the path of its folder, as `find` takes it.

    Raises:
        ValueError: as for `models`.
    """
    known = {path.resolve() for path in _shipped().values()}
    found = sorted(path for path in Path(folder).glob(f"*/{FILE}") if path.resolve() not in known)
    return [_describe(str(path.parent), path) for path in found]


def find(name):
    """The `.keras` file of a model.

    Names are looked up in the folder that the environment variable `ZOO_MODELS` names, then in
    `saved_models/` of the checkout, then in the package `attention-zoo-models`.

    Args:
        name: name of a model; or the path of a `.keras` file, or of a folder with a `model.keras`.

    Returns:
        `pathlib.Path` of an existing file.

    Raises:
        ValueError: no model has this name; the message lists those that exist.
        FileNotFoundError: `name` is a path of no file.
    """
    name = os.fspath(name)
    shipped = _shipped()
    if name in shipped:
        return shipped[name]
    path = Path(name).expanduser()
    if (path / FILE).is_file():
        return path / FILE
    if path.is_file():
        return path
    if path.suffix == ".keras" or len(path.parts) > 1:
        raise FileNotFoundError(f"name must be a model or an existing file; got name={name!r}.")
    import difflib

    near = difflib.get_close_matches(name, shipped, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    known = ", ".join(sorted(shipped)) or _NONE
    raise ValueError(f"name must be one of the models ({known}); got name={name!r}.{hint}")


def load(name, task=None, fast=False, num_threads=None):
    """Build a model and load its weights, as `keras.models.load_model` does.

    Args:
        name: as for `find`.
        task: refuse a model of another task; `None` takes any.
        fast: whether to load its LiteRT file with 8-bit weights instead: TensorFlow is not
            imported, and an answer is there in a fraction of the time. The first call makes the
            file, in `ZOO_CACHE` (by default `~/.cache/attention-zoo`); of a model that is not
            shipped with its graph, by TensorFlow. Lists are answered on all cores, at most 8.
        num_threads: with `fast`, how many answers are looked for at a time; by default, as above.

    Returns:
        The task model, such as `zoo.Translator`; with `fast`, `zoo.serving.LiteTranslator` or its
        like, which knows the verb of the task alone.

    Raises:
        ValueError: no model has this name; or the file is truncated, or no model of the zoo, or of
            another task; the message names it.
        FileNotFoundError: `name` is a path of no file.
    """
    path = _find(name, task)
    if fast:
        from zoo.serving.fast import fast as fast_form

        return fast_form(path, lambda: _load(path), num_threads=num_threads)
    return _load(path)


def load_exact(name, task):
    """The reader of a model's LiteRT file in float32, which gives the answers of the model itself.

    Args:
        name, task: as for `load`.

    Returns:
        As of `load` with `fast`; None where TensorFlow would have to make the file, or where `load`
        raises an error.
    """
    try:
        path = _find(name, task)
    except (OSError, ValueError):
        return None
    from zoo.serving.fast import exact

    return exact(path)


def _find(name, task):
    """`find`, of a model of a task."""
    path = find(name)
    made = config(path)
    found = TASKS[made["class_name"]]
    chats = bool(made["config"].get("chat"))  # a model of language that answers turns, too
    if task not in (None, found) and not (task == "dialogue" and chats):
        raise ValueError(f"name must be a model for {task}; got name={str(name)!r}, for {found}.")
    return path


def _load(path):
    with advising():
        import keras  # which registers the classes of the zoo, too: see zoo/__init__.py

    with _refusing_damage(path):
        return keras.models.load_model(path)


def places():
    """Folders in which models are looked up, the first that has a name wins; see `find`.

    Returns:
        list of `pathlib.Path`, each of a folder that exists.
    """
    here = Path(__file__).resolve().parent
    named = os.environ.get("ZOO_MODELS")
    found = [Path(named).expanduser()] if named else []
    found.append(here.parent / "saved_models")
    if (installed := importlib.util.find_spec(PACKAGE)) is not None:
        found += map(Path, installed.submodule_search_locations)
    return [place for place in dict.fromkeys(found) if place.is_dir()]


def _shipped():
    """Name -> file; the first of the places wins."""
    found = {}
    for place in places():
        for path in place.glob(f"*/{FILE}"):
            found.setdefault(path.parent.name, path)
    return found


def _describe(name, path):
    found = config(path)
    parameters, quality = _metrics(path.with_name("metrics.json"))
    return ModelInfo(
        name=name,
        task=TASKS[found["class_name"]],
        architecture=_architecture(found["config"]),
        megabytes=path.stat().st_size / 1e6,
        parameters=parameters,
        quality=quality,
        path=path,
    )


def config(path):
    """The configuration of a task model, out of its `.keras` file: `class_name`, `config` and more.

    Raises:
        ValueError: the file is damaged, or no model of the zoo; the message names it.
    """
    with _refusing_damage(path):
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                _check_size(member)
            found = json.loads(archive.read("config.json"))
        known = found["class_name"] in TASKS and isinstance(found["config"], dict)
    if not known:
        raise _damaged(path, f"its class is {found['class_name']!r}")
    return found


def _check_size(member):
    size, packed = member.file_size, member.compress_size
    if size > max(_MEMBER_BYTES, _MEMBER_RATIO * packed):
        raise ValueError(f"{member.filename} unpacks {packed} bytes to {size}")


@contextlib.contextmanager
def _refusing_damage(path):
    """One error for whatever a damaged file makes zipfile, zlib, json, HDF5 and Keras raise."""
    try:
        yield
    except (ImportError, MemoryError, PermissionError):  # of the computer, not of the file
        raise
    except Exception as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error


def _damaged(path, why):
    why = " ".join(str(why).split())
    return ValueError(f"{path} must be a whole .keras file of the zoo; got: {why:.200}")


def _architecture(config):
    """Class name of the first part of a config that comes from `zoo.models`."""
    parts = (part for part in config.values() if isinstance(part, dict))
    names = (p.get("class_name") for p in parts if str(p.get("module")).startswith("zoo.models"))
    return str(next(names, ""))


def _metrics(path):
    """Number of parameters and the figure to list, of a `metrics.json`; None and "" without one."""
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
        return metrics.get("parameters"), _quality(metrics)
    except FileNotFoundError:
        return None, ""
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} must be JSON, as `zoo evaluate` writes it; got: {error}"
        ) from error


def _quality(metrics):
    """The figure on the first test set, which is the one that the model is made for."""
    for corpus, result in list(metrics.get("corpora", {}).items())[:1]:
        for key, form in _FIGURES:
            if key in result:
                value = result[key]
                return f"{form.format(value['score'] if key == 'bleu' else value)} on {corpus}"
    return ""
