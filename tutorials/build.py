"""Builds notebooks from their Python files, with outputs and pictures, in full mode.

python -m tutorials.build [NAME ...]           # all of them, or those whose name begins so
python -m tutorials.build --prose [NAME ...]   # runs nothing: new prose, outputs as they are

Each comes in English and, with the prose of `zh/`, in Chinese.
"""

import copy
import os
import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

from tutorials import chinese

FOLDER = Path(__file__).resolve().parent
SOURCES = sorted(FOLDER.glob("[0-9][0-9]_*.py"))


def build(source, run=True):
    """Write the notebooks of `source`, with the outputs of a run or those that they have."""
    notebook = jupytext.read(source)
    if run:
        execute(notebook)
    else:
        keep_outputs(notebook, nbformat.read(source.with_suffix(".ipynb"), as_version=4))
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    show_cover(notebook)
    notebook.metadata.kernelspec = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    nbformat.write(notebook, source.with_suffix(".ipynb"))
    build_chinese(source, notebook)


def build_chinese(source, notebook):
    """Write the Chinese notebook or, where there is no Chinese yet, a draft for the translator."""
    prose = chinese.prose_of(source)
    if not prose.exists():
        prose.write_text(chinese.draft(notebook), encoding="utf-8")
    translated = chinese.translated(notebook, prose.read_text(encoding="utf-8"))
    nbformat.write(translated, chinese.notebook_of(source))


def execute(notebook):
    """Run `notebook` from top to bottom."""
    client = NotebookClient(notebook, timeout=3600, kernel_name="python3")
    client.execute(cwd=str(FOLDER))
    for cell in notebook.cells:
        tidy(cell)


def keep_outputs(notebook, earlier):
    """Give the code of `notebook` the outputs that the same code has in `earlier`."""
    cells, before = ([c for c in n.cells if c.cell_type == "code"] for n in (notebook, earlier))
    if [cell.source for cell in cells] != [cell.source for cell in before]:
        raise ValueError("the code has changed since the notebook was built: build without --prose")
    for cell, ran in zip(cells, before):
        cell.outputs, cell.execution_count = ran.outputs, ran.execution_count
    notebook.metadata.update(earlier.metadata)


def tidy(cell):
    """Leave out the times of day and what TensorFlow says of the machine on standard error."""
    cell.metadata.pop("execution", None)
    outputs = []
    for output in cell.get("outputs", ()):
        if output.output_type == "stream" and output.name == "stderr":
            continue
        if output.output_type == "stream" and outputs and outputs[-1].output_type == "stream":
            outputs[-1].text += output.text
        else:
            outputs.append(output)
    if cell.cell_type == "code":
        cell.outputs = outputs


def show_cover(notebook):
    """Show the picture of the cell tagged `cover` below the cell tagged `front`, too.

    As an output, since GitHub, Colab and Jupyter all show those; Colab has no attachments.
    """
    tagged = {tag: cell for cell in notebook.cells for tag in cell.metadata.get("tags", ())}
    picture = next(o for o in tagged["cover"].outputs if is_picture(o))
    front = nbformat.v4.new_output("display_data", data=copy.deepcopy(picture.data))
    tagged["front"].outputs = [front]


def is_picture(output):
    """Whether an output of a cell is a picture: a drawing as PNG, or photographs as JPEG."""
    return any(kind.startswith("image/") for kind in output.get("data", ()))


def main(arguments):
    """Build the notebooks that are named, or all."""
    os.environ.pop("ZOO_FAST", None)
    names = [argument for argument in arguments if argument != "--prose"]
    for source in SOURCES:
        if not names or source.name.startswith(tuple(names)):
            started = time.time()
            build(source, run="--prose" not in arguments)
            print(f"{source.stem}: {(time.time() - started) / 60:.1f} minutes")


if __name__ == "__main__":
    main(sys.argv[1:])
