"""`zoo export` and `zoo check-export`."""

from pathlib import Path

import click

from zoo import registry
from zoo.cli import checks
from zoo.cli.commands import name_of, zoo
from zoo.cli.quiet import quiet, returning_memory


@zoo.command()
@click.argument("name")
@click.option(
    "--out",
    metavar="DIR",
    default="saved_models",
    show_default=True,
    help="Folder in which the folder of the model is made.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["savedmodel", "litert"]),
    default="savedmodel",
    show_default=True,
    help="savedmodel is for TensorFlow Serving, litert for a phone and for low latency.",
)
@click.option(
    "--weights",
    type=click.Choice(["int8", "float32"]),
    help="How --format litert stores the weights; by default int8, which is smaller and faster.",
)
def export(name, out, form, weights):
    """Write NAME as a SavedModel, strings in and strings out, to DIR/NAME/<n>/.

    DIR also gets what TF Serving needs: models.config, batching.txt, compose.yaml, kubernetes.yaml,
    and examples of clients.

    With --format litert, write the whole decode loop as a LiteRT file to DIR/NAME/litert/, for
    zoo.serving.LiteTranslator and its like, which need no TensorFlow.
    """
    path = registry.find(name)
    checks.new_folder("--out", out)
    if form == "litert":
        checks.litert(name)
    returning_memory()
    if form == "savedmodel":
        if weights:
            raise click.UsageError("--weights goes with --format litert.")
        click.echo(export_to(path, out))
        return
    with quiet():
        model = registry.load(path)
        from zoo import serving

        folder = serving.export_litert(model, out, name_of(path), weights or "int8")
    click.echo(folder)


@zoo.command("check-export")
@click.argument("directory", metavar="DIR")
def check_export(directory):
    """List the operations of a SavedModel, and which versions of TF Serving can run them.

    DIR is a version, such as saved_models/NAME/1. The status is 1 where no version can.
    """
    checks.folder("DIR", directory)
    with quiet():
        from zoo.serving.check import check
    found = check(directory)
    for name, servers in found.operations.items():
        note = "" if servers == found.known else f"  only in {', '.join(servers) or 'no server'}"
        click.echo(f"{name}{note}")
    for problem in found.problems:
        click.echo(f"problem: {problem}")
    click.echo(f"{len(found.operations)} operations; TF Serving: {', '.join(found.servers) or '-'}")
    if not found.servers:
        raise click.exceptions.Exit(1)


def export_lite_to(path, directory):
    """Exports the model of a `.keras` file for LiteRT with 8-bit weights; returns the folder."""
    from zoo.serving import fast, lite_servable
    from zoo.serving.version_directory import checked_name
    from zoo.system import new_folder, put_folder

    base = Path(directory) / checked_name(None, name_of(path))
    with quiet(), new_folder(base) as beside:
        fast.write_files(path, beside, lambda: registry.load(path))
        put_folder(beside, base / lite_servable.FOLDER)
    return base / lite_servable.FOLDER


def export_to(path, directory):
    """Exports the model of a `.keras` file; returns the version directory."""
    with quiet():
        model = registry.load(path)
        from zoo import serving

        return serving.export(model, directory, name_of(path))
