"""`zoo train`: a model by its recipe, or one on your own pairs."""

import click

from zoo import recipes, registry
from zoo.cli import checks
from zoo.cli.commands import zoo
from zoo.cli.quiet import quiet
from zoo.recipes import own_numbers
from zoo.recipes.numbers import overridden


def _numbers(context, parameter, given):
    """`("dropout=0.2", ...)` -> `{"dropout": "0.2", ...}`."""
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise click.UsageError(f"--set must be NAME=VALUE; got {text!r}.")
        found[name.strip()] = value.strip()
    return found


_SET_HELP = (
    "Train with another number than the recipe's; may be given several times, and needs --out. Of "
    "NAME, any number of its recipe, such as peak or dropout; with --tsv one of "
)


@zoo.command()
@click.argument("name", required=False)
@click.option("--data-dir", metavar="DIR", help="Folder of the data sets; by default ZOO_DATA.")
@click.option("--tsv", metavar="FILE", help="Train on your own pairs: source TAB target.")
@click.option("--valid", metavar="FILE", help="Pairs held out from the training, with --tsv.")
@click.option(
    "--out", metavar="DIR", help="Folder of the finished model; by default saved_models/NAME."
)
@click.option(
    "--run-dir",
    metavar="DIR",
    help="Folder of checkpoints and logs. The run of the same data and numbers in it is resumed, "
    "another one is refused. By default runs/NAME, and for each --tsv one of its own.",
)
@click.option(
    "--steps",
    type=click.IntRange(1),
    help="Batches to train on; by default the recipe's, which with --tsv make about 20 passes over "
    "the pairs, but are at least 200. Refused with --pack and --weights, which take the recipe's.",
)
@click.option(
    "--set",
    "numbers",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_numbers,
    help=_SET_HELP + ", ".join(own_numbers.RULES) + ".",
)
@click.option("--reverse", is_flag=True, help="Train the other direction, to back-translate with.")
@click.option("--pack", metavar="DIR", help="Only write the training for `python -m zoo.training`.")
@click.option(
    "--start",
    metavar="FILE",
    help="Teach the captioner in FILE by its rewards.",
)
@click.option(
    "--weights", metavar="DIR", help="Make the model of a packed training that has run in DIR."
)
def train(name, tsv, valid, pack, start, weights, numbers, **options):
    """Train the model NAME by its recipe, or a new one on your own --tsv.

    The last line is the path of the model.

    --pack, `KERAS_BACKEND=jax python -m zoo.training DIR` and --weights are the three steps of a
    training on another machine, which needs an accelerator, Keras and JAX, but neither TensorFlow
    nor the data sets.
    """
    if (name is None) == (tsv is None):
        raise click.UsageError("give either NAME or --tsv.")
    if tsv and not (valid and options["out"]):
        raise click.UsageError("--tsv needs --valid and --out.")
    if valid and not tsv:
        raise click.UsageError("--valid needs --tsv; a recipe has its own.")
    if numbers and not options["out"]:
        raise click.UsageError("--set needs --out, so that saved_models/NAME stays as it is.")
    if numbers and (pack or weights):
        raise click.UsageError("--set goes without --pack and --weights.")
    if tsv and (options["reverse"] or start):
        raise click.UsageError("--reverse and --start go with NAME alone.")
    if (pack or weights) and (tsv or options["steps"] or start or (pack and weights)):
        raise click.UsageError(
            "--pack and --weights go with NAME, without --steps and --start, one at a time."
        )
    if name is not None:
        recipes.check_name(name)
    elif numbers:
        try:
            numbers = own_numbers.checked(numbers)
        except ValueError as error:
            raise click.UsageError(f"--set: {error}") from error
    if start is not None:
        registry.find(start)
    checks.file("--tsv", tsv)
    checks.file("--valid", valid)
    checks.folder("--data-dir", options["data_dir"])
    checks.folder("--weights", weights)
    for option, path in (("--out", options["out"]), ("--run-dir", options["run_dir"])):
        checks.new_folder(option, path)
    checks.new_folder("--pack", pack)
    with quiet():
        from zoo import tasks  # noqa: F401  imports TensorFlow
    if name is not None:
        overridden(recipes.recipe(name).RECIPE, numbers)  # refuses wrong ones
    if not (pack or weights):
        own = {"tsv": tsv, "valid": valid} if tsv else {}
        click.echo(recipes.train(name, start=start, numbers=numbers, **own, **options))
        return
    given = {key: options[key] for key in ("run_dir", "data_dir", "reverse")}
    if pack:
        recipes.pack(name, pack, **given)
        click.echo(pack)
    else:
        click.echo(recipes.finish(name, weights, out=options["out"], **given))
