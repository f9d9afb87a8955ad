"""One short file for each shipped model: its data, its size, its training, its card."""

import difflib
import importlib
import json
import pkgutil
from pathlib import Path

from zoo import registry
from zoo.recipes import run_folder
from zoo.recipes.numbers import numbers as of_recipe
from zoo.recipes.numbers import overridden
from zoo.system import writing

_OWN_FILES = ("adversarial", "branched_captioning", "captioning", "classification")
_OWN_FILES += ("conversation", "generation", "labelled_captioning", "matching", "numbers")
_OWN_FILES += ("own_numbers", "own_pairs", "procedure", "progress", "ranking", "run_folder")
_OWN_FILES += ("synthetic", "tracing", "translation")


def names():
    """Names of the models that have a recipe, sorted."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in found if name not in _OWN_FILES)


def check_name(name):
    """Refuses a name that no recipe has; nothing heavy is imported for that.

    Raises:
        ValueError: there is no recipe of this name; the message lists those that exist.
    """
    if name not in names():
        near = difflib.get_close_matches(str(name), names(), n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ValueError(f"name must be one of {', '.join(names())}; got name={name!r}.{hint}")


def recipe(name):
    """The module of a recipe: `RECIPE`, how the model is trained, and `CARD`, what to say of it.

    Raises:
        ValueError: there is no recipe of this name; the message lists those that exist.
    """
    check_name(name)
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
    numbers=None,
    verbose=True,
):
    """Trains a model by its recipe, or a translator on a file of your own.

    Args:
        name: of a recipe; or None, with `tsv`.
        tsv: path of your own pairs, source TAB target.
        valid: path of the pairs that are held out from `tsv`'s training.
        out: folder of the finished model.keras, and of recipe.json, the numbers that it was trained
            with. Default: `saved_models/NAME`, or where the recipe looks for a reverse model.
        run_dir: folder of checkpoints and logs. Default: `runs/NAME`, with `start`
            `runs/NAME-rewards`, and with `tsv` or `numbers` `runs/NAME-DIGEST`, where the digest is
            of the pairs and the numbers. The same call after a stop goes on with the run that it
            finds there, and one with more steps goes on from its end.
        data_dir: where the data sets are. Default: see `zoo.data.find`.
        steps: number of batches. Default: the recipe's.
        reverse: whether to train the model of the other direction, which back-translates.
        start: path of a captioner that has been trained, to teach it by its rewards.
        numbers: dict of numbers to train with in place of the recipe's, of the names in
            `zoo.recipes.numbers.numbers(recipe)`; with `tsv` see
            `zoo.recipes.own_pairs.own_pairs_recipe`. Without `tsv` they need `out`.
        verbose: whether to print what is trained, and how far it is.

    Returns:
        The path of the model file.

    Raises:
        ValueError: `run_dir` holds the run of other data or of another recipe; or `name`, `steps`,
            or one of `numbers` is none of those that there are.
        FileNotFoundError: a file of pairs or of data is missing.
    """
    if steps is not None and steps < 1:
        raise ValueError(f"steps must be >= 1; got steps={steps}.")
    if tsv is None:
        chosen, title = _direction(name, reverse), name
        if numbers:
            if out is None:
                raise ValueError(
                    "out must be given with numbers, so that the model of the recipe's own stays; "
                    "got out=None."
                )
            chosen = overridden(chosen, numbers)
    else:
        from zoo.recipes.own_pairs import own_pairs_recipe

        if reverse:
            raise ValueError("reverse must be False with tsv; got reverse=True.")
        name, chosen = Path(tsv).stem, own_pairs_recipe(tsv, valid, numbers)
        training, held_out = map(len, chosen.pairs(None))
        title = f"{training:,} pairs of {tsv}, {held_out:,} of {valid} held out"
    if start is not None and not getattr(chosen, "reward_steps", 0):
        raise ValueError(f"name must be of a captioner, with start; got name={name!r}.")
    start = None if start is None else registry.find(start)
    suffix = "" if start is None else "-rewards"
    suffix += f"-{run_folder.digest(chosen)[:8]}" if tsv is not None or numbers else ""
    run_dir = _run_dir(name + suffix, run_dir, reverse)
    places = {"out": out or _out(name, run_dir, reverse), "run_dir": run_dir, "data_dir": data_dir}
    run_folder.claim(run_dir, chosen, title, start)
    if verbose:
        print(f"training on {title}" if tsv is not None else f"training {title}", flush=True)
    if start is not None:
        start = registry.load(start, task="captioning")
        path = chosen.self_critical_train(start, steps=steps, verbose=verbose, **places)
    else:
        path = chosen.train(steps=steps, verbose=verbose, **places)
    _note_numbers(path, name, chosen, steps)
    return path


def _note_numbers(path, name, recipe, steps):
    """Writes the numbers of a training beside its model."""
    note = {"recipe": name, "numbers": of_recipe(recipe)}
    if steps is not None:
        note["numbers"]["steps"] = steps
    with writing(Path(path).with_name("recipe.json")) as beside:
        beside.write_text(json.dumps(note, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def pack(name, folder, *, run_dir=None, data_dir=None, reverse=False):
    """Writes the training of a recipe for another machine; see `zoo.training.portable`.

    Args:
        name: of the recipe of a translator, or of what writes answers: dialogue or summaries.
        folder: to write.
        run_dir, data_dir, reverse: see `train`.

    Raises:
        ValueError: `name` is of another recipe, or `folder` holds the training of one.
    """
    chosen = _packable(name, reverse)
    run_folder.claim(folder, chosen, name)
    return chosen.pack(folder, run_dir=_run_dir(name, run_dir, reverse), data_dir=data_dir)


def finish(name, folder, *, out=None, run_dir=None, data_dir=None, reverse=False):
    """Makes the model file of a packed training that has run.

    Args:
        name: of the recipe.
        folder: with the weights and the vocabularies.
        out, run_dir, data_dir, reverse: see `train`.

    Returns:
        The path of the model file.

    Raises:
        ValueError: see `pack`.
    """
    out = out or _out(name, _run_dir(name, run_dir, reverse), reverse)
    chosen = _packable(name, reverse)
    run_folder.check(folder, chosen)
    return chosen.finish(folder, out=out, data_dir=data_dir)


def _packable(name, reverse):
    chosen = _direction(name, reverse)
    if not hasattr(chosen, "pack"):
        can = ", ".join(each for each in names() if hasattr(recipe(each).RECIPE, "pack"))
        raise ValueError(f"name must be of a recipe that can be packed, {can}; got name={name!r}.")
    return chosen


def _direction(name, reverse):
    chosen = recipe(name).RECIPE
    if not reverse:
        return chosen
    if not hasattr(chosen, "reversed"):
        raise ValueError(f"name must be of a translator, with reverse; got name={name!r}.")
    return chosen.reversed()


def _run_dir(name, run_dir, reverse):
    run_dir = Path(run_dir or Path("runs") / name)
    if not reverse:
        return run_dir
    from zoo.recipes.synthetic import reverse_folder

    return reverse_folder(run_dir)


def _out(name, run_dir, reverse):
    return run_dir if reverse else Path("saved_models") / name
