"""An environment with what `pip install '.[EXTRA]'` brings and nothing else, without a new one."""

import configparser
import functools
import os
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
MISSING = ROOT / "tests" / "missing"
OURS = "attention-zoo"


@functools.cache
def _setup():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser["options"]["install_requires"], dict(parser["options.extras_require"])


def names():
    """The extras of setup.cfg."""
    return list(_setup()[1])


def lines(extra):
    """The requirements that setup.cfg lists for an extra."""
    return _setup()[1][extra].strip().splitlines()


def _needed(requirement):
    """The requirements of a requirement: of setup.cfg for ours, else of what is installed."""
    if requirement.name == OURS:
        base, extras = _setup()
        lines = [
            *base.splitlines(),
            *(n for e in requirement.extras for n in extras[e].split("\n")),
        ]
    else:
        try:
            lines = requires(requirement.name) or []
        except PackageNotFoundError:
            return
    for line in filter(None, map(str.strip, lines)):
        found = Requirement(line)
        wanted = [{"extra": extra} for extra in ("", *requirement.extras)]
        if not found.marker or any(map(found.marker.evaluate, wanted)):
            yield found


def brought(extra):
    """The canonical names of all that an extra brings, with what the project itself needs."""
    waiting, seen = [Requirement(f"{OURS}[{extra}]" if extra else OURS)], set()
    while waiting:
        requirement = waiting.pop()
        key = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if key not in seen:
            seen.add(key)
            waiting += _needed(requirement)
    return {name for name, _ in seen}


def environment(extra):
    """Variables for a process that sees only the packages of an extra ("": of none)."""
    kept = brought(extra) | {OURS, "pip", "setuptools"}
    hidden = [
        package
        for package, owners in packages_distributions().items()
        if kept.isdisjoint(map(canonicalize_name, owners))
    ]
    path = os.pathsep.join([str(MISSING), str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path, "HIDDEN_PACKAGES": " ".join(hidden)}
