"""What `make check`, `make test` and `.ci/run` run: the marks that are found in the tests' code."""

import re
import subprocess
import sys
from collections import Counter

import pytest
from conftest import ROOT

# A file whose tests: need nothing; load shipped models; are slow; use the small translator.
FILES = ["test_masks.py", "test_shipped_models.py", "test_tutorials.py", "test_serving_grpc.py"]


def collected(marked):
    """File -> how many of its tests `-m marked` leaves."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    files = [f"tests/{name}" for name in FILES]
    done = subprocess.run(
        [*command, "-m", marked, *files], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Counter(re.findall(r"^tests/(\w+\.py)::", done.stdout, re.MULTILINE))


@pytest.fixture(scope="module")
def everything():
    return collected("")


def test_the_quick_tests_load_no_model_and_open_no_notebook(everything):
    makefile = (ROOT / "Makefile").read_text("utf-8")
    quick = collected(re.search(r"^QUICK := (.*)$", makefile, re.MULTILINE)[1])
    assert set(everything) == set(FILES)
    assert quick["test_masks.py"] == everything["test_masks.py"]
    assert quick["test_shipped_models.py"] == 1  # the size of the folder
    assert quick["test_serving_grpc.py"] == 0
    assert 0 <= quick["test_tutorials.py"] <= 1  # the list of the README


def test_what_make_test_leaves_out_is_what_is_marked_slow(everything):
    makefile = (ROOT / "Makefile").read_text("utf-8")
    tested = collected(re.search(r"^MARKED \?= (.*)$", makefile, re.MULTILINE)[1])
    slow = collected("slow")
    assert set(slow) == {"test_tutorials.py"}
    assert tested + slow == everything
