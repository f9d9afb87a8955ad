"""The outputs of a request, put together from the batches that it was run in."""

import math

import numpy as np

from zoo.serving import limits
from zoo.serving.errors import too_large

_STRING_BYTES = 48  # that an object takes beside its letters, and the pointer to it


def size_of(arrays):
    """Bytes that a dict of arrays takes, with the strings that they point at."""
    return sum(
        sum(map(len, value.ravel())) + _STRING_BYTES * value.size
        if value.dtype == object
        else value.nbytes
        for value in arrays.values()
    )


def check_size(size):
    """Raises `RequestError` if an answer of so many bytes is too large."""
    if size > limits.ANSWER_BYTES:
        raise too_large(
            f"the answer would take {size} bytes or more; a request is given at most "
            f"{limits.ANSWER_BYTES}: ask for fewer rows at a time"
        )


class Answer:
    """What came back of the rows of a request.

    Rows that were run together have the same shape. Others may differ, as the lengths of texts do:
    `columns` fills them up, while `parts` are as they came.

    Args:
        rows: int, of the request.
        filled: whether it will be asked for its `columns`, whose size is then bounded, too.

    Attributes:
        parts: list of (numbers of rows, dict of arrays with these rows).
        size: int, bytes of all of them.
    """

    def __init__(self, rows, filled=True):
        self.rows = rows
        self.parts = []
        self._filled = filled
        self._left = rows
        self.size = 0
        self._widest = {}

    @property
    def is_whole(self):
        """Whether all rows are there."""
        return not self._left

    def put(self, rows, outputs):
        """Adds rows.

        Args:
            rows: list or array of int, their numbers.
            outputs: dict of arrays with these rows.

        Raises:
            RequestError: the answer grows over the limit.
        """
        self.parts.append((rows, outputs))
        self._left -= len(rows)
        self.size += size_of(outputs)
        for name, value in outputs.items():
            shape = value.shape[1:]
            self._widest[name] = tuple(map(max, shape, self._widest.get(name, shape)))
        check_size(max(self.size, self._filled_size() if self._filled else 0))

    def columns(self):
        """A dict of arrays with all rows, filled up with zeros or empty strings."""
        return {name: self._column(name) for name in self._widest}

    def _filled_size(self):
        outputs = self.parts[0][1]
        return sum(
            self.rows * math.prod(shape) * outputs[name].itemsize
            for name, shape in self._widest.items()
        )

    def _column(self, name):
        parts = [(rows, outputs[name]) for rows, outputs in self.parts]
        first = parts[0][1]
        filling = b"" if first.dtype == object else 0
        whole = np.full([self.rows, *self._widest[name]], filling, first.dtype)
        for rows, part in parts:
            whole[(rows, *map(slice, part.shape[1:]))] = part
        return whole
