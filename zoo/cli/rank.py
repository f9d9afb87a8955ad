"""`zoo rank`: which documents fit a query."""

import sys

import click

from zoo.cli import checks
from zoo.cli.commands import clean, load_quietly, zoo
from zoo.cli.lines import BATCH, batches, read_lines, write_lines


@zoo.command()
@click.argument("name")
@click.argument("query", nargs=-1)
@click.option("--index", metavar="DIR", required=True, help="Folder of the documents made ready.")
@click.option(
    "--build",
    metavar="FILE",
    help="Make the index first, of a file of ID TAB DOCUMENT lines; - for standard input.",
)
@click.option(
    "--queries",
    metavar="FILE",
    help="With --build: queries that documents are known to fit, of ID TAB QUERY lines.",
)
@click.option(
    "--top-k",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="How many documents for each query.",
)
@click.option("--evidence", is_flag=True, help="Say, too, which word each word of QUERY found.")
@click.option("--attend", metavar="FILE", help="Draw what one QUERY found in the best to FILE.")
def rank(name, query, index, build, queries, top_k, evidence, attend):
    """Put the documents of an index in the order in which they fit each QUERY, best first.

    A line for each document: the query, its id, its score, parted by tabs; with --evidence a fourth
    column of pairs, word>word. Without a QUERY each line of standard input is one, but not with
    --build alone, which makes the index and ends.
    """
    if attend and len(query) != 1:
        raise click.UsageError(f"--attend needs exactly one QUERY; got {len(query)}.")
    checks.picture("--attend", attend)
    if build is not None and build != "-":
        checks.file("--build", build)
    if queries is not None:
        if build is None:
            raise click.UsageError("--queries needs --build, which reads them.")
        checks.file("--queries", queries)
    checks.new_folder("--index", index) if build else checks.folder("--index", index)
    ranker = load_quietly(name, "ranking")
    if build is not None:
        _build(ranker, build, queries, index)
        if not query:
            return
    from zoo.tasks import RankIndex

    documents = RankIndex.load(index)
    if attend:
        _draw(ranker, clean(query[0]), documents, attend)
    lines = map(clean, query) if query else read_lines(sys.stdin.buffer)
    for batch in batches(lines, 1 if not query and sys.stdin.isatty() else BATCH):
        for text in batch:
            found = ranker.rank(text, documents, top_k=top_k, return_dict=evidence)
            write_lines(_line(text, one) for one in found)


def _build(ranker, file, queries, folder):
    answered = {}
    if queries is not None:
        with open(queries, "rb") as opened:
            for name, query in _rows(opened, "--queries", "QUERY"):
                answered.setdefault(name, []).append(query)
    if file == "-":
        found = _index(ranker, sys.stdin.buffer, answered)
    else:
        with open(file, "rb") as opened:
            found = _index(ranker, opened, answered)
    found.save(folder)
    click.echo(f"wrote {folder}: {len(found)} documents", err=True)


def _index(ranker, file, answered):
    ids = []

    def texts():
        for name, text in _rows(file, "--build", "DOCUMENT"):
            ids.append(name)
            yield text

    return ranker.index(texts(), ids, answered)


def _rows(file, option, what):
    for number, line in enumerate(read_lines(file), 1):
        name, tab, text = line.partition("\t")
        if not tab:
            raise click.UsageError(f"{option} needs ID TAB {what}; line {number} has no TAB.")
        yield name, text


def _line(query, found):
    query = query.replace("\t", " ")
    if isinstance(found, tuple):
        return f"{query}\t{found[0]}\t{found[1]:.3f}"
    words = " ".join(f"{token}>{other}" for token, other, _ in found.evidence)
    return f"{query}\t{found.id}\t{found.score:.3f}\t{words}"


def _draw(ranker, query, documents, path):
    from zoo.plots import plot_attention

    (best,) = ranker.rank(query, documents, top_k=1, return_dict=True)
    plot_attention(best, path)
    click.echo(f"wrote {path}", err=True)
