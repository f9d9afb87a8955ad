"""What a model of any task makes of lines: a line for a line, or the reason why not."""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from zoo import registry
from zoo.lite.readers import MANIFEST, MODEL, READERS, open_litert

_TOGETHER = 256  # lines that a model is asked at a time


@dataclasses.dataclass(frozen=True)
class _Task:
    """How a task is asked by lines.

    Attributes:
        options: names of those of its verb that a corpus is answered with.
        read: line -> what the model is asked.
        write: answer -> what becomes a line.
    """

    options: tuple = ("max_new_tokens",)
    read: Callable = str
    write: Callable = str


def _unescaped(line):
    return line.replace("\\n", "\n")


def _labels(ranked):
    return "\t".join(f"{label}\t{probability:.3f}" for label, probability in ranked)


_TASKS = {
    "Translator": _Task(),
    "MultilingualTranslator": _Task(),
    "ImageCaptioner": _Task(),
    "Recognizer": _Task(),
    "TextGenerator": _Task(("max_new_tokens", "seed"), _unescaped),
    "ChatBot": _Task(read=_unescaped),
    "Summarizer": _Task(read=_unescaped),
    "Classifier": _Task(("top_k",), write=_labels),
    "Recommender": _Task(("top_k",), lambda line: line.replace("\t", "\n"), "\t".join),
    "KnowledgeTracer": _Task((), _unescaped),
    "Matcher": _Task((), _unescaped),
    "Ranker": _Task((), _unescaped),
}
_DEFAULTS = {"top_k": {"Classifier": 1}, "seed": {"TextGenerator": 0}}


class Answerer:
    """A model that is asked line by line.

    Args:
        name: of a model or its file, see `zoo.registry.find`; or a folder that `zoo export NAME
            --format litert` wrote, which needs no TensorFlow.
        exact: whether TensorFlow answers, with the weights of the file, in place of LiteRT with 8
            bits.
        num_threads: how many answers LiteRT looks for at a time.
        **options: of the verb of the task; see `check_options`.

    Raises:
        ValueError, FileNotFoundError: as of `zoo.registry.load` and `check_options`.
        ImportError: ai-edge-litert is not installed.
    """

    def __init__(self, name, exact=False, num_threads=1, **options):
        self._class = check_options(name, exact, **options)
        self._task = _TASKS[self._class]
        defaults = {
            option: of[self._class] for option, of in _DEFAULTS.items() if self._class in of
        }
        self._options = {**defaults, **options}
        if _is_litert(name):
            self._model = open_litert(name, num_threads)
        else:
            fast = {"fast": True, "num_threads": num_threads}
            self._model = registry.load(name, **({} if exact else fast))

    def __call__(self, lines, first=0):
        """Answers lines.

        Args:
            lines: list of str.
            first: the number of the first, which is added to the seed of a model that draws, so
                that an answer does not depend on which lines are asked together.

        Yields:
            For each some 256 of the lines a list of (answer, error): an answer without line ends,
            and None; or `""`, and a str that says why the line cannot be answered.
        """
        for at in range(0, len(lines), _TOGETHER):
            yield self._answered(lines[at : at + _TOGETHER], first + at)

    def _answered(self, lines, first):
        """A bad line fails all that are asked with it: these are halved until it is alone."""
        options = dict(self._options)
        if "seed" in options:
            options["seed"] += first
        try:
            answers = self._model.ask(list(map(self._task.read, lines)), **options)
            return [(_in_one_line(self._task.write(answer)), None) for answer in answers]
        except Exception as error:  # whatever it is: no line ends the run
            if len(lines) == 1:
                return [("", f"{type(error).__name__}: {error}")]
        half = len(lines) // 2
        return self._answered(lines[:half], first) + self._answered(lines[half:], first + half)


def check_options(name, exact=False, **options):
    """Refuses what cannot be asked of a model, before it is loaded.

    Args:
        name, exact, **options: see `Answerer`.

    Returns:
        The name of the task's class.

    Raises:
        ValueError, FileNotFoundError: as of `zoo.registry.find`; the model draws pictures, or has
            no fast form, or its task has not these options.
    """
    task = _class_name(name)
    if task not in _TASKS:
        raise ValueError(f"name must be a model that answers texts; got name={name!r}, a {task}.")
    if task not in READERS and not exact:
        raise ValueError(
            f"exact must be True for a {task}, which has no fast form; got exact=False."
        )
    if exact and _is_litert(name):
        raise ValueError(f"exact must be False for a LiteRT folder; got exact=True, name={name!r}.")
    for option in options:
        if option not in _TASKS[task].options:
            known = ", ".join(_TASKS[task].options) or "none"
            raise ValueError(f"options of a {task} are: {known}; got {option}.")
    return task


def described(name):
    """Which model it is: a dict of its name, as it was given, and the SHA-256 of its file."""
    path = Path(name) / MODEL if _is_litert(name) else registry.find(name)
    return {"name": str(name), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def _is_litert(name):
    return (Path(name) / MANIFEST).is_file() and (Path(name) / MODEL).is_file()


def _class_name(name):
    if _is_litert(name):
        return json.loads((Path(name) / MANIFEST).read_text(encoding="utf-8"))["task"]
    return registry.config(registry.find(name))["class_name"]


def _in_one_line(text):
    return text.replace("\r", " ").replace("\n", " ")
