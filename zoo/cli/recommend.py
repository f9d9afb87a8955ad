"""`zoo recommend`: what to choose next."""

import math
import sys

import click

from zoo.cli import checks
from zoo.cli.commands import clean, load_quietly, zoo
from zoo.cli.lines import BATCH, batches, read_lines, write_lines

_WHY = 5  # items of the history that `--why` names


@zoo.command()
@click.argument("items", nargs=-1)
@click.option(
    "--model", default="recommend_films", show_default=True, help="NAME of a recommender."
)
@click.option("--top-k", type=click.IntRange(1), default=10, show_default=True, help="How many.")
@click.option("--why", is_flag=True, help="Say what of ITEMS the answer attended to.")
@click.option("--attend", metavar="FILE", help="Draw what the answer attended to to FILE.")
@click.option("--fast", is_flag=True, help="8-bit weights and no TensorFlow: answers at once.")
def recommend(items, model, top_k, why, attend, fast):
    """Say what goes with ITEMS, names or ids in the order of time.

    A line for each recommendation: its name, a tab, how likely it comes next.

    Without ITEMS each line of standard input is a history, its items parted by tabs, and gets one
    line, its recommendations parted by tabs. An empty line gets what is chosen most.

    --fast makes a LiteRT file at its first use, in ~/.cache/attention-zoo, and gives no numbers.
    """
    if not items and (why or attend):
        raise click.UsageError("--why and --attend need ITEMS; got none.")
    if fast and (why or attend):
        raise click.UsageError("--why and --attend go without --fast.")
    checks.picture("--attend", attend)
    history = list(map(clean, items))
    checks.history(model, history)
    recommender = load_quietly(model, "recommendation", fast)
    if not items:
        terminal = sys.stdin.isatty()
        for batch in batches(read_lines(sys.stdin.buffer), 1 if terminal else BATCH):
            rows = [[item for item in map(str.strip, line.split("\t")) if item] for line in batch]
            write_lines("\t".join(best) for best in recommender.recommend(rows, top_k=top_k))
        return
    if fast:
        write_lines(recommender.recommend(history, top_k=top_k))
        return
    found = recommender.recommend(history, top_k=top_k, return_dict=True)
    write_lines(
        f"{item}\t{math.exp(score):.3f}"
        for item, score in zip(found.items, found.scores, strict=True)
    )
    if why:
        shares = ", ".join(f"{item} {share:.0%}" for item, share in found.attended[:_WHY])
        click.echo(f"attended to {shares}", err=True)
    if attend:
        from zoo.plots import plot_attention

        plot_attention(found, attend, layer="mean")
        click.echo(f"wrote {attend}", err=True)
