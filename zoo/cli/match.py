"""`zoo match`: which sentences answer a question."""

import sys

import click

from zoo.cli import checks
from zoo.cli.commands import clean, draw, load_quietly, zoo
from zoo.cli.lines import BATCH, batches, read_lines, write_lines


@zoo.command()
@click.argument("name")
@click.argument("question", required=False)
@click.argument("sentence", nargs=-1)
@click.option(
    "--top-k", type=click.IntRange(1), help="How many sentences, best first; all without."
)
@click.option("--attend", metavar="FILE", help="Draw what QUESTION saw in the best one to FILE.")
@click.option("--fast", is_flag=True, help="8-bit weights and no TensorFlow: answers at once.")
def match(name, question, sentence, top_k, attend, fast):
    r"""Put each SENTENCE in the order in which it answers QUESTION, best first.

    A line for each: the probability that it answers, a tab, the sentence. With a QUESTION alone the
    sentences are the lines of standard input.

    Without a QUESTION each line of standard input is a pair, question TAB sentence, and its answer
    the score, a line for a line, in constant memory.

    --fast makes a LiteRT file at its first use, in ~/.cache/attention-zoo.
    """
    if attend and question is None:
        raise click.UsageError("--attend needs a QUESTION.")
    if (attend or question is None) and fast:
        raise click.UsageError("--fast goes with a QUESTION and without --attend.")
    if top_k is not None and question is None:
        raise click.UsageError("--top-k needs a QUESTION.")
    checks.picture("--attend", attend)
    matcher = load_quietly(name, "matching", fast)
    if question is None:
        _score_lines(matcher)
        return
    question = clean(question)
    sentences = [clean(one) for one in sentence] or list(read_lines(sys.stdin.buffer))
    if attend and sentences:
        draw(matcher, "\n".join([question.replace("\n", " "), *sentences]), attend)
    write_lines(
        f"{score:.3f}\t{text}" for text, score in matcher.match(question, sentences, top_k=top_k)
    )


def _score_lines(matcher):
    size = 1 if sys.stdin.isatty() else BATCH
    number = 0
    for batch in batches(read_lines(sys.stdin.buffer), size):
        pairs = [line.split("\t") for line in batch]
        for pair in pairs:
            number += 1
            if len(pair) != 2:
                raise click.UsageError(
                    f"each line must be QUESTION, TAB, SENTENCE; line {number} has {len(pair)} "
                    "columns."
                )
        write_lines(f"{score:.3f}" for score in matcher.match([tuple(pair) for pair in pairs]))
