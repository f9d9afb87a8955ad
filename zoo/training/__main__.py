"""`python -m zoo.training DIR`: runs a packed training; see `zoo.training.portable`."""

import sys

from zoo.training.devices import distribute, ending_together
from zoo.training.portable import run

if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--distribute"]
    if not 1 <= len(arguments) <= 2:
        sys.exit("usage: python -m zoo.training DIR [OUT] [--distribute]")
    with ending_together():
        if len(arguments) < len(sys.argv) - 1:
            distribute()
        run(*arguments)
