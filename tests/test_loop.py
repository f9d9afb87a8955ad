"""What `make check`, `make test` and `.ci/run` run: the marks that are found in the tests' code."""

import re
import subprocess
import sys
from collections import Counter

import needs
import pytest
from conftest import ROOT

# A file whose tests: need nothing; load shipped models; are slow; use the small translator.
FILES = ["test_masks.py", "test_shipped_models.py", "test_tutorials.py", "test_serving_grpc.py"]

COLLECT = """
import sys, pytest
for marked in sys.argv[1].split("|"):
    print("SELECTED")
    pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", "-m", marked, *sys.argv[2:]])
"""


@pytest.fixture(scope="module")
def collected():
    """File -> number of tests: of all, of `make check`, of `make test`, of the slow ones."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    chosen = [
        re.search(rf"^{name} \??:?= (.*)$", makefile, re.MULTILINE)[1]
        for name in ("QUICK", "MARKED")
    ]
    files = [f"tests/{name}" for name in FILES]
    command = [sys.executable, "-c", COLLECT, "|".join(["", *chosen, "slow"]), *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    parts = done.stdout.split("SELECTED\n")[1:]
    return [Counter(re.findall(r"^tests/(\w+\.py)::", part, re.MULTILINE)) for part in parts]


def test_make_check_loads_no_model_and_runs_no_notebook(collected):
    everything, quick, _, _ = collected
    assert set(everything) == set(FILES)
    assert quick["test_masks.py"] == everything["test_masks.py"]
    assert quick["test_shipped_models.py"] == 0
    assert quick["test_serving_grpc.py"] == 0
    assert quick["test_tutorials.py"] == 0


def test_what_make_test_leaves_out_is_what_is_marked_slow(collected):
    everything, _, tested, slow = collected
    assert slow["test_tutorials.py"] > 0
    assert slow["test_masks.py"] == 0
    assert tested + slow == everything


def test_the_functions_whose_seconds_are_known_are_there():
    for name in needs.SECONDS:
        file, function = name.split("::")
        assert f"def {function}(" in (ROOT / "tests" / file).read_text("utf-8"), name


def test_tests_of_a_file_share_a_worker_and_so_their_fixtures(tmp_path):
    code = """
import os, pathlib, pytest

@pytest.mark.parametrize("i", range(6))
def test(i):
    with pathlib.Path(__file__).with_suffix("").open("a") as file:
        print(os.environ["PYTEST_XDIST_WORKER"], file=file)
"""
    for name in "ab":
        (tmp_path / f"test_{name}.py").write_text(code)
    makefile = (ROOT / "Makefile").read_text("utf-8")
    options = re.search(r"-m pytest (.*)$", makefile, re.MULTILINE)[1].replace("$(WORKERS)", "2")
    command = [sys.executable, "-m", "pytest", *options.split(), "--rootdir", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    workers = [(tmp_path / f"test_{name}").read_text().split() for name in "ab"]
    assert [len(names) for names in workers] == [6, 6]
    assert all(len(set(names)) == 1 for names in workers)
