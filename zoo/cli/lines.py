"""Lines of text in, lines of text out, in constant memory."""

import itertools
import os
import stat
import sys
from contextlib import nullcontext

BATCH = 256  # lines that are translated together; the translator sorts them by length


def read_lines(file):
    """Yield the lines of a binary file as str, without line ends; invalid UTF-8 becomes U+FFFD.

    A bar on standard error shows how much of a regular file has been read, where standard error is
    a terminal and standard output, which the bar would break up, is not.
    """
    with _progress(file) as lines:
        for line in lines:
            yield line.decode("utf-8", errors="replace").rstrip("\r\n")


def batches(lines, size):
    """Yield lists of `size` lines, the last one shorter."""
    lines = iter(lines)
    while batch := list(itertools.islice(lines, size)):
        yield batch


def write_lines(answers):
    """Write a line for each answer, or for each of a list of answers, and flush."""
    for answer in answers:
        for text in [answer] if isinstance(answer, str) else answer:
            # An answer is one line, whatever a model wrote.
            sys.stdout.write(text.replace("\r", " ").replace("\n", " ") + "\n")
    sys.stdout.flush()


def _progress(file):
    if not sys.stderr.isatty() or sys.stdout.isatty():
        return nullcontext(file)
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        return nullcontext(file)
    from rich.console import Console
    from rich.progress import wrap_file

    return wrap_file(file, status.st_size, description="reading", console=Console(stderr=True))
