"""The commands. TensorFlow is imported where a command needs it, so that the others are fast."""

import os
import sys
from importlib import metadata

import click

from zoo import __version__, registry
from zoo.cli import checks
from zoo.cli.lines import BATCH, batches, read_lines, write_lines
from zoo.cli.pictures import draws, write_pictures
from zoo.cli.quiet import load_exact_quietly, load_quietly, quiet

MODELS = "saved_models"  # of the current folder, where `train` puts a model
_WHOLE, _POSITIVE = click.IntRange(1), click.FloatRange(0, min_open=True)

DECODING = {
    "max_new_tokens": (_WHOLE, "Most tokens of an answer."),
    "num_beams": (_WHOLE, "Hypotheses that beam search keeps; 1 is greedy search."),
    "num_beam_groups": (_WHOLE, "Groups of beams that differ from each other."),
    "diversity_penalty": (click.FloatRange(0), "How strongly the groups differ."),
    "length_penalty": (float, "Above 0 favours long answers."),
    "num_return_sequences": (_WHOLE, "Answers for a line, each on its own line; beams best first."),
    "temperature": (_POSITIVE, "Sample; below 1 is safer, above 1 bolder."),
    "top_k": (click.IntRange(0), "Sample among this many best tokens."),
    "top_p": (
        click.FloatRange(0, 1, min_open=True),
        "Sample among the best tokens that hold this probability.",
    ),
    "min_p": (
        click.FloatRange(0, 1, max_open=True),
        "Sample among tokens at least this share as probable as the best.",
    ),
    "repetition_penalty": (_POSITIVE, "Above 1 discourages tokens that the text already has."),
    "no_repeat_ngram_size": (
        click.IntRange(0),
        "No n-gram of this size occurs twice in an answer.",
    ),
    "early_stopping": (
        bool,
        "Whether beam search stops as soon as no answer could join the best by ending next.",
    ),
    "prefix": (str, "How each answer begins."),
    "seed": (int, "Makes sampling repeatable."),
}


def decoding_options(command):
    command = click.option(
        "--stop",
        multiple=True,
        callback=lambda context, parameter, texts: [_unescaped(text) for text in texts] or None,
        help="End each answer before this text; may be given several times.",
    )(command)
    for name, (kind, text) in reversed(DECODING.items()):
        option = "--" + name.replace("_", "-")
        if kind is bool:  # neither of the two: what the model does by itself
            option += "/--no-" + option[2:]
        command = click.option(option, type=kind, default=None, help=text)(command)
    return command


def given(options):
    """The options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def _index_or_word(context, parameter, value):
    """`"3"` -> 3; words stay as they are."""
    return int(value) if value.lstrip("-").isdecimal() else value


def _version(context, parameter, asked):
    """Prints what is installed, without importing it, and where models are looked up."""
    if not asked:
        return
    click.echo(f"zoo {__version__}")
    for package in ("keras", "tensorflow"):
        try:
            click.echo(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            click.echo(f"{package} is not installed")
    for place in registry.places():
        click.echo(f"models in {place}")
    context.exit()


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the versions of zoo, Keras and TensorFlow, and where models are, and exit.",
)
@click.pass_context
def zoo(context):
    """Trained models: list, use, look into, train, evaluate and export them.

    A NAME is one of `zoo list`, or the path of a .keras file.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@zoo.command("list")
def list_models():
    """List the trained models with their size and measured quality.

    Those of your own in saved_models/ of the current folder come last, by their path.
    """
    rows = [("NAME", "TASK", "ARCHITECTURE", "PARAMETERS", "MB", "QUALITY")]
    for info in registry.models() + registry.models_in(MODELS):
        parameters = f"{info.parameters / 1e6:.1f} M" if info.parameters else "-"
        size = f"{info.megabytes:.1f}"
        quality = info.quality or "-"
        rows.append((info.name, info.task, info.architecture, parameters, size, quality))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


@zoo.command()
@click.argument("name")
@click.argument("text", nargs=-1)
@decoding_options
@click.option("--attend", metavar="FILE", help="Draw the attention of one TEXT to FILE.")
@click.option(
    "--source-language", metavar="CODE", help="The language of the texts, for a model of many."
)
@click.option(
    "--target-language", metavar="CODE", help="The language to translate into, for such a model."
)
@click.option("--fast", is_flag=True, help="8-bit weights and no TensorFlow: answers at once.")
@click.option(
    "--min-score",
    type=click.FloatRange(max=0),
    help="Mark answers less sure than this: TAB and the mean log-probability of their tokens.",
)
def translate(name, text, attend, fast, min_score, **options):
    r"""Translate each TEXT, or without one each line of standard input.

    Answers come in order, a line for a line, an empty one for an empty one. A line of several
    sentences is translated sentence by sentence, unless the model has learned from such lines.
    Options that are not given have the values kept with the model, its best.

    Doubtful answers, whose tokens have a mean natural-log probability below --min-score, have it in
    a second column behind a TAB; the others have one column. So `cut -f 1` gives the answers alone,
    and `grep -P "\t"` the doubtful ones. How good the answers of a score are, the card says.

    A shipped model answers from its LiteRT file, without TensorFlow, with its own strings; with an
    option other than --max-new-tokens TensorFlow answers. --fast takes 8-bit weights: some answers
    are others, and lists are ready sooner. The files are made at their first use, in
    ~/.cache/attention-zoo; for --fast with a model of your own TensorFlow needs 20 seconds.
    """
    if attend and len(text) != 1:
        raise click.UsageError(f"--attend needs exactly one TEXT; got {len(text)}.")
    options = given(options)
    if attend and min_score is not None:
        raise click.UsageError("--attend goes without --min-score.")
    beside = {"attend": attend, "min_score": min_score}
    others = sorted({*options, *given(beside)} - {"max_new_tokens"})
    if fast and others:
        other = others[0].replace("_", "-")
        raise click.UsageError(f"--fast goes with --max-new-tokens alone; got --{other}.")
    checks.picture("--attend", attend)
    translator = None if fast or others else load_exact_quietly(name, "translation")
    if translator is None:
        if text or sys.stdin.isatty():
            one_thread()
        translator = load_quietly(name, "translation", fast)
    if attend:
        write_lines([draw(translator, text[0], attend, **options)])
        return
    if text:
        lines, size = map(clean, text), BATCH
    else:
        lines = read_lines(sys.stdin.buffer)
        size = 1 if sys.stdin.isatty() else BATCH  # who types wants an answer to each line
    _answer_lines(translator, lines, size, min_score=min_score, **options)


def one_thread():
    """For one answer after the other: to share TensorFlow's small operations only costs time."""
    if "tensorflow" not in sys.modules:
        for threads in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
            os.environ.setdefault(threads, "1")


def _answer_lines(model, lines, size, prefix=None, seed=None, min_score=None, **options):
    done = 0
    if min_score is not None:
        options["return_dict"] = True
    for batch in batches(lines, size):
        if prefix is not None:
            options["prefix"] = [clean(prefix)] * len(batch)
        if seed is not None:
            options["seed"] = seed + done  # so that a line's answer does not depend on `size`
        answers = model.generate(batch, **options)
        # As many lines for each, also where there are fewer different answers.
        several = options.get("num_return_sequences", 1)
        answers = (x if isinstance(x, list) else [x] for x in answers)
        if min_score is not None:
            answers = ([_marked(answer, min_score) for answer in x] for x in answers)
        write_lines(x + [""] * (several - len(x)) for x in answers)
        done += len(batch)


def _marked(answer, min_score):
    """The text of a `zoo.tasks.Generated`, and in a second column its score where that is low."""
    text = answer.text.replace("\t", " ")  # the one of the mark is the only TAB
    sure = answer.token_score >= min_score
    return text if sure else f"{text}\t{answer.token_score:.2f}"


def _unescaped(text):
    r"""Text of an argument or a line, in which `\n` is a line end."""
    return clean(text).replace("\\n", "\n")


def clean(text):
    """An argument of the process as valid text; stray bytes become U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@zoo.command()
@click.argument("name")
@click.argument("prompt", default="")
@decoding_options
@click.option("-n", "count", type=int, default=1, show_default=True, help="Texts to write.")
@click.option("--form", is_flag=True, help="Keep to the form of the model, as of a quatrain.")
@click.option("--acrostic", help="First characters of the lines; implies --form.")
@click.option(
    "--digit", type=int, help="The digit that a model of pictures draws. By default each."
)
@click.option("--out", metavar="FILE", help="Where a model of pictures draws to, as .png.")
def generate(name, prompt, count, form, acrostic, digit, out, **options):
    r"""Go on with PROMPT, and show the text while it is written.

    With `-` as PROMPT, each line of standard input is one, and its text one line of the answer. In
    either, \n stands for a line end. A poem is shown in its lines, but from `-` in one.

    Options that are not given have the values kept with the model. With more than one text, beams
    or several answers, each stands below the other when all are ready.

    A model that draws pictures takes -n, --seed, --digit and --out; without --out its pictures are
    shown in characters.
    """
    if count < 1:
        raise click.UsageError(f"-n must be >= 1; got {count}.")
    options = given({**options, "form": form or None, "acrostic": acrostic})
    if draws(name):
        write_pictures(name, prompt, count, digit, out, options)
        return
    if digit is not None or out:
        raise click.UsageError(
            f"--digit and --out go with a model that draws pictures; got {name}."
        )
    if prompt == "-" and (count > 1 or acrostic):
        raise click.UsageError("-n and --acrostic need a PROMPT of their own; got -.")
    if prompt != "-":
        one_thread()
    generator = load_quietly(name, "generation")
    if prompt == "-":
        _answer_lines(generator, map(_unescaped, read_lines(sys.stdin.buffer)), BATCH, **options)
        return
    prompt = _unescaped(prompt)
    form = getattr(generator, "form", None)
    shown = _in_lines(form) if form else str
    several = count > 1 or {"num_beams", "num_return_sequences"} & set(options)
    if not several:
        text = ""
        for piece in generator.stream(prompt, **options):
            told, text = len(shown(text)), text + piece
            click.echo(shown(text)[told:], nl=False)
        click.echo()
        return
    for option in {"prefix", "acrostic"} & set(options):
        options[option] = [options[option]] * count
    for answer in generator.generate([prompt] * count, **options):
        for text in [answer] if isinstance(answer, str) else answer:
            click.echo(shown(text) + "\n")


def _in_lines(form):
    return lambda text: "\n".join(form.lines(text))


@zoo.command()
@click.argument("name")
@click.argument("text")
@click.option("--out", metavar="FILE", required=True, help="Picture to write: .png, .svg, .pdf.")
@click.option(
    "--layer",
    default="-1",
    show_default="-1, the last",
    callback=_index_or_word,
    help="Index from 0, negative from the end; or 'mean' or 'all'.",
)
@click.option(
    "--head",
    default="mean",
    show_default=True,
    callback=_index_or_word,
    help="Index from 0, negative from the end; or 'mean' or 'all'.",
)
def attend(name, text, out, layer, head):
    """Answer TEXT (of an image: its path) and draw what each answer token attends to.

    The answer goes to standard output, the path of the picture to standard error.
    """
    checks.picture("--out", out)
    checks.maps(name, layer, head)
    checks.photograph(name, text)
    model = load_quietly(name, None)
    write_lines([draw(model, text, out, layer=layer, head=head)])


def draw(model, text, path, layer=-1, head="mean", **options):
    """Write the attention picture of one answer, and return its text."""
    from zoo.plots import plot_attention

    answer = model.ask(clean(text), return_dict=True, **options)
    plot_attention(answer, path, layer=layer, head=head)
    click.echo(f"wrote {path}", err=True)
    return answer.text


@zoo.command()
@click.argument("name")
@click.option("--data-dir", metavar="DIR", help="Folder of the data sets; by default ZOO_DATA.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    help="Only this many examples of each set; nothing is written then.",
)
@click.option("--tsv", metavar="FILE", help="Measure on your own pairs: source TAB target.")
@click.option(
    "--litert", is_flag=True, help="Compare its LiteRT files with it, on validation data."
)
def evaluate(name, data_dir, limit, tsv, litert):
    """Measure NAME on its test sets and write metrics.json beside it."""
    if tsv and (data_dir or limit):
        raise click.UsageError("--tsv goes without --data-dir and --limit.")
    if litert and (tsv or limit):
        raise click.UsageError("--litert goes with --data-dir alone.")
    path = registry.find(name)
    checks.file("--tsv", tsv)
    checks.folder("--data-dir", data_dir)
    model = load_quietly(path, "translation" if tsv else None)
    from zoo import data, evaluation

    if tsv:
        measured = evaluation.evaluate_pairs(model, data.read_pairs(tsv))
        click.echo(f"{tsv}: {evaluation.Corpus.summary(measured)}")
        return
    if litert:
        _compare_litert(model, path, data_dir)
        return
    corpora = evaluation.evaluate(
        model, name_of(path), data_dir=data_dir, limit=limit, out=None if limit else path.parent
    )["corpora"]
    for corpus in evaluation.CORPORA[name_of(path)]:
        click.echo(f"{corpus.name}: {corpus.summary(corpora[corpus.name])}")


def _compare_litert(model, path, data_dir):
    import tempfile

    from zoo import evaluation, serving

    with tempfile.TemporaryDirectory() as folder:
        with quiet():
            readers = {
                weights: serving.open_litert(
                    serving.export_litert(model, folder, weights, weights=weights)
                )
                for weights in ("float32", "int8")
            }
        found = evaluation.compare_litert(
            model, name_of(path), readers, data_dir=data_dir, out=path.parent
        )
    for weights in readers:
        click.echo(
            f"{weights}: {found[weights]['equal']:.1%} of {found['inputs']} answers equal, "
            f"{found['measure']} {found[weights]['score']:.3f} (the model: {found['score']:.3f})"
        )


def name_of(path):
    """Name of the model in a file: of its folder, where the file has the usual name."""
    return path.parent.name if path.name == registry.FILE else path.stem
