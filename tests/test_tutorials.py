"""Every notebook runs from top to bottom, and is what its Python file gives."""

import re
import subprocess
import sys
from pathlib import Path

import extras
import pytest

jupytext = pytest.importorskip("jupytext")
nbformat = pytest.importorskip("nbformat")

FOLDER = Path(__file__).resolve().parent.parent / "tutorials"
SOURCES = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
CODE_LINES = 15  # a reader sees a cell at once
MEGABYTE = 1_000_000


@pytest.fixture(scope="module", params=SOURCES, ids=lambda source: source.stem)
def source(request):
    return request.param


@pytest.fixture(scope="module")
def notebook(source):
    return nbformat.read(source.with_suffix(".ipynb"), as_version=4)


def kinds_and_sources(notebook):
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def has_picture(cell):
    return any("image/png" in output.get("data", ()) for output in cell.get("outputs", ()))


@pytest.mark.slow
def test_runs_from_top_to_bottom_in_fast_mode(source, tmp_path):
    """With the packages of the extra `tutorials` alone."""
    quiet = {"ZOO_FAST": "1", "MPLBACKEND": "Agg", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, str(source)],
        cwd=tmp_path,
        env=extras.environment("tutorials") | quiet,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    if offline := re.search(r"FileNotFoundError: (.* could not be downloaded .*)", done.stderr):
        pytest.skip(offline[1])
    assert done.returncode == 0, done.stderr[-3000:]


def test_notebook_is_in_step_with_its_python_file(source, notebook):
    assert kinds_and_sources(notebook) == kinds_and_sources(jupytext.read(source))


def test_every_cell_was_run_in_order_and_without_an_error(notebook):
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not any(output.output_type == "error" for cell in cells for output in cell.outputs)


def test_opens_with_a_badge_a_picture_and_the_run_time(source, notebook):
    first = notebook.cells[0]
    assert f"tutorials/{source.stem}.ipynb)" in first.source
    assert "attachment:cover.png" in first.source and "image/png" in first.attachments["cover.png"]
    assert re.search(r"\*\*Time\*\*: .* minutes? on 2 CPU cores", first.source)


def test_every_picture_has_a_caption_with_the_next_number(notebook):
    numbers = []
    for cell, after in zip(notebook.cells, notebook.cells[1:]):
        if has_picture(cell):
            numbers.append(int(re.match(r"\*Figure (\d+)\. ", after.source)[1]))
    assert numbers and numbers == list(range(1, len(numbers) + 1))


def test_a_code_cell_is_short(notebook):
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell for cell in cells if len(cell.splitlines()) > CODE_LINES] == []


def test_has_checks_a_failure_exercises_with_folded_answers_and_references(notebook):
    text = "\n".join(cell.source for cell in notebook.cells)
    assert re.search(r"^assert ", text, re.MULTILINE)
    assert re.search(r"^## .*failure", text, re.MULTILINE)
    exercises = len(re.findall(r"^\*\*\d+\.\*\*", text, re.MULTILINE))
    assert exercises == text.count("<details><summary>Answer</summary>") >= 3
    assert text.count("</details>") == exercises
    assert "## References" in text


def test_says_when_it_was_run_in_full(notebook):
    last = [cell for cell in notebook.cells if cell.cell_type == "code"][-1]
    assert re.match(r"run on \d{4}-\d\d-\d\d in ", last.outputs[0].text)


def test_is_small_enough_to_open_anywhere(source):
    assert source.with_suffix(".ipynb").stat().st_size < MEGABYTE


def test_readme_lists_every_notebook():
    listed = re.findall(r"\((\d\d_\w+)\.ipynb\)", (FOLDER / "README.md").read_text("utf-8"))
    assert sorted(set(listed)) == [source.stem for source in SOURCES]
