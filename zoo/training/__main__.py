"""`python -m zoo.training DIR`: runs a packed training; see `zoo.training.portable`."""

import sys

from zoo.training.portable import run

if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit("usage: python -m zoo.training DIR [OUT]")
    run(*sys.argv[1:])
