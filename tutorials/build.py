"""Builds notebooks from their Python files, with outputs and pictures, in full mode.

python -m tutorials.build [NAME ...]     # all of them, or those whose name begins so
"""

import os
import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent
SOURCES = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
COVER = "cover.png"


def build(source):
    """Run `source` from top to bottom, and write the notebook beside it."""
    notebook = jupytext.read(source)
    client = NotebookClient(notebook, timeout=3600, kernel_name="python3")
    client.execute(cwd=str(FOLDER))
    for cell in notebook.cells:
        tidy(cell)
    put_cover(notebook)
    notebook.metadata.kernelspec = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    nbformat.write(notebook, source.with_suffix(".ipynb"))


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


def put_cover(notebook):
    """Attach the picture of the cell tagged `cover` to the first cell, which shows it."""
    cell = next(c for c in notebook.cells if "cover" in c.metadata.get("tags", ()))
    png = next(o.data["image/png"] for o in cell.outputs if "image/png" in o.get("data", ()))
    notebook.cells[0]["attachments"] = {COVER: {"image/png": png}}


def main(names):
    """Build the notebooks that are named, or all."""
    os.environ.pop("ZOO_FAST", None)
    for source in SOURCES:
        if not names or source.name.startswith(tuple(names)):
            started = time.time()
            build(source)
            print(f"{source.stem}: {(time.time() - started) / 60:.1f} minutes")


if __name__ == "__main__":
    main(sys.argv[1:])
