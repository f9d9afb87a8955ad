"""The Chinese of a notebook: prose from `zh/NN_name.md`, code and outputs of the English one.

A mark before each Chinese cell says which English it was made from. Where that English has changed,
the mark no longer fits, and the build says which cell to read again.
"""

import copy
import hashlib
import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "zh"
MARK = "<!-- en: {} -->"


def prose_of(source):
    """The file with the Chinese prose of a notebook's Python file `source`."""
    return FOLDER / f"{source.stem}.md"


def notebook_of(source):
    """The Chinese notebook of a notebook's Python file `source`."""
    return FOLDER / f"{source.stem}.ipynb"


def mark(english):
    """Eight hex digits that change with any word of `english`, and not with its line breaks."""
    words = " ".join(english.split())
    return hashlib.sha256(words.encode("utf-8")).hexdigest()[:8]


def marked_cells(text):
    """The (mark, Chinese) of each cell of a file of Chinese prose, in order."""
    before, *parts = re.split(r"^<!-- en: ([0-9a-f]{8}) -->$", text, flags=re.MULTILINE)
    if before.strip():
        raise ValueError(f"a file of Chinese prose must begin with a mark, got {before[:60]!r}")
    return [(mark, cell.strip()) for mark, cell in zip(parts[::2], parts[1::2])]


def draft(notebook):
    """The prose of an English `notebook` with its marks: what a translator begins with."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return "\n\n".join(f"{MARK.format(mark(cell))}\n{cell}" for cell in cells) + "\n"


def translated(notebook, text):
    """A copy of the English `notebook` with the prose of `text`, cell by cell.

    Raises ValueError where `text` has another number of cells, or a cell whose English has changed.
    """
    notebook = copy.deepcopy(notebook)
    english = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    chinese = marked_cells(text)
    if len(chinese) != len(english):
        raise ValueError(
            f"the Chinese must have the {len(english)} prose cells of the English, "
            f"got {len(chinese)}"
        )
    for cell, (made_from, prose) in zip(english, chinese):
        if made_from != mark(cell.source):
            raise ValueError(
                f"the English of {MARK.format(made_from)} has changed: mend its Chinese, and mark "
                f"it {MARK.format(mark(cell.source))}. It says now: {cell.source}"
            )
        cell.source = prose
    return notebook
