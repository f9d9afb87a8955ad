"""What a LiteRT file computes, for lists of sources and by several threads."""

import math
import threading
from collections import defaultdict
from contextlib import contextmanager

import numpy as np

from zoo.system import advising, cores


def batch_rows(num_beams, weights):
    """How many sources are best searched together: a power of 2.

    With weights of 8 bits some 8 to 10 beams gain from it, and more do not, in float32 four times
    as many.
    """
    beams = {"int8": 10, "float32": 40}[weights]
    return 2 ** int(math.log2(max(1, beams / num_beams)))


def matrix(rows):
    """Lists of ids of one length -> int32 (B, S)."""
    return np.array(rows, "int32")


class LiteBatches:
    """Answers of a LiteRT file, such as the search of a translator.

    Sources of one size are a batch, so that none is padded and an answer does not depend on the
    others. The batches are shared by threads, each with a copy of the file's graph. A copy always
    gets the same number of rows: where it grows, XNNPACK (ai-edge-litert 2.3) now and then answers
    wrongly.

    Args:
        file: path of the LiteRT file, or its bytes.
        rows: the most sources of one size that are a batch, a power of 2.
        output: name of what is wanted of the file's outputs; or a tuple of names.
        num_threads: how many batches are answered at a time; None for as many as this process has
            cores, but at most 8. Callers in several threads take turns to keep to it.

    Raises:
        ValueError: `num_threads` is below 1.
        ImportError: ai-edge-litert is not installed.
    """

    def __init__(self, file, rows=1, num_threads=None, output="ids"):
        if num_threads is None:
            num_threads = min(cores(), 8)
        if num_threads < 1:
            raise ValueError(f"num_threads must be >= 1; got num_threads={num_threads}.")
        self._file, self._rows, self._num_threads = file, rows, num_threads
        self._output = output
        self._turns = threading.Semaphore(num_threads)
        self._copies = defaultdict(list)  # number of rows -> the copies that no thread uses
        self._copies[1].append(self._new_copy())

    def __call__(self, sources, size=len, pack=matrix, **inputs):
        """The answer to each source.

        Args:
            sources: list.
            size: `source -> int`.
            pack: `list of sources of one size -> array`; called by the thread that needs it.
            **inputs: the further inputs of the file, arrays with a value for each source.

        Returns:
            list of lists of int, or of float arrays, of which a list would take longer than the
            file to compute; of tuples of these, for several outputs. An error of one source ends it
            for all.
        """
        answers = [None] * len(sources)
        several = isinstance(self._output, tuple)
        names = self._output if several else (self._output,)

        def answer(batch):
            places, rows = batch
            filled = [*places, *places[:1] * (rows - len(places))]
            with self._copy(rows) as run:
                found = run(
                    source=pack([sources[i] for i in filled]),
                    **{name: values[filled] for name, values in inputs.items()},
                )
            for n, i in enumerate(places):  # what fills the batch is dropped
                rows = tuple(_plain(found[name][n]) for name in names)
                answers[i] = rows if several else rows[0]

        batches = self._batches(list(map(size, sources)))
        if min(self._num_threads, len(batches)) < 2:
            for batch in batches:
                answer(batch)
            return answers
        from concurrent.futures import ThreadPoolExecutor  # takes time, which one source has not

        with ThreadPoolExecutor(self._num_threads) as pool:
            list(pool.map(answer, batches))
        return answers

    def _batches(self, sizes):
        """A pair for each batch, those of large sources first: places of sources, number of rows.

        The rows are a power of 2, fewer where some threads would have nothing to do, and three
        quarters of them or more are sources.
        """
        most = self._rows
        while most > 1 and most * self._num_threads > len(sizes):
            most //= 2
        groups = defaultdict(list)
        for i, size in enumerate(sizes):
            groups[size].append(i)
        batches = []
        for size in sorted(groups, reverse=True):
            places, rows = groups[size], most
            while places:
                if len(places) >= 0.75 * rows:
                    batches.append((places[:rows], rows))
                    places = places[rows:]
                else:
                    rows //= 2
        return batches

    @contextmanager
    def _copy(self, rows):
        """A copy of the graph for this thread alone, for batches of so many rows."""
        copies = self._copies[rows]
        with self._turns:
            try:
                copy = copies.pop()
            except IndexError:
                copy = self._new_copy()
            try:
                yield copy
            finally:
                copies.append(copy)

    def _new_copy(self):
        with advising():
            from ai_edge_litert.interpreter import Interpreter
        content = isinstance(self._file, bytes)
        interpreter = Interpreter(
            **{"model_content" if content else "model_path": self._file}, num_threads=1
        )
        interpreter.allocate_tensors()  # here, where the runtime says what it does: once
        return interpreter.get_signature_runner()


def _plain(row):
    """The numbers of a row: of ids as list of int."""
    return row.tolist() if row.dtype.kind == "i" else row
