"""A version of a model in memory, and the versions that are served."""

from pathlib import Path
from typing import NamedTuple

from zoo.serving.errors import RequestError, invalid
from zoo.serving.version_directory import is_name

DEFAULT = "serving_default"


class TensorSpec(NamedTuple):
    """An input or an output of a signature.

    Attributes:
        dtype: its name in TensorFlow, such as "string" and "float32".
        shape: tuple of int, None for an axis of any size; None for any number of axes.
        name: of the tensor in its graph; where there is none, its alias.
    """

    dtype: str
    shape: tuple | None
    name: str


class Signature(NamedTuple):
    """One function of a version.

    Attributes:
        run: dict of arrays -> dict of arrays.
        inputs, outputs: alias -> `TensorSpec`.
    """

    run: object
    inputs: dict
    outputs: dict

    @property
    def is_batched(self):
        """Whether every input and output has the batch in front, of any size."""
        return bool(self.inputs) and all(
            spec.shape and spec.shape[0] is None
            for spec in (*self.inputs.values(), *self.outputs.values())
        )


class Servable:
    """A version directory, loaded.

    Args:
        name: of the model.
        version: int.
        signatures: name -> `Signature`.
        choices: list of str, of which each line of its input is one, such as the items of a
            recommender; empty for any other input.

    Attributes:
        stamp: what tells its files from others of the same version.
    """

    stamp = None

    def __init__(self, name, version, signatures, choices=()):
        self.name = name
        self.version = version
        self.signatures = signatures
        self.choices = choices

    def signature(self, name):
        """The signature of a name, `""` for the default one.

        Raises:
            RequestError: there is none.
        """
        name = name or DEFAULT
        if name not in self.signatures:
            raise invalid(f'Serving signature name: "{name}" not found in signature def')
        return self.signatures[name]


class Exports:
    """What is served of the folder of a model: its versions on disk, and how one is loaded.

    `zoo.serving.saved_model.SavedModels` and `zoo.serving.lite_servable.LiteExports` are these.
    """

    layout = None  # of the folder of all models, for the messages

    def versions(self, base):
        """Those in the folder of a model: a dict of int to the path of each; perhaps empty."""
        raise NotImplementedError

    def files(self, path):
        """The files of a version; where one of them changes, it is loaded again."""
        raise NotImplementedError

    def open(self, name, version, path):
        """The `Servable` of a version; any error says that it cannot be served."""
        raise NotImplementedError


class Models:
    """The newest version of each model of a folder, as TF Serving serves them.

    Where the newest cannot be loaded, it is the one before; `problems` says so.

    Args:
        directory: folder with `<model>/<version>/`.
        names: models to serve. Default: all that have a version, those that come later, too.
        exports: `Exports`. Default: SavedModels, for which TensorFlow is imported.

    Attributes:
        problems: name of a model -> str, one line on each whose newest version is not served.

    Raises:
        ValueError: there is no version of a model, no model at all, or none that can be loaded.
    """

    def __init__(self, directory, names=(), exports=None):
        if exports is None:
            from zoo.serving.saved_model import SavedModels

            exports = SavedModels()
        self.directory = Path(directory)
        self._exports = exports
        self.problems = {}
        self._asked = list(names)
        self._served = {}
        self._broken = {}  # version directory -> (its stamp, what was wrong)
        for name in self._asked:
            if not self._versions(name):
                raise ValueError(
                    f"names must be models with a version in {directory}; got {name!r}."
                )
        if not self._names():
            raise ValueError(f"directory must hold {exports.layout}; got {str(directory)!r}.")
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
        names = (path.name for path in folders if is_name(path.name))
        return sorted(name for name in names if self._versions(name))

    def _versions(self, name):
        return self._exports.versions(self.directory / name)

    def _refresh(self, name):
        wrong = []
        for version, path in sorted(self._versions(name).items(), reverse=True):
            found = self._loaded(name, version, path)
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

    def _loaded(self, name, version, path):
        """The `Servable` of a version, or what is wrong with it, a str."""
        stamp, served = _stamp(self._exports.files(path)), self._served.get(name)
        if served and (served.version, served.stamp) == (version, stamp):
            return served
        known, problem = self._broken.get(path, (None, None))
        if known == stamp:
            return problem
        self._broken.pop(path, None)
        try:
            found = self._exports.open(name, version, path)
        except Exception as error:  # TensorFlow has no common type for what is broken
            problem = " ".join(str(error).split())[:300] or type(error).__name__
            self._broken[path] = stamp, problem
            return problem
        found.stamp = stamp
        return found


def _stamp(files):
    """What changes when one of these files does: the size and the time of each of them."""
    found = []
    for file in files:
        try:
            stat = file.stat()
        except OSError:  # it is missing, or was taken away just now
            continue
        found.append((file.name, stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return found
