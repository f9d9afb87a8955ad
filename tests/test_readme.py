"""The Python of the README runs as it stands, and what its comments show comes out."""

import ast
import re
import shutil
from pathlib import Path

import keras
import pytest

import zoo

ROOT = Path(__file__).resolve().parent.parent
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)


def run(block, names):
    """Runs a block; returns source text -> value of each expression that stands alone."""
    shown = {}
    for node in ast.parse(block).body:
        text = ast.get_source_segment(block, node)
        if isinstance(node, ast.Expr):
            shown[text] = eval(text, names)
        else:
            exec(compile(ast.Module([node], []), "README.md", "exec"), names)
    return shown


def commented(block):
    """Source text -> value of each line whose comment is a Python literal, or begins with one."""
    found = {}
    for code, comment in re.findall(r"^(\S.*?)(?:  |\n)# (.*)$", block, re.M):
        for end in (comment, *re.split(r"[:,] (?=[a-z])", comment, maxsplit=1)):
            try:
                found[code] = ast.literal_eval(end)
                break
            except (SyntaxError, ValueError):
                continue
    return found


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What the lines of all blocks, one after the other in one process, gave."""
    folder = tmp_path_factory.mktemp("readme")
    for name in ("saved_models", "examples"):
        (folder / name).symlink_to(ROOT / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        names = {}
        shown = [run(block, names) for block in BLOCKS]
    yield folder, shown, names
    shutil.rmtree(folder / "exported")


def test_lines_that_show_what_comes_out_tell_the_truth(answers):
    _, shown, names = answers
    expected = commented(BLOCKS[0])
    assert len(expected) >= 5
    for code, value in expected.items():
        target, equals, _ = code.partition(" = ")
        given = names[target] if equals and target.isidentifier() else shown[0][code]
        # A score is shown with three digits.
        assert given == (pytest.approx(value, abs=1e-3) if isinstance(value, float) else value), (
            code
        )
    assert repr(names["out"]) in BLOCKS[0]
    assert "".join(names["poet"].form.lines(names["poem"])) == names["poem"]


@pytest.mark.slow  # all of the README is run for it
def test_files_that_the_readme_writes_are_there_and_load(answers):
    folder, shown, _ = answers
    assert (folder / "attention.png").stat().st_size > 1000
    assert (folder / "exported" / "1" / "saved_model.pb").exists()
    assert isinstance(shown[1]['zoo.load("mine.keras").generate("Un chien dort.")'], str)
    assert isinstance(zoo.load(folder / "mine.keras"), zoo.Translator)


def test_lora_of_the_readme_changes_the_shipped_model_and_stays_short(answers):
    folder, shown, names = answers
    assert isinstance(shown[2]['zoo.load("tuned.keras").generate("J\'ai faim.")'], str)
    assert len(BLOCKS[2].splitlines()) <= 20
    tuned, shipped = zoo.load(folder / "tuned.keras"), zoo.load("translate_fr_de")
    pair = names["pairs"][0]
    assert tuned.score(*pair) == pytest.approx(names["translator"].score(*pair), abs=1e-3)
    assert tuned.score(*pair) != pytest.approx(shipped.score(*pair), abs=1e-3)


@pytest.mark.slow  # all of the README is run for it
def test_attention_of_the_readme_is_reloaded_with_equal_values(answers):
    folder, shown, names = answers
    assert list(shown[-1].values())[-1] == (1, 2, 8)
    inputs = [keras.random.normal((2, 3, 8), seed=1), keras.random.normal((2, 4, 8), seed=2)]
    before, after = (names[model](inputs) for model in ("model", "again"))
    assert keras.ops.max(keras.ops.abs(before - after)) == 0


def code(name, language):
    """Lines of the blocks of a language, without comments."""
    fences = re.split(r"^```(.*)\n", (ROOT / name).read_text("utf-8"), flags=re.M)
    blocks = [
        text for kind, text in zip(fences[1::4], fences[2::4], strict=True) if kind == language
    ]
    lines = (line.partition(" #")[0].rstrip() for block in blocks for line in block.splitlines())
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def test_the_chinese_readme_shows_the_same_code():
    for language in ("python", ""):
        chinese, english = code("README.zh.md", language), code("README.md", language)
        assert chinese == english and len(english) > 10


def test_the_chinese_readme_lists_the_same_models_with_the_same_numbers():
    row = r"^\| (\[.*?) \| [^|]* \| (.*M \| .*) \|$"  # without the task, which is translated
    chinese, english = (
        re.findall(row, (ROOT / name).read_text("utf-8"), re.M)
        for name in ("README.zh.md", "README.md")
    )
    assert chinese == english and len(english) > 10


def test_links_of_the_readmes_lead_somewhere():
    for name in ("README.md", "README.zh.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
            assert target.startswith("http") or (ROOT / target).exists(), (name, target)
