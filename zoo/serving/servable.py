"""A version of a model in memory, and the versions that are served."""

from pathlib import Path
from typing import NamedTuple

import tensorflow as tf

from zoo.serving.errors import RequestError, invalid
from zoo.serving.saved_model import signatures
from zoo.serving.version_directory import is_name, versions

DEFAULT = "serving_default"
# What the lines of an error hold that say where it was, or how many there were.
_WHERE = ("Graph execution error", "Detected at node", "<stack trace", "  File ", "root error(s)")


class Signature(NamedTuple):
    """One function of a version.

    Attributes:
        run: dict of arrays -> dict of arrays.
        inputs, outputs: alias -> `TensorInfo`.
    """

    run: object
    inputs: dict
    outputs: dict

    @property
    def is_batched(self):
        """Whether every input and output has the batch in front, of any size."""
        return bool(self.inputs) and all(
            info.tensor_shape.dim and info.tensor_shape.dim[0].size == -1
            for info in (*self.inputs.values(), *self.outputs.values())
        )


class Servable:
    """A version directory, loaded.

    Args:
        name: of the model.
        path: the version directory.
        stamp: what tells its files from others of the same version.
    """

    def __init__(self, name, path, stamp=None):
        import tensorflow_text  # noqa: F401  its ops are in the graph

        self.name = name
        self.stamp = stamp
        self.version = int(Path(path).name)
        self._loaded = tf.saved_model.load(str(path))
        self.signatures = {
            key: Signature(self._runner(key), dict(info.inputs), dict(info.outputs))
            for key, info in signatures(path).items()
        }

    def signature(self, name):
        """The signature of a name, `""` for the default one.

        Raises:
            RequestError: there is none.
        """
        name = name or DEFAULT
        if name not in self.signatures:
            raise invalid(f'Serving signature name: "{name}" not found in signature def')
        return self.signatures[name]

    def _runner(self, key):
        function = self._loaded.signatures[key]

        def run(inputs):
            try:
                outputs = function(**{name: tf.constant(v) for name, v in inputs.items()})
            except tf.errors.OpError as error:
                code = next(n for n, v in vars(tf.errors).items() if v == error.error_code)
                raise RequestError(code, _reason(error.message) or code) from error
            return {name: value.numpy() for name, value in outputs.items()}

        return run


def _reason(message):
    """The line of an error of TensorFlow that tells what was wrong, not where in its graph."""
    lines = [line for line in message.splitlines() if line.strip()]
    telling = (line for line in lines if not any(words in line for words in _WHERE))
    return next(telling, "".join(lines[:1]))


class Models:
    """The newest version of each model of a folder, as TF Serving serves them.

    Where the newest cannot be loaded, it is the one before; `problems` says so.

    Args:
        directory: folder with `<model>/<version>/`.
        names: models to serve. Default: all that have a version, those that come later, too.

    Attributes:
        problems: name of a model -> str, one line on each whose newest version is not served.

    Raises:
        ValueError: there is no version of a model, no model at all, or none that can be loaded.
    """

    def __init__(self, directory, names=()):
        self.directory = Path(directory)
        self.problems = {}
        self._asked = list(names)
        self._served = {}
        self._broken = {}  # version directory -> (its stamp, what was wrong)
        for name in self._asked:
            if not versions(self.directory / name):
                raise ValueError(
                    f"names must be models with a version in {directory}; got {name!r}."
                )
        if not self._names():
            raise ValueError(f"directory must hold <model>/<version>/; got {str(directory)!r}.")
        self.refresh()
        if not self._served:
            raise ValueError(" ".join(self.problems.values()))

    @property
    def names(self):
        """Of all models that are served."""
        return list(self._served)

    def refresh(self):
        """Loads the newest version of each model where another is in memory, which it replaces.

        A version whose files have changed is another. One that cannot be loaded is looked at again
        when its files change; until then the one before is served, and what is in memory stays
        where there is none.
        """
        for name in self._names():
            self._refresh(name)

    def find(self, name, version=None):
        """The `Servable` of a name.

        Args:
            name: of the model.
            version: int, or None for the newest.

        Raises:
            RequestError: it is not served.
        """
        served = self._served.get(name)
        if served is None or version not in (None, served.version):
            asked = f"Latest({name})" if version is None else f"Specific({name}, {version})"
            raise RequestError("NOT_FOUND", f"Servable not found for request: {asked}")
        return served

    def _names(self):
        """Of the models to serve."""
        if self._asked:
            return self._asked
        folders = self.directory.iterdir() if self.directory.is_dir() else ()
        return sorted(path.name for path in folders if is_name(path.name) and versions(path))

    def _refresh(self, name):
        wrong = []
        for version in reversed(versions(self.directory / name)):
            found = self._loaded(name, self.directory / name / str(version))
            if isinstance(found, Servable):
                self._served[name] = found
                break
            wrong.append(f"version {version} of {name} cannot be served: {found}")
        if not wrong:
            self.problems.pop(name, None)
            return
        served = self._served.get(name)
        instead = f"version {served.version} is" if served else "no other is there"
        self.problems[name] = f"{wrong[0]}; {instead}."

    def _loaded(self, name, path):
        """The `Servable` of a version directory, or what is wrong with it, a str."""
        stamp, served = _stamp(path), self._served.get(name)
        if served and (served.version, served.stamp) == (int(path.name), stamp):
            return served
        known, problem = self._broken.get(path, (None, None))
        if known == stamp:
            return problem
        self._broken.pop(path, None)
        try:
            return Servable(name, path, stamp)
        except Exception as error:  # TensorFlow has no common type for what is broken
            problem = " ".join(str(error).split())[:300] or type(error).__name__
            self._broken[path] = stamp, problem
            return problem


def _stamp(path):
    """What changes when the files of a version do: the size and the time of each of them."""
    found = []
    for file in (path / "saved_model.pb", *sorted(path.glob("variables/*"))):
        try:
            stat = file.stat()
        except OSError:  # it is missing, or was taken away just now
            continue
        found.append((file.name, stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return found
