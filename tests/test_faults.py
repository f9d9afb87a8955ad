"""The table of faults that were found: each row has its evidence, which exists."""

import ast
import importlib.util

from conftest import ROOT

spec = importlib.util.spec_from_file_location("faults", ROOT / "scripts" / "check_faults.py")
faults = importlib.util.module_from_spec(spec)
spec.loader.exec_module(faults)


def test_every_row_has_evidence():
    assert [row[0] for row in faults.FAULTS] == list(range(1, 74))
    for number, title, how, *evidence in faults.FAULTS:
        assert title and evidence, number
        assert how in (faults.MADE, faults.REFUSED, faults.DOCUMENTED)


def test_every_test_of_the_table_exists():
    there = {
        f"{path.name}::{node.name}"
        for path in (ROOT / "tests").glob("test_*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    assert set(faults.TESTS) - there == set()


def test_words_that_the_table_names_stand_in_their_files():
    said = [one for row in faults.FAULTS for one in row[3:] if "::" not in one]
    assert said and [one for one in said if not faults.stands(one)] == []


def test_the_script_shows_a_row_and_a_fault_is_no_success(capsys, monkeypatch):
    assert faults.main(["40"]) == 0
    assert "stands     docs/serving.md" in capsys.readouterr().out
    broken = (40, "rows of a batch", faults.DOCUMENTED, "docs/serving.md: no such words")
    monkeypatch.setattr(faults, "FAULTS", [broken])
    assert faults.main([]) == 1
    assert "is missing" in capsys.readouterr().out
