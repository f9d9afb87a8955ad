"""`zoo import`: a public checkpoint as a model of the zoo."""

import warnings
from pathlib import Path

import click

from zoo.cli import checks
from zoo.cli.commands import zoo
from zoo.cli.quiet import quiet, returning_memory


@zoo.command("import")
@click.argument("directory", metavar="DIR")
@click.option(
    "--out",
    metavar="FILE",
    required=True,
    help="The model's file, NAME.keras; its folder is made where it is missing.",
)
@click.option(
    "--compact",
    is_flag=True,
    help="Store about 10 bits of each weight, as the models of the zoo are; by default all 32.",
)
@click.option(
    "--target-language",
    metavar="CODE",
    help="Of a model of several: the language to translate into, by its code there.",
)
@click.option(
    "--source-language",
    metavar="CODE",
    help="Of M2M-100 and NLLB: the language to translate from, unless another is asked for.",
)
def import_(directory, out, compact, target_language, source_language):
    """Make a model of the zoo from a public checkpoint in DIR.

    DIR is a folder in Hugging Face's layout, of the family Marian (opus-mt), M2M-100, NLLB, GPT-2,
    GPT-NeoX, Llama, Qwen2, Qwen3 or ViT-GPT2. What comes out is used, exported and served as any
    other model: zoo translate FILE "...", zoo generate FILE "...", zoo caption FILE PHOTO
    """
    file = Path(out)
    if file.suffix != ".keras":
        raise click.UsageError(f"--out must end in .keras; got {out!r}.")
    checks.new_folder("--out", file.parent)
    returning_memory()
    with quiet(), warnings.catch_warnings(record=True) as told:
        from zoo.pretrained import from_pretrained
        from zoo.pretrained.chat import ChatWarning

        warnings.simplefilter("always", ChatWarning)
        model = from_pretrained(directory, target_language, source_language)
        from zoo.tasks.files import save_model

        file.parent.mkdir(parents=True, exist_ok=True)
        save_model(model, file, compact=compact)
    for warning in told:
        if issubclass(warning.category, ChatWarning):
            click.echo(warning.message, err=True)
    click.echo(file)
