"""`zoo classify`: which class texts belong to."""

import sys

import click

from zoo.cli import checks
from zoo.cli.commands import clean, draw, load_quietly, zoo
from zoo.cli.lines import BATCH, batches, read_lines, write_lines


@zoo.command()
@click.argument("name")
@click.argument("text", nargs=-1)
@click.option(
    "--top-k",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="How many labels of each text, best first.",
)
@click.option("--attend", metavar="FILE", help="Draw what one TEXT was judged by to FILE.")
@click.option("--fast", is_flag=True, help="8-bit weights and no TensorFlow: answers at once.")
def classify(name, text, top_k, attend, fast):
    """Name the class of each TEXT, or without one of each line of standard input.

    A line for a line: the label, a tab, its probability; with --top-k above 1 further pairs behind
    it, parted by tabs.

    --fast makes a LiteRT file at its first use, in ~/.cache/attention-zoo.
    """
    if attend and len(text) != 1:
        raise click.UsageError(f"--attend needs exactly one TEXT; got {len(text)}.")
    if attend and fast:
        raise click.UsageError("--attend goes without --fast.")
    checks.picture("--attend", attend)
    classifier = load_quietly(name, "classification", fast)
    if attend:
        draw(classifier, text[0], attend)
    lines = map(clean, text) if text else read_lines(sys.stdin.buffer)
    for batch in batches(lines, 1 if not text and sys.stdin.isatty() else BATCH):
        write_lines(
            "\t".join(f"{label}\t{probability:.3f}" for label, probability in ranked)
            for ranked in classifier.classify(batch, top_k=top_k)
        )
