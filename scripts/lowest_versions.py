"""The lowest version that setup.cfg admits of each package, as constraints for pip.

A test of the bounds: `python scripts/lowest_versions.py > lowest.txt`, then in an environment of
its own `pip install -c lowest.txt -e '.[tests]'` and `python -m pytest -m "not slow"`.
"""

import configparser
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent


def lowest(config):
    """Requirements of all extras -> "name==version" of those that this Python would install."""
    extras = config["options.extras_require"]
    lines = "\n".join([config["options"]["install_requires"], *extras.values()]).split("\n")
    for requirement in map(Requirement, filter(None, map(str.strip, lines))):
        marker = requirement.marker
        for bound in requirement.specifier:
            if bound.operator == ">=" and (marker is None or marker.evaluate()):
                yield f"{requirement.name}=={bound.version}"


if __name__ == "__main__":
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    print(*sorted(set(lowest(setup))), sep="\n")
