"""One short file for each shipped model: its data, its size, its training, its card."""

import importlib
import pkgutil
import sys
from pathlib import Path

_OWN_FILES = ("translation", "own_pairs", "procedure", "generation", "captioning")


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
    pack=None,
    weights=None,
):
    """Trains a model by its recipe, or a translator on a file of your own.

    Args:
        name: of a recipe; or None, with `tsv`.
        tsv: path of your own pairs, source TAB target.
        valid: path of the pairs that are held out from `tsv`'s training.
        out: folder of the finished model.keras. Default: `saved_models/NAME`.
        run_dir: folder of checkpoints and logs. Default: `runs/NAME`. The same call after a stop
            goes on with the run that it finds there.
        data_dir: where the data sets are. Default: see `zoo.data.find`.
        steps: number of batches. Default: the recipe's.
        pack: folder to write the training to, in place of running it; see `zoo.training.portable`.
        weights: folder of a packed training that has run, of which to make the model.

    Returns:
        The path of the model file, or of the packed training.
    """
    if tsv is None:
        chosen = recipe(name).RECIPE
    else:
        from zoo.recipes.own_pairs import own_pairs_recipe

        name, chosen = Path(tsv).stem, own_pairs_recipe(tsv, valid)
    if steps is not None and steps < 1:
        raise ValueError(f"steps must be >= 1; got steps={steps}.")
    out = out or Path("saved_models") / name
    if pack is not None:
        return chosen.pack(pack, data_dir=data_dir)
    if weights is not None:
        return chosen.finish(weights, out=out, data_dir=data_dir)
    return chosen.train(
        out=out,
        run_dir=run_dir or Path("runs") / name,
        data_dir=data_dir,
        steps=steps,
        verbose="auto" if sys.stdout.isatty() else 2,
    )
