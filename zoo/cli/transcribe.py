"""`zoo transcribe`: what is said in recordings."""

import sys

import click

from zoo.cli import checks
from zoo.cli.commands import load_quietly, zoo

SOME_FAILED = 1


@zoo.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--model", default="transcribe_digits", show_default=True, help="NAME of a recogniser."
)
@click.option("--num-beams", type=click.IntRange(1), help="Hypotheses that beam search keeps.")
@click.option("--attend", metavar="FILE", help="Draw when each word listened to FILE.")
@click.option("--fast", is_flag=True, help="8-bit weights and no TensorFlow: answers at once.")
def transcribe(paths, model, num_beams, attend, fast):
    """Write what is said in each WAV file FILE, of at most 30 seconds.

    A line for each: the path, a tab, the words. What is no WAV file, or a damaged one, is reported
    on standard error and passed over; the status is 1 then. A FILE that does not exist is refused
    at once.

    --fast makes a LiteRT file at its first use, in ~/.cache/attention-zoo.
    """
    if attend and len(paths) != 1:
        raise click.UsageError(f"--attend needs exactly one recording; got {' '.join(paths)}.")
    if fast and (attend or num_beams):
        raise click.UsageError("--attend and --num-beams go without --fast.")
    checks.picture("--attend", attend)
    for path in paths:
        checks.file("FILE", path)
    if len(paths) == 1:
        checks.recording(path)
    recognizer = load_quietly(model, "speech recognition", fast)
    options = {} if fast else {"num_beams": num_beams, "return_dict": bool(attend)}
    failed = False
    for path in paths:
        try:
            found = recognizer.transcribe(path, **options)
        except (ValueError, OSError) as error:
            if len(paths) == 1:
                raise
            print(f"zoo transcribe: {' '.join(str(error).split())}", file=sys.stderr)
            failed = True
            continue
        if attend:
            from zoo.plots import plot_attention

            plot_attention(found, attend)
            click.echo(f"wrote {attend}", err=True)
            found = found.text
        click.echo(f"{path}\t{found}")
    if failed:
        raise click.exceptions.Exit(SOME_FAILED)
