"""Writes tests/seconds.txt: how long the test functions took in a full run, of which marks come.

    PYTEST_ADDOPTS=--junitxml=run.xml .ci/run; python scripts/write_test_seconds.py run.xml

A line is the seconds of a function, all its parameters together, a space, and FILE::FUNCTION; what
took less than `needs.UNHURRIED` has none. Of several reports the longest time counts: which test
pays for what several share depends on which of them run, so one of `make check` can be given, too.
"""

import collections
import sys
from pathlib import Path
from xml.etree import ElementTree

FOLDER = Path(__file__).resolve().parent.parent / "tests"
sys.path.insert(0, str(FOLDER))


def function_seconds(report):
    """`FILE::FUNCTION` -> seconds, of a JUnit report."""
    seconds = collections.Counter()
    for case in ElementTree.parse(report).iter("testcase"):
        file = case.get("classname").rpartition(".")[2] + ".py"
        seconds[f"{file}::{case.get('name').partition('[')[0]}"] += float(case.get("time"))
    return seconds


def main(*reports):
    from needs import UNHURRIED

    seconds = collections.Counter()
    for report in reports:
        seconds |= function_seconds(report)  # the larger of both
    lines = [f"{took:.1f} {name}\n" for name, took in sorted(seconds.items()) if took >= UNHURRIED]
    (FOLDER / "seconds.txt").write_text("".join(lines), encoding="utf-8")
    print(f"{len(lines)} functions take {UNHURRIED} s or more")


if __name__ == "__main__":
    main(*sys.argv[1:])
