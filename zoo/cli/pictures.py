"""`zoo generate` of a model that draws pictures."""

import click

from zoo import registry
from zoo.cli import checks
from zoo.cli.quiet import load_quietly

_COLUMNS = 10  # of a sheet


def draws(name):
    """Whether NAME is a model that draws pictures; no model at all draws none."""
    try:
        found = registry.config(registry.find(name))["class_name"]
    except (ValueError, FileNotFoundError):
        return False  # who loads the model says so, at once
    return registry.TASKS[found] == "image generation"


def write_pictures(name, prompt, count, digit, out, options):
    """Draws pictures to a file, as a sheet, or to standard output, in characters."""
    seed = options.pop("seed", None)
    if prompt:
        raise click.UsageError(f"PROMPT must be empty for {name}, see --digit; got {prompt!r}.")
    if options:
        option = next(iter(options)).replace("_", "-")
        raise click.UsageError(f"--{option} goes with texts, not with pictures as of {name}.")
    checks.picture("--out", out)
    model = load_quietly(name, "image generation")
    images = model.generate(count, seed=seed, digit=digit)
    if out:
        from zoo.plots import plot_pictures

        plot_pictures([images[i : i + _COLUMNS] for i in range(0, count, _COLUMNS)], path=out)
        click.echo(f"wrote {out}", err=True)
        return
    from zoo.lite.pictures import as_text

    for image in images:
        click.echo(as_text(image) + "\n")
