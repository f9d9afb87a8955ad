"""Runs Python files one after another, each in a child of a process that has imported TensorFlow.

To import TensorFlow, Keras and matplotlib takes three seconds, and every notebook does it first.
Here it is done once, and each file begins in a copy of that process (`fork`), with nothing that
another file has left. A line of standard input is a JSON list, the file and the folder to run it
in; a line of the answer is a JSON list, the exit status and what went to standard error.

`OPENBLAS_NUM_THREADS` must be 1: then the imports start no thread, and a fork is safe.
"""

import json
import os
import runpy
import sys
import tempfile
import traceback

import keras  # noqa: F401
import matplotlib.pyplot  # noqa: F401
import tensorflow  # noqa: F401


def run(source, folder):
    """The exit status of a file that is run in a folder, and its standard error."""
    with tempfile.TemporaryFile() as errors:
        child = os.fork()
        if child == 0:
            _run_and_end(source, folder, errors)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        errors.seek(0)
        return status, errors.read().decode("utf-8", "replace")


def _run_and_end(source, folder, errors):
    status = 1
    try:
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(0, 1)
        os.dup2(errors.fileno(), 2)
        runpy.run_path(source, run_name="__main__")
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not mix with the answers
    for line in sys.stdin:
        print(json.dumps(run(*json.loads(line))), file=answers, flush=True)
