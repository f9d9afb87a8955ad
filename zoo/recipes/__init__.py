"""One short file for each shipped model: its data, its size, its training, its card."""

import importlib
import pkgutil
import sys
from pathlib import Path

from zoo import registry
from zoo.recipes import back_translation

_OWN_FILES = ("translation", "own_pairs", "procedure", "generation", "captioning")
_OWN_FILES += ("back_translation",)


def names():
    """Names of the models that have a recipe, sorted."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in found if name not in _OWN_FILES)


def recipe(name):
    """The module of a recipe: `RECIPE`, how the model is trained, and `CARD`, what to say of it.

    Raises:
        ValueError: there is no recipe of this name; the message lists those that exist.
    """
    if name not in names():
        raise ValueError(f"name must be one of {', '.join(names())}; got name={name!r}.")
    return importlib.import_module(f"zoo.recipes.{name}")


def train(
    name=None,
    *,
    tsv=None,
    valid=None,
    out=None,
    run_dir=None,
    data_dir=None,
    steps=None,
    reverse=False,
    start=None,
):
    """Trains a model by its recipe, or a translator on a file of your own.

    Args:
        name: of a recipe; or None, with `tsv`.
        tsv: path of your own pairs, source TAB target.
        valid: path of the pairs that are held out from `tsv`'s training.
        out: folder of the finished model.keras. Default: `saved_models/NAME`, or where the recipe
            looks for a reverse model.
        run_dir: folder of checkpoints and logs. Default: `runs/NAME`. The same call after a stop
            goes on with the run that it finds there.
        data_dir: where the data sets are. Default: see `zoo.data.find`.
        steps: number of batches. Default: the recipe's.
        reverse: whether to train the model of the other direction, which back-translates.
        start: path of a captioner that has been trained, to teach it by its rewards.

    Returns:
        The path of the model file.
    """
    if tsv is None:
        chosen = _direction(name, reverse)
    else:
        from zoo.recipes.own_pairs import own_pairs_recipe

        name, chosen = Path(tsv).stem, own_pairs_recipe(tsv, valid)
    if steps is not None and steps < 1:
        raise ValueError(f"steps must be >= 1; got steps={steps}.")
    run_dir = _run_dir(name, run_dir, reverse)
    places = {"out": out or _out(name, run_dir, reverse), "run_dir": run_dir, "data_dir": data_dir}
    verbose = "auto" if sys.stdout.isatty() else 2
    if start is not None:
        if not getattr(chosen, "reward_steps", 0):
            raise ValueError(f"name must be of a captioner, with start; got name={name!r}.")
        start = registry.load(start, task="captioning")
        return chosen.reinforce(start, steps=steps, verbose=verbose, **places)
    return chosen.train(steps=steps, verbose=verbose, **places)


def pack(name, folder, *, run_dir=None, data_dir=None, reverse=False, start=None):
    """Writes the training of a recipe for another machine; see `zoo.training.portable`.

    Args:
        name: of the recipe of a translator or captioner.
        folder: to write.
        run_dir, data_dir, reverse: see `train`.
        start: path of a captioner that `train` has made, whose encoder to tune.
    """
    chosen = _direction(name, reverse)
    if not hasattr(chosen, "pack"):
        raise ValueError(f"name must be of a translator or captioner; got name={name!r}.")
    if (start is not None) != hasattr(chosen, "tuning_steps"):
        raise ValueError(
            "start must be the path of a captioner whose encoder to tune, and None for a "
            f"translator; got start={start!r} for {name}."
        )
    if start is not None:
        return chosen.pack(folder, start=registry.load(start, task="captioning"), data_dir=data_dir)
    return chosen.pack(folder, run_dir=_run_dir(name, run_dir, reverse), data_dir=data_dir)


def finish(name, folder, *, out=None, run_dir=None, data_dir=None, reverse=False):
    """Makes the model file of a packed training that has run.

    Args:
        name: of the recipe.
        folder: with the weights and the vocabularies.
        out, run_dir, data_dir, reverse: see `train`.

    Returns:
        The path of the model file.
    """
    out = out or _out(name, _run_dir(name, run_dir, reverse), reverse)
    return _direction(name, reverse).finish(folder, out=out, data_dir=data_dir)


def _direction(name, reverse):
    chosen = recipe(name).RECIPE
    if not reverse:
        return chosen
    if not getattr(chosen, "back_translated", None):
        raise ValueError(f"name must be of a recipe that back-translates; got name={name!r}.")
    return chosen.reversed()


def _run_dir(name, run_dir, reverse):
    run_dir = Path(run_dir or Path("runs") / name)
    return back_translation.reverse_folder(run_dir) if reverse else run_dir


def _out(name, run_dir, reverse):
    return run_dir if reverse else Path("saved_models") / name
