"""`zoo batch`: answers to files of any length, by all cores."""

import contextlib
import functools
import time

import click

from zoo import __version__
from zoo.cli import checks
from zoo.cli.commands import given, zoo
from zoo.cli.quiet import quiet
from zoo.system import cores

_WHOLE = click.IntRange(1)


@zoo.command()
@click.argument("name")
@click.argument("more", nargs=-1, metavar="[FILE]...")
@click.option(
    "--input",
    "files",
    metavar="FILE",
    multiple=True,
    required=True,
    help="Lines to answer; .gz, too.",
)
@click.option("--output", metavar="DIR", required=True, help="Folder of the answers.")
@click.option("--exact", is_flag=True, help="TensorFlow and the model's weights in full: slower.")
@click.option("--max-new-tokens", type=_WHOLE, help="Most tokens of an answer.")
@click.option("--top-k", type=_WHOLE, help="How many labels, or items, of each line, best first.")
@click.option("--seed", type=int, help="Of the texts that a generator draws; 0 by default.")
@click.option("--workers", type=_WHOLE, help="Processes; by default one for each core.")
@click.option(
    "--lines-per-shard",
    type=_WHOLE,
    default=1000,
    show_default=True,
    help="Lines of a file of answers, which is written whole.",
)
def batch(name, files, more, output, exact, workers, lines_per_shard, **options):
    r"""Answer each line of the files FILE by all cores, one line for a line, in files of DIR.

    `cat DIR/part-*` are the answers in the order of the input. A line that cannot be answered has
    an empty one, and stands with its number and the reason in DIR/failed-*.jsonl.

    What was stopped or killed goes on where it was when the same command is given again: the files
    of answers are whole or absent. DIR/manifest.json says what they are answers to; another model,
    input or option needs another DIR.

    Lines and answers are as of the command of the task: in a prompt or a conversation \n stands for
    a line end, the films of a history are parted by tabs, a photograph or a recording is named by
    its path. NAME may be the folder of a LiteRT export.
    """
    from zoo.batch import Answerer, Corpus, answer_corpus, check_options, described

    files = [*files, *more]
    for path in files:
        checks.file("--input", path)
    checks.new_folder("--output", output)
    options = given(options)
    check_options(name, exact, **options)
    corpus = Corpus(
        files,
        output,
        lines_per_shard,
        zoo=__version__,
        model=described(name),
        options={**options, "exact": exact},
    )
    _, lines = corpus.remaining()
    earlier = corpus.num_lines - lines
    open_answerer = functools.partial(_opened, Answerer, name, exact, options)
    start = time.monotonic()
    with _bar(corpus.num_lines, earlier) as tell:
        answer_corpus(corpus, output, open_answerer, workers or cores(), tell)
    _say(lines, earlier, time.monotonic() - start)
    if failed := sum(1 for _ in corpus.failures()):
        click.echo(f"{failed} could not be answered: see failed-*.jsonl in {output}", err=True)


def _opened(answerer, name, exact, options):
    """The answerer of a process."""
    with quiet():
        return answerer(name, exact, **options)


@contextlib.contextmanager
def _bar(total, done):
    """A function to tell of lines; on a terminal it shows how many, how fast and how long."""
    from rich import progress as columns
    from rich.console import Console

    console, start, answered = Console(stderr=True), time.monotonic(), 0
    progress = columns.Progress(
        columns.BarColumn(),
        columns.MofNCompleteColumn(),
        columns.TextColumn("{task.description}"),
        columns.TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    task = progress.add_task("", total=total, completed=done)

    def tell(lines):
        nonlocal answered
        answered += lines
        rate = answered / (time.monotonic() - start)
        progress.update(task, advance=lines, description=f"{rate:.0f} a second, left:")

    with progress:
        yield tell


def _say(lines, earlier, seconds):
    text = f"{lines} lines in {seconds:.1f} s, {lines / seconds:.1f} a second"
    click.echo(text + (f"; {earlier} had their answers" if earlier else ""), err=True)
