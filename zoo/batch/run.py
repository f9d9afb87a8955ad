"""Processes that answer shards. One that is killed is replaced, and its shard answered again."""

import contextlib
import multiprocessing
import os
import signal
from collections import Counter, deque
from multiprocessing.connection import wait

from zoo.batch.corpus import write_answers

TRIES = 3  # a shard that has ended so many processes is not tried again
_READY = "ready"


def answer_corpus(corpus, folder, open_answerer, workers, tell=lambda lines: None):
    """Answers the lines of a corpus that have no answers yet.

    Args:
        corpus: `zoo.batch.Corpus`.
        folder: path of its folder.
        open_answerer: `() -> zoo.batch.Answerer`, which can be pickled; called in each process, in
            the first one before the others begin, so that what it makes for all is made once.
        workers: how many processes.
        tell: called with how many lines more have been answered; fewer than 0 where a process was
            killed, whose lines will be answered again.

    Raises:
        ChildProcessError: processes ended again and again.
        ImportError, OSError, ValueError: as raised by `open_answerer`, or when answers are written.
    """
    shards, _ = corpus.remaining()
    if not shards:
        return
    crew = _Crew(corpus.missing(), (str(folder), open_answerer), tell)
    try:
        crew.work(min(workers, shards))
    finally:
        crew.close()


class _Worker:
    """A process and what it works at."""

    def __init__(self, arguments):
        context = multiprocessing.get_context("spawn")  # no thread or model of ours comes along
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, *arguments), daemon=True)
        self.process.start()
        theirs.close()  # so that its end is the end of the connection
        self.shard, self.answered = None, 0


class _Crew:
    def __init__(self, shards, arguments, tell):
        self._shards, self._again = shards, deque()
        self._arguments, self._tell = arguments, tell
        self._workers = {}  # connection -> _Worker
        self._is_prepared = False  # whether a first process has made what is made once
        self._lost = Counter()  # name of a shard, None for a start -> processes that ended in it

    def work(self, count):
        self._hire()
        while self._workers:
            for connection in wait(list(self._workers)):
                worker = self._workers[connection]
                try:
                    message = connection.recv()
                except (EOFError, OSError):
                    self._replace(worker)
                    continue
                if isinstance(message, Exception):
                    raise message
                if isinstance(message, int):
                    worker.answered += message
                    self._tell(message)
                    continue
                if message == _READY and not self._is_prepared:
                    self._is_prepared = True
                    for _ in range(count - 1):
                        self._hire()
                self._give(worker)

    def close(self):
        for worker in self._workers.values():
            worker.process.terminate()
            worker.process.join()

    def _hire(self):
        worker = _Worker(self._arguments)
        self._workers[worker.connection] = worker

    def _give(self, worker):
        """The next shard; a process for which there is none ends."""
        worker.answered = 0
        worker.shard = self._again.popleft() if self._again else next(self._shards, None)
        if worker.shard is None:
            self._dismiss(worker)
            return
        with contextlib.suppress(OSError):  # it was killed, which the next `recv` tells
            worker.connection.send(worker.shard)

    def _dismiss(self, worker):
        del self._workers[worker.connection]
        worker.connection.close()
        worker.process.join()

    def _replace(self, worker):
        """Another process for one that has ended, whose shard comes next."""
        self._dismiss(worker)
        shard = worker.shard
        name = shard and shard.name
        self._lost[name] += 1
        if self._lost[name] == TRIES:
            at = "before the model was read"
            if shard:
                at = f"at lines {shard.first + 1} to {shard.first + len(shard.lines)}"
            raise ChildProcessError(
                f"{TRIES} processes ended {at}, the last with exit code {worker.process.exitcode}."
            )
        if shard:
            self._tell(-worker.answered)
            self._again.append(shard)
        self._hire()


def _serve(connection, folder, open_answerer):
    """The life of a process: it answers the shards that come, until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started it
    for threads in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(threads, "1")  # there is a process for each core
    try:
        answerer = open_answerer()
        connection.send(_READY)
        while True:
            shard = connection.recv()
            answers = []
            for some in answerer(shard.lines, shard.first):
                answers += some
                connection.send(len(some))
            write_answers(folder, shard, answers)
            connection.send(shard.name)
    except (EOFError, BrokenPipeError):  # there are no more, or nobody is left to tell
        return
    except (ImportError, OSError, ValueError) as error:
        connection.send(error)
