"""Every notebook runs from top to bottom, is what its Python file gives, and speaks Chinese too."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import extras
import pytest

from tutorials import chinese

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


@pytest.fixture(scope="module")
def in_chinese(source):
    return nbformat.read(chinese.notebook_of(source), as_version=4)


def kinds_and_sources(notebook):
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def has_picture(cell):
    outputs = cell.get("outputs", ())
    return any(kind.startswith("image/") for output in outputs for kind in output.get("data", ()))


@pytest.fixture(scope="module")
def fresh_process():
    """`(source, folder) -> exit status, standard error`, with the packages of `tutorials` alone."""
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    quiet = {"ZOO_FAST": "1", "MPLBACKEND": "Agg", "TF_CPP_MIN_LOG_LEVEL": "3"}
    ones = "OPENBLAS_NUM", "OMP_NUM", "TF_NUM_INTRAOP", "TF_NUM_INTEROP"  # a test runs on each core
    quiet |= {f"{name}_THREADS": "1" for name in ones}
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("forked_runs.py"))],
        env=extras.environment("tutorials") | quiet,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )

    def run(source, folder):
        print(json.dumps([str(source), str(folder)]), file=process.stdin, flush=True)
        answer = process.stdout.readline()
        assert answer, f"forked_runs.py ended with {process.wait()}"
        return json.loads(answer)

    yield run
    process.communicate()


@pytest.mark.slow
def test_runs_from_top_to_bottom_in_fast_mode(source, tmp_path, fresh_process):
    status, errors = fresh_process(source, tmp_path)
    offline = re.search(r"FileNotFoundError: (.* (could not|cannot) be downloaded.*)", errors)
    if offline:
        pytest.skip(offline[1])
    assert status == 0, errors[-3000:]


def test_notebook_is_in_step_with_its_python_file(source, notebook):
    assert kinds_and_sources(notebook) == kinds_and_sources(jupytext.read(source))


def test_every_cell_was_run_in_order_and_without_an_error(notebook):
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not any(output.output_type == "error" for cell in cells for output in cell.outputs)


def test_opens_with_a_badge_a_picture_and_the_run_time(source, notebook):
    title, front, opening = notebook.cells[:3]
    assert title.source.count(f"tutorials/{source.stem}.ipynb)") == 2  # for Colab, for Kaggle
    assert "front" in front.metadata.tags and has_picture(front)
    assert re.search(r"\*\*Time\*\*: .* minutes? on 2 CPU cores", opening.source)
    assert not any("attachments" in cell for cell in notebook.cells)  # Colab does not show them


def test_every_picture_has_a_caption_with_the_next_number(notebook):
    numbers = []
    for cell, after in zip(notebook.cells, notebook.cells[1:]):
        if has_picture(cell) and "front" not in cell.metadata.get("tags", ()):
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


@pytest.mark.parametrize(("readme", "folder"), [("README.md", ""), ("README.zh.md", "zh/")])
def test_readme_lists_every_notebook(readme, folder):
    listed = re.findall(rf"\({folder}(\d\d_\w+)\.ipynb\)", (FOLDER / readme).read_text("utf-8"))
    assert sorted(set(listed)) == [source.stem for source in SOURCES]


def prose(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def test_chinese_notebook_is_what_its_prose_and_the_english_one_give(source, notebook, in_chinese):
    text = chinese.prose_of(source).read_text("utf-8")
    assert in_chinese == chinese.translated(notebook, text)


def test_chinese_notebook_has_the_code_and_the_outputs_of_the_english_one(notebook, in_chinese):
    for english, cell in zip(notebook.cells, in_chinese.cells, strict=True):
        assert cell.cell_type == english.cell_type
        if cell.cell_type == "code":
            assert cell == english
        else:
            assert re.search(r"[\u4e00-\u9fff]", cell.source), cell.source


@pytest.mark.parametrize(
    "pattern",
    [
        r"```.*?```|`[^`]+`",  # code
        r"\$[^$]+\$",  # formulas
        r"\]\(((?!\S*colab|\S*kaggle)[^)\s]+)\)",  # links
        r"\d+(?:[.,:]\d+)*",  # numbers
    ],
    ids=["code", "formulas", "links", "numbers"],
)
def test_chinese_prose_keeps(pattern, notebook, in_chinese):
    for english, cell in zip(prose(notebook), prose(in_chinese), strict=True):
        wanted, found = (re.findall(pattern, " ".join(x.split())) for x in (english, cell))
        assert set(wanted) <= set(found), cell


def test_chinese_notebook_has_a_badge_of_its_own_and_all_captions_and_answers(
    source, notebook, in_chinese
):
    english, text = ("\n".join(prose(each)) for each in (notebook, in_chinese))
    assert text.count(f"tutorials/zh/{source.stem}.ipynb)") == 2
    assert re.findall(r"^\*\*图 (\d+)", text, re.M) == re.findall(r"^\*Figure (\d+)", english, re.M)
    assert text.count("<summary>答案</summary>") == english.count("<summary>Answer</summary>")


def test_chinese_prose_of_other_english_is_refused(notebook):
    draft = chinese.draft(notebook)
    assert prose(chinese.translated(notebook, draft)) == prose(notebook)
    notebook = nbformat.from_dict(notebook)
    notebook.cells[0].source += " And more."
    with pytest.raises(ValueError, match=chinese.mark(notebook.cells[0].source)):
        chinese.translated(notebook, draft)
    notebook.cells.append(nbformat.v4.new_markdown_cell("A new cell."))
    with pytest.raises(ValueError, match="prose cells"):
        chinese.translated(notebook, draft)


TINY = """# %% [markdown]
# # A title

# %% tags=["front"]
# @title A line

# %% [markdown]
# Words.

# %% tags=["cover"]
import matplotlib.pyplot as plt

_ = plt.plot([1, 2])
"""


def test_a_build_runs_the_code_and_one_of_prose_keeps_its_outputs(tmp_path, monkeypatch):
    for package in ("nbclient", "ipykernel"):
        pytest.importorskip(package)
    from tutorials import build

    monkeypatch.setattr(chinese, "FOLDER", tmp_path / "zh")
    chinese.FOLDER.mkdir()
    source = tmp_path / "tiny.py"
    source.write_text(TINY, encoding="utf-8")
    build.build(source)
    made = nbformat.read(source.with_suffix(".ipynb"), as_version=4)
    _, front, _, cover = made.cells
    assert front.outputs[0].data == cover.outputs[0].data and "image/png" in cover.outputs[0].data
    assert [front.execution_count, cover.execution_count] == [1, 2]

    draft = chinese.prose_of(source)
    draft.write_text(draft.read_text("utf-8").replace("Words.", "文字。"), encoding="utf-8")
    build.build(source, run=False)
    again, in_chinese = (
        nbformat.read(path, as_version=4)
        for path in (source.with_suffix(".ipynb"), chinese.notebook_of(source))
    )
    assert again == made and prose(in_chinese) == ["# A title", "文字。"]
    assert in_chinese.cells[1] == front and in_chinese.cells[3] == cover

    source.write_text(TINY.replace("[1, 2]", "[2, 1]"), encoding="utf-8")
    with pytest.raises(ValueError, match="code has changed"):
        build.build(source, run=False)
