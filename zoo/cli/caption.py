"""`zoo caption`: what is on photographs."""

import sys
from pathlib import Path

import click

from zoo import registry
from zoo.cli import checks
from zoo.cli.commands import zoo
from zoo.cli.quiet import quiet

SOME_FAILED = 1


@zoo.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--model", default="caption_en", show_default=True, help="NAME of a captioner.")
@click.option("--num-beams", type=click.IntRange(1), help="Hypotheses that beam search keeps.")
@click.option("--attend", metavar="FILE", help="Draw where each word looks to FILE.")
def caption(paths, model, num_beams, attend):
    """Caption each photograph at PATH, and those in each folder PATH.

    A line for each: the path, a tab, the caption. What is no image, or a damaged one, is reported
    on standard error and passed over; the status is 1 then. Of a folder, files that are not named
    like images are passed over in silence; a folder without any, and a PATH that does not exist,
    are refused at once.
    """
    if attend and (len(paths) != 1 or Path(paths[0]).is_dir()):
        raise click.UsageError(f"--attend needs exactly one photograph; got {' '.join(paths)}.")
    checks.picture("--attend", attend)
    files = [file for path in paths for file in _files(Path(path))]
    with quiet():
        captioner = registry.load(model, task="captioning")
    failed = False
    for path in files:
        try:
            found = captioner.generate(path, num_beams=num_beams, return_dict=bool(attend))
        except (ValueError, OSError) as error:
            if len(paths) == 1 and not Path(paths[0]).is_dir():
                raise
            print(f"zoo caption: {' '.join(str(error).split())}", file=sys.stderr)
            failed = True
            continue
        if attend:
            draw(found, path, attend)
            click.echo(f"wrote {attend}", err=True)
            found = found.text
        click.echo(f"{path}\t{found}")
    if failed:
        raise click.exceptions.Exit(SOME_FAILED)


def draw(answer, path, picture):
    """Writes the attention of a caption over the photograph at `path`, in its own aspect."""
    import numpy as np
    from PIL import Image, ImageOps

    from zoo.plots import plot_attention

    with Image.open(path) as image:
        photograph = ImageOps.exif_transpose(image).convert("RGB")
    photograph.thumbnail((800, 800))
    plot_attention(answer, picture, photograph=np.asarray(photograph))


def _files(path):
    """A photograph, or the images in a folder, sorted."""
    from zoo.lite.headers import SUFFIXES

    if not path.is_dir():
        checks.file("PATH", path)
        return [path]
    found = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
    if not found:
        known = ", ".join(SUFFIXES)
        raise click.UsageError(f"PATH must hold images ({known}); got the folder {str(path)!r}.")
    return found
