"""What answers lines in a process of its own, without a model."""

import os
import signal
from pathlib import Path


class Capitals:
    """Answers in capitals; some lines do what breaks a run.

    Args:
        folder: where it notes which shards it was asked, a file for each try.
        always: whether `die` ends the process each time; otherwise only the first time.
    """

    def __init__(self, folder, always=False):
        self._folder, self._always = Path(folder), always

    def __call__(self, lines, first=0):
        for tried in range(9):
            note = self._folder / f"{first}.{tried}"
            if not note.exists():
                break
        note.touch()
        for at in range(0, len(lines), 2):
            if "die" in lines[at : at + 2] and (self._always or not tried):
                os.kill(os.getpid(), signal.SIGKILL)
            yield [self._answered(line) for line in lines[at : at + 2]]

    def _answered(self, line):
        return ("", "ValueError: a bad line") if line == "bad" else (line.upper(), None)


def no_model(message):
    raise FileNotFoundError(message)
