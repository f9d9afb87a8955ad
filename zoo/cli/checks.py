"""What is refused before TensorFlow is imported: paths, pictures, layers and heads."""

import os
from pathlib import Path

import click

from zoo import registry


def folder(option, path):
    """Refuses the path of no folder."""
    if path is not None and not Path(path).is_dir():
        raise click.UsageError(f"{option} must be a folder that exists; got {str(path)!r}.")


def file(option, path):
    """Refuses the path of no file."""
    if path is not None and not Path(path).is_file():
        raise click.UsageError(f"{option} must be a file that exists; got {str(path)!r}.")


def new_folder(option, path):
    """Refuses what cannot become a folder, since it lies at or below a file."""
    if path is None:
        return
    for place in (Path(path), *Path(path).parents):
        if place.exists():
            if not place.is_dir():
                raise click.UsageError(f"{option} must be a folder; got {path!r}: {place} is none.")
            return


def picture(option, path):
    """Refuses what matplotlib could not write a picture to."""
    if path is None:
        return
    from matplotlib.backend_bases import FigureCanvasBase

    path, formats = Path(path), FigureCanvasBase.get_supported_filetypes()
    if path.suffix[1:].lower() not in formats:
        known = ", ".join(f".{name}" for name in sorted(formats))
        raise click.UsageError(f"{option} must end in one of {known}; got {str(path)!r}.")
    if not path.parent.is_dir():
        raise click.UsageError(f"{option} must lie in a folder that exists; got {str(path)!r}.")
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise click.UsageError(f"{option} must be a file that can be written; got {str(path)!r}.")


def maps(name, layer, head):
    """Refuses a layer or a head that the model NAME does not have, as far as its file tells."""
    for option, which in (("--layer", layer), ("--head", head)):
        if isinstance(which, str) and which not in ("mean", "all"):
            raise click.UsageError(f"{option} must be a number, 'mean' or 'all'; got {which!r}.")
    try:
        path = registry.find(name)
    except (ValueError, FileNotFoundError):
        return  # who loads the model says so, at once
    counts = dict(zip(("--layer", "--head"), _attention_size(path), strict=True))
    for option, which in (("--layer", layer), ("--head", head)):
        count = counts[option]
        if count and isinstance(which, int) and which not in range(-count, count):
            rule = f"{option} must be in [{-count}, {count - 1}], 'mean' or 'all'"
            raise click.UsageError(f"{rule}; got {which}.")


def photograph(name, text):
    """Refuses a missing photograph, where the model NAME is a captioner."""
    try:
        config = registry.config(registry.find(name))
    except (ValueError, FileNotFoundError):
        return  # as above
    if registry.TASKS[config["class_name"]] == "captioning":
        file("TEXT", text)


def _attention_size(path):
    """Layers and heads of a model's attention; 0 where the file does not tell."""
    model = registry.config(path)["config"].get("model")
    numbers = model.get("config", {}) if isinstance(model, dict) else {}
    layers = numbers.get("num_decoder_layers", numbers.get("num_layers"))
    if "num_heads" in numbers and isinstance(layers, int):
        return layers, numbers["num_heads"]
    # An RNN looks once, with one head, unless it was given an attention of another kind.
    return (1, 1) if "attention_units" in numbers and not numbers.get("attention") else (0, 0)
