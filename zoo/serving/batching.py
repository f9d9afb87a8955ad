"""Requests of many clients, run together."""

import asyncio
import collections
import concurrent.futures

import numpy as np

from zoo.serving.errors import RequestError

_MOST_WAITING = 100_000  # rows; more is refused
_SHORT = 32  # bytes; below this, the length of a text does not matter


class Batcher:
    """Runs requests on a few threads, and those that wait for a thread as one batch.

    A request that finds a thread free does not wait. While all are busy, requests gather, and the
    next free thread takes up to `max_rows` rows of them: the oldest, and those whose texts are the
    nearest in length, at most twice as long and at least half, since a batch takes the time of its
    longest row. A request of more rows takes its turn with the others.

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
        self._pool = concurrent.futures.ThreadPoolExecutor(threads, "zoo-batch")
        self._waiting = collections.deque()
        self._running = set()

    @property
    def waiting_rows(self):
        """Rows that no thread has taken yet."""
        return sum(job.left for job in self._waiting)

    async def run(self, function, inputs):
        """Runs `function` on inputs, perhaps together with those of others.

        Args:
            function: dict of arrays -> dict of arrays, all with the batch first.
            inputs: dict of arrays (B, ...), B at least 1.

        Returns:
            A dict of arrays (B, ...). Where rows come from several batches and differ in another
            axis, they are filled up with zeros or empty strings.

        Raises:
            RequestError: the function failed on these inputs, or too many rows wait.
        """
        job = _Job(function, inputs)
        if self.waiting_rows + job.left > _MOST_WAITING:
            raise RequestError("UNAVAILABLE", f"more than {_MOST_WAITING} rows wait; try later")
        self._waiting.append(job)
        self._start()
        try:
            return await job.answer
        finally:  # of a client that went away nothing more is run
            if job in self._waiting:
                self._waiting.remove(job)

    def close(self):
        """Waits for the running batches, and takes no more."""
        self._pool.shutdown(cancel_futures=True)

    def _start(self):
        while self._waiting and len(self._running) < self.threads:
            task = asyncio.ensure_future(self._run_batch(self._take()))
            self._running.add(task)
            task.add_done_callback(self._finished)

    def _finished(self, task):
        self._running.discard(task)
        self._start()

    def _take(self):
        """The next batch: list of (job, rows), all of one function."""
        oldest, room, parts = self._waiting[0], self.max_rows, []
        size, low, high = oldest.size, oldest.size / 2, oldest.size * 2
        fitting = [
            job
            for job in self._waiting
            if job.function is oldest.function and low <= job.size <= high
        ]
        for job in sorted(fitting, key=lambda job: abs(job.size - size)):
            if not room:
                break
            rows = job.take(room, high)
            parts.append((job, rows))
            room -= len(rows)
            self._waiting.remove(job)
            if job.left:
                self._waiting.append(job)  # behind the others
            if not self.merge:
                break
        return parts

    async def _run_batch(self, parts):
        try:
            await self._run_together(parts)
        except RequestError as error:
            if len(parts) == 1:
                parts[0][0].fail(error)
                return
            for part in parts:  # only those that are at fault themselves fail
                await self._run_batch([part])
        except Exception as error:  # a fault of ours must not leave a client without an answer
            for job, _ in parts:
                job.fail(error)

    async def _run_together(self, parts):
        names = parts[0][0].inputs
        inputs = {
            name: np.concatenate([job.inputs[name][rows] for job, rows in parts]) for name in names
        }
        self.observe(sum(len(rows) for _, rows in parts))
        loop = asyncio.get_running_loop()
        outputs = await loop.run_in_executor(self._pool, parts[0][0].function, inputs)
        start = 0
        for job, rows in parts:
            part = slice(start, start + len(rows))
            job.put(rows, {name: value[part] for name, value in outputs.items()})
            start += len(rows)


class _Job:
    """A request: what of it has been taken, and what came back."""

    def __init__(self, function, inputs):
        self.function = function
        self.inputs = inputs
        self.rows = len(next(iter(inputs.values())))
        self.answer = asyncio.get_running_loop().create_future()
        self._sizes = self._row_sizes()
        self._order = np.argsort(self._sizes, kind="stable")
        self._next = 0
        self._parts = []

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
        self._parts.append((rows, outputs))
        if sum(len(rows) for rows, _ in self._parts) == self.rows and not self.answer.done():
            self.answer.set_result({name: self._merged(name) for name in outputs})

    def fail(self, error):
        self._next = self.rows
        if not self.answer.done():
            self.answer.set_exception(error)

    def _row_sizes(self):
        """Bytes of the text of each row; all short texts are alike, as are rows without a text."""
        for name, value in self.inputs.items():
            if value.dtype == object and not name.endswith("_bytes"):
                return np.array([max(len(text), _SHORT) for text in value.ravel()])
        return np.full(self.rows, _SHORT)

    def _merged(self, name):
        parts = [(rows, outputs[name]) for rows, outputs in self._parts]
        shape = np.max([part.shape[1:] for _, part in parts], axis=0, initial=0).astype(int)
        first = parts[0][1]
        filling = b"" if first.dtype == object else 0
        whole = np.full([self.rows, *shape], filling, first.dtype)
        for rows, part in parts:
            whole[(rows, *map(slice, part.shape[1:]))] = part
        return whole
