"""Standard error for our own lines."""

import contextlib
import gc
import os
import sys

from zoo import registry


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


def returning_memory():
    """TensorFlow gives memory back that it no longer uses, where it is not imported yet.

    Its own pool keeps all that was ever needed at a time, such as the random numbers of weights
    that are read from a file next. It is faster for a service, and to no use for one pass.
    """
    if "tensorflow" not in sys.modules:
        os.environ.setdefault("TF_ONEDNN_USE_SYSTEM_ALLOCATOR", "1")


def load_quietly(name, task, fast=False):
    """`zoo.load`, as fast as it can be, and without a word."""
    return _quietly(registry.load, name, task, fast)


def load_exact_quietly(name, task):
    """`zoo.registry.load_exact`, likewise."""
    return _quietly(registry.load_exact, name, task)


def _quietly(load, *arguments):
    gc.disable()  # what is loaded stays; to look through it for garbage delays the first answer
    try:
        with quiet():
            return load(*arguments)
    finally:
        gc.enable()
