"""`zoo trace`: whether a pupil's next answer will be right."""

import sys

import click

from zoo.cli import checks
from zoo.cli.commands import clean, load_quietly, zoo
from zoo.cli.lines import BATCH, batches, read_lines, write_lines

_WHY = 5  # answers that `--why` names


@zoo.command()
@click.argument("answers", nargs=-1)
@click.option(
    "--model", default="trace_learners", show_default=True, help="NAME of a knowledge tracer."
)
@click.option("--why", is_flag=True, help="Say on which answers it rests.")
@click.option("--attend", metavar="FILE", help="Draw on which answers it rests to FILE.")
def trace(answers, model, why, attend):
    """Say how likely the next answer is right: one number.

    ANSWERS are those of a pupil so far, in the order of time, each as SKILL=1 or SKILL=0 for right
    or wrong, and last the SKILL that is asked next.

    Without ANSWERS each line of standard input is a pupil, with tabs between the answers.
    """
    if not answers and (why or attend):
        raise click.UsageError("--why and --attend need ANSWERS; got none.")
    checks.picture("--attend", attend)
    text = "\n".join(map(clean, answers))
    if answers:
        checks.answers(model, text)
    tracer = load_quietly(model, "knowledge tracing")
    if not answers:
        terminal = sys.stdin.isatty()
        for batch in batches(read_lines(sys.stdin.buffer), 1 if terminal else BATCH):
            write_lines(tracer.ask([line.replace("\t", "\n") for line in batch]))
        return
    write_lines([tracer.ask(text)])
    if not why and not attend:
        return
    found = tracer.ask(text, return_dict=True)
    if why:
        rests = (f"{answer} ({place + 1}.) {share:.0%}" for place, answer, share in found.attended)
        click.echo(f"rests on {', '.join(list(rests)[:_WHY]) or 'no answer'}", err=True)
    if attend:
        from zoo.plots import plot_attention

        plot_attention(found, attend)
        click.echo(f"wrote {attend}", err=True)
