"""What is refused before TensorFlow is imported: paths, files, layers and heads, names."""

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
    _, config = _model(name)
    counts = dict(zip(("--layer", "--head"), _attention_size(config), strict=True))
    for option, which in (("--layer", layer), ("--head", head)):
        count = counts[option]
        if count and isinstance(which, int) and which not in range(-count, count):
            rule = f"{option} must be in [{-count}, {count - 1}], 'mean' or 'all'"
            raise click.UsageError(f"{rule}; got {which}.")


def photograph(name, text):
    """Refuses a missing photograph, where the model NAME is a captioner."""
    if _model(name)[0] == "ImageCaptioner":
        file("TEXT", text)


def history(name, items):
    """Refuses an item that the model NAME, a recommender, does not know."""
    kind, config = _model(name)
    if kind == "Recommender":
        from zoo.lite.catalogue import Catalogue

        Catalogue(config["items"], config["ids"]).numbers(items)


def answers(name, text):
    """Refuses lines that are no answers, or of a skill that NAME, a tracer, does not know."""
    kind, config = _model(name)
    if kind == "KnowledgeTracer":
        from zoo.lite import pupils

        pupils.Skills(config["skills"]).asked(*pupils.parsed(text))


def recording(path):
    """Refuses a file that is no whole recording."""
    from zoo.lite import audio

    audio.parse(Path(path).read_bytes(), str(path))


def litert(name):
    """Refuses a model that has no LiteRT file."""
    from zoo.lite.readers import READERS

    kind, _ = _model(name)
    if kind and kind not in READERS:
        raise click.UsageError(
            f"--format must be savedmodel for a {kind}, which has no LiteRT file; got litert."
        )


def _model(name):
    """Class and configuration of the model NAME by its file; "" and {} where it has none to read.

    Who loads the model says why, at once.
    """
    try:
        found = registry.config(registry.find(name))
    except (ValueError, FileNotFoundError):
        return "", {}
    return found["class_name"], found["config"]


def _attention_size(config):
    """Layers and heads of a model's attention; 0 where its configuration does not tell."""
    model = config.get("model")
    numbers = model.get("config", {}) if isinstance(model, dict) else {}
    layers = numbers.get("num_decoder_layers", numbers.get("num_layers"))
    if "num_heads" in numbers and isinstance(layers, int):
        return layers, numbers["num_heads"]
    # An RNN looks once, with one head, unless it was given an attention of another kind.
    return (1, 1) if "attention_units" in numbers and not numbers.get("attention") else (0, 0)
