"""`python -m zoo.training DIR`: runs a packed training; see `zoo.training.portable`."""

import argparse

from zoo.training.devices import distribute, ending_together
from zoo.training.portable import run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m zoo.training", description=run.__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("out", metavar="OUT", nargs="?")
    parser.add_argument("--distribute", action="store_true", help="on all devices")
    parser.add_argument(
        "--model-parallel",
        type=int,
        metavar="N",
        default=1,
        help="with --distribute: N devices share one model, each with a part of its matrices",
    )
    options = parser.parse_args()
    if options.model_parallel != 1 and not options.distribute:
        parser.error("--model-parallel needs --distribute.")
    with ending_together():
        if options.distribute:
            distribute(options.model_parallel)
        run(options.folder, options.out)
