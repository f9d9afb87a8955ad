"""Requests of many clients, run together."""

import asyncio
import concurrent.futures
import logging

import numpy as np

from zoo.serving import limits
from zoo.serving.answers import Answer, check_size, size_of
from zoo.serving.errors import RequestError, internal

_LOG = logging.getLogger("uvicorn.error")

# Batches that are run together, in TF Serving and in `zoo serve`; batching.txt names them, too.
BATCH_SIZES = (1, 2, 4, 8, 16, 32)
_SHORT = 32  # bytes; below this, the length of a text does not matter


class Batcher:
    """Runs requests on a few threads, and those that wait for a thread as one batch.

    A request that finds a thread free does not wait. While all are busy, requests gather, and the
    next free thread takes up to `max_rows` rows of them: the oldest, and those of the same shape
    whose texts are the nearest in length, at most twice as long and at least half, since a batch
    takes the time of its longest row. A request of more rows takes its turn with the others.

    Args:
        threads: int, batches that run at the same time.
        max_rows: int, the most rows of a batch. Beam search gives the most answers a second at
            16 to 64: sources whose answers are found leave a batch.
        merge: whether requests share a batch. Without it each runs alone.
        observe: called with the rows of each batch.
    """

    def __init__(self, threads, max_rows=32, merge=True, observe=lambda rows: None):
        self.threads = threads
        self.max_rows = max_rows
        self.merge = merge
        self.observe = observe
        self.waiting_rows = 0  # that no thread has taken yet
        self._pool = concurrent.futures.ThreadPoolExecutor(threads, "zoo-batch")
        self._waiting = {}  # job -> its rows that wait; the oldest first
        self._running = set()

    async def run(self, function, inputs):
        """Runs `function` on inputs, perhaps together with those of others.

        Args:
            function: dict of arrays -> dict of arrays, all with the batch first.
            inputs: dict of arrays (B, ...), B at least 1.

        Returns:
            A dict of arrays (B, ...). Where rows come from several batches and differ in another
            axis, they are filled up with zeros or empty strings.

        Raises:
            RequestError: the function failed on these inputs, too many rows wait, or the answer is
                too large.
        """
        return (await self.answer(function, inputs)).columns()

    async def answer(self, function, inputs, filled=True):
        """As `run`, but gives the `Answer`; `filled`: whether its `columns` will be asked for."""
        job = _Job(function, inputs, filled)
        if self.waiting_rows + job.left > limits.ROWS:
            raise RequestError("UNAVAILABLE", f"more than {limits.ROWS} rows wait; try later")
        self._put(job)
        self._start()
        try:
            return await job.answer
        finally:  # of a client that went away, or whose rows failed, nothing more is run
            self._drop(job)

    async def run_alone(self, function, inputs):
        """Runs a function whose arrays have no batch in front; gives the dict that it gives."""
        loop = asyncio.get_running_loop()
        try:
            outputs = await loop.run_in_executor(self._pool, function, inputs)
            check_size(size_of(outputs))
        except Exception as error:
            raise _told(error) from error
        return outputs

    def close(self):
        """Waits for the running batches, and takes no more."""
        self._pool.shutdown(cancel_futures=True)

    def _put(self, job):
        self._waiting[job] = job.left
        self.waiting_rows += job.left

    def _drop(self, job):
        self.waiting_rows -= self._waiting.pop(job, 0)

    def _start(self):
        while self._waiting and len(self._running) < self.threads:
            task = asyncio.ensure_future(self._run_batch(self._take()))
            self._running.add(task)
            task.add_done_callback(self._finished)

    def _finished(self, task):
        self._running.discard(task)
        self._start()

    def _take(self):
        """The next batch: list of (job, rows), all of one function and of one shape."""
        oldest, room, parts = next(iter(self._waiting)), self.max_rows, []
        size, low, high = oldest.size, oldest.size / 2, oldest.size * 2
        fitting = [oldest]
        if self.merge:
            fitting = [
                job for job in self._waiting if job.kind == oldest.kind and low <= job.size <= high
            ]
            fitting.sort(key=lambda job: abs(job.size - size))
        for job in fitting:
            if not room:
                break
            rows = job.take(room, high)
            parts.append((job, rows))
            room -= len(rows)
            self._drop(job)
            if job.left:
                self._put(job)  # behind the others
        return parts

    async def _run_batch(self, parts):
        try:
            await self._run_together(parts)
        except Exception as error:
            if len(parts) > 1:
                for part in parts:  # only those that are at fault themselves fail
                    await self._run_batch([part])
                return
            job, _ = parts[0]
            self._drop(job)
            job.fail(_told(error))

    async def _run_together(self, parts):
        names = parts[0][0].inputs
        inputs = {
            name: np.concatenate([job.inputs[name][rows] for job, rows in parts]) for name in names
        }
        count = sum(len(rows) for _, rows in parts)
        self.observe(count)
        loop = asyncio.get_running_loop()
        outputs = await loop.run_in_executor(self._pool, parts[0][0].function, inputs)
        for name, value in outputs.items():
            if value.shape[:1] != (count,):
                raise RequestError(
                    "FAILED_PRECONDITION",
                    f"output {name} must have a row for each of {count}; got {value.shape}",
                )
        start = 0
        for job, rows in parts:
            part = slice(start, start + len(rows))
            start += len(rows)
            try:
                job.put(rows, {name: value[part] for name, value in outputs.items()})
            except RequestError as error:  # its answer is too large
                self._drop(job)
                job.fail(error)


class _Job:
    """A request: what of it has been taken, and what came back.

    Attributes:
        kind: what jobs of one batch have in common: the function, and the shapes of a row.
    """

    def __init__(self, function, inputs, filled):
        self.function = function
        self.inputs = inputs
        self.kind = function, tuple(value.shape[1:] for value in inputs.values())
        self.rows = len(next(iter(inputs.values())))
        self.answer = asyncio.get_running_loop().create_future()
        self._sizes = self._row_sizes()
        self._order = np.argsort(self._sizes, kind="stable")
        self._next = 0
        self._answer = Answer(self.rows, filled)

    @property
    def left(self):
        return self.rows - self._next

    @property
    def size(self):
        """Of the smallest row that is left."""
        return self._sizes[self._order[self._next]]

    def take(self, most, largest):
        rows = self._order[self._next : self._next + most]
        rows = rows[self._sizes[rows] <= largest]
        self._next += len(rows)
        return rows

    def put(self, rows, outputs):
        if self.answer.done():  # it failed, or the client went away
            return
        self._answer.put(rows, outputs)
        if self._answer.is_whole:
            self.answer.set_result(self._answer)

    def fail(self, error):
        if not self.answer.done():
            self.answer.set_exception(error)

    def _row_sizes(self):
        """Bytes of the texts of each row; all short texts are alike, as are rows without a text."""
        sizes = np.zeros(self.rows, np.int64)
        for name, value in self.inputs.items():
            if value.dtype == object and not name.endswith("_bytes"):
                lengths = np.fromiter(map(len, value.ravel()), np.int64, value.size)
                sizes += lengths.reshape(self.rows, -1).sum(axis=1)
        return np.maximum(sizes, _SHORT)


def _told(error):
    """What the client is told of an error."""
    if isinstance(error, RequestError):
        return error
    _LOG.error("a request failed", exc_info=error)
    return internal()
