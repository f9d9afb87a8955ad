"""A version of a model in memory, and the versions that are served."""

from pathlib import Path
from typing import NamedTuple

import tensorflow as tf

from zoo.serving.errors import RequestError, invalid
from zoo.serving.saved_model import signatures
from zoo.serving.version_directory import versions

DEFAULT = "serving_default"


class Signature(NamedTuple):
    """One function of a version.

    Attributes:
        run: dict of arrays with the batch first -> dict of arrays with the batch first.
        inputs, outputs: alias -> `TensorInfo`.
    """

    run: object
    inputs: dict
    outputs: dict


class Servable:
    """A version directory, loaded.

    Args:
        name: of the model.
        path: the version directory.
    """

    def __init__(self, name, path):
        import tensorflow_text  # noqa: F401  its ops are in the graph

        self.name = name
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
                raise RequestError(code, error.message.splitlines()[0]) from error
            return {name: value.numpy() for name, value in outputs.items()}

        return run


class Models:
    """The newest version of each model of a folder, as TF Serving serves them.

    Args:
        directory: folder with `<model>/<version>/`.
        names: models to serve. Default: all that have a version.

    Raises:
        ValueError: there is no version of a model, or no model at all.
    """

    def __init__(self, directory, names=()):
        self.directory = Path(directory)
        names = names or sorted(
            path.name for path in self.directory.glob("*") if path.is_dir() and versions(path)
        )
        if not names:
            raise ValueError(f"directory must hold <model>/<version>/; got {str(directory)!r}.")
        for name in names:
            if not versions(self.directory / name):
                raise ValueError(
                    f"names must be models with a version in {directory}; got {name!r}."
                )
        self._served = dict.fromkeys(names)
        self.refresh()

    @property
    def names(self):
        """Of all models that are served."""
        return list(self._served)

    def refresh(self):
        """Loads the newest version of each model where another is in memory, which it replaces.

        Raises:
            OSError, ValueError: a version is broken; what is in memory stays, and the versions of
                the other models are loaded.
        """
        broken = None
        for name, served in self._served.items():
            newest = max(versions(self.directory / name), default=None)
            if newest is not None and (served is None or newest != served.version):
                try:
                    self._served[name] = Servable(name, self.directory / name / str(newest))
                except (OSError, ValueError) as error:
                    broken = error
        if broken:
            raise broken

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
