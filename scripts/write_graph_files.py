"""Writes the graph files beside the shipped models, of which LiteRT files are made at a first use.

    python scripts/write_graph_files.py [NAME ...]

Run it when a model, its decoding or its search has changed: a graph file of another model file is
not read, and `tests/test_graph_files.py` names those that are missing. A translator gets one in
float32, too, for `zoo translate`. Where most weights of a model do not stand in its LiteRT file as
they are, as in convolutions that norms were folded into, its graph file would be half a model, and
is left out.
"""

import sys
import tempfile
from pathlib import Path

from zoo import registry
from zoo.serving import graph_file, litert

LARGEST = 100_000  # bytes of a graph file


def main(names):
    for info in registry.models():
        if names and info.name not in names or info.task == "ranking":
            continue
        kinds = ("int8", "float32") if info.task == "translation" else ("int8",)
        model = registry.load(info.name)
        for weights in kinds:
            with tempfile.TemporaryDirectory() as folder:
                litert.write_files(model, Path(folder), weights)
                path = graph_file.write(info.path, weights, Path(folder))
            size = path.stat().st_size
            if size > LARGEST:
                path.unlink()
            print(f"{path} {size}{' left out' if size > LARGEST else ''}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
