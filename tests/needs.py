"""What a test needs, found in the code it reaches, as the marks that choose what a command runs.

A new test gets its marks without a word: the names in its own code, in that of its fixtures and in
that of the helpers of the tests' folder that they call say whether it starts a process, opens a
browser, or loads a model or makes it work. How long it takes is read in `seconds.txt`, which
`scripts/write_test_seconds.py` writes after a full run.
"""

import dataclasses
from pathlib import Path
from types import CodeType, FunctionType

FOLDER = Path(__file__).resolve().parent
PROCESSES = {"subprocess", "multiprocessing", "Popen", "create_subprocess_exec"}
# A model that is taught, exported or asked costs seconds, most of them to trace its graphs.
# Fixtures by `getfixturevalue` are those that a server in another place would do without.
WORK = {"fit", "evaluate", "train_on_batch", "predict", "export", "export_litert", "generate"}
WORK |= {"saved_model", "getfixturevalue"}
SHIPPED = "saved_models"
# Of a test function, all its parameters together: from here on it is left to `make test`, to
# `.ci/run`. A function that is not in `seconds.txt` takes less, or is new.
UNHURRIED, SLOW = 0.4, 3
SECONDS = {
    name: float(seconds)
    for seconds, name in map(
        str.split, (FOLDER / "seconds.txt").read_text(encoding="utf-8").splitlines()
    )
}
# The files that take longest, so that none of them is the last, on one worker alone.
FIRST = [
    "test_tutorials.py",
    "test_extras.py",
    "test_serving_c_runtime.py",
    "test_adapted_layers.py",
    "test_readme.py",
    "test_serving_page.py",
    "test_recipes.py",
    "test_train_command.py",
    "test_portable_training.py",
    "test_transformer.py",
    "test_decoding.py",
    "test_vision.py",
    "test_rnn.py",
    "test_keras_verbs.py",
]


@dataclasses.dataclass
class Reach:
    """The names and the texts in what a function can run, as far as the tests' folder goes."""

    names: set = dataclasses.field(default_factory=set)
    texts: list = dataclasses.field(default_factory=list)
    seen: set = dataclasses.field(default_factory=set)

    def follow(self, function):
        """Add a function, and the functions and constants of its module that it names."""
        if function in self.seen:
            return
        self.seen.add(function)
        names = set(self._code(function.__code__))
        self.names |= names
        for value in map(function.__globals__.get, names):
            if isinstance(value, FunctionType):
                if FOLDER in Path(value.__code__.co_filename).resolve().parents:
                    self.follow(value)
            elif isinstance(value, (str, Path, list, tuple, dict)):
                self.texts.append(str(value))

    def _code(self, code):
        yield from code.co_names
        for value in code.co_consts:
            if isinstance(value, CodeType):
                yield from self._code(value)
            elif isinstance(value, str):
                self.texts.append(value)


def marks(item):
    """The names of the marks of a collected test."""
    reach = Reach()
    reach.follow(item.function)
    for definitions in item._fixtureinfo.name2fixturedefs.values():
        for definition in definitions:
            if isinstance(definition.func, FunctionType):
                reach.follow(definition.func)
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    texts = [*reach.texts, *map(str, parameters)]
    loads = "load" in reach.names and {"zoo", "registry"} & reach.names
    if loads or WORK & reach.names or any(SHIPPED in text for text in texts):
        yield "model"
    if PROCESSES & reach.names or any("import subprocess" in text for text in texts):
        yield "process"
    if "browser" in reach.names:
        yield "browser"
    if "nbformat" in reach.names or any(".ipynb" in text for text in texts):
        yield "notebook"
    seconds = SECONDS.get(f"{item.path.name}::{item.originalname}", 0)
    if seconds >= UNHURRIED:
        yield "unhurried"
    if seconds >= SLOW:
        yield "slow"


def place(item):
    """Where the file of a test stands in the order: the longest begin, the others follow."""
    return FIRST.index(item.path.name) if item.path.name in FIRST else len(FIRST)
