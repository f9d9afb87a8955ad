"""Standard error for our own lines."""

import contextlib
import os
import sys


@contextlib.contextmanager
def quiet():
    """Drop all that is written to standard error, by native code too.

    TensorFlow logs some lines on import at every log level. Who sets `TF_CPP_MIN_LOG_LEVEL` below 3
    sees them. Errors are not lost: they are Python exceptions.
    """
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL") != "3":
        yield
        return
    sys.stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
