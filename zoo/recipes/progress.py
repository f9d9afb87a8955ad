"""What a training says: a bar on a terminal, a line an interval elsewhere."""

import sys
import time

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

_PAUSE = 0.5  # seconds between two looks at the loss, which waits for the step


class TrainingProgress(keras.callbacks.Callback):
    """Shows steps, loss, learning rate and the time that is left, on standard output.

    Args:
        steps: number of batches of the whole training.
        done: number of batches that lie behind it.
    """

    def __init__(self, steps, done=0):
        super().__init__()
        self._steps, self._done, self._first = steps, done, done
        self._bar = self._task = None
        self._shown = 0.0

    def on_train_begin(self, logs=None):
        self._began = time.monotonic()
        if sys.stdout.isatty():
            columns = TextColumn("{task.completed:,} of {task.total:,} steps"), BarColumn()
            columns += TextColumn("{task.description}"), TimeRemainingColumn()
            self._bar = Progress(*columns, console=Console())
            self._task = self._bar.add_task("", total=self._steps, completed=self._done)
            self._bar.start()

    def on_train_batch_end(self, batch, logs=None):
        self._done += 1
        if self._bar and time.monotonic() - self._shown > _PAUSE:
            self._shown = time.monotonic()
            text = f"loss {float(logs['loss']):.3f}, rate {self._rate():.2g}, left:"
            self._bar.update(self._task, completed=self._done, description=text)

    def on_epoch_end(self, epoch, logs=None):
        spent = time.monotonic() - self._began
        left = spent / max(1, self._done - self._first) * (self._steps - self._done)
        valid = f", validation loss {logs['val_loss']:.3f}" if "val_loss" in logs else ""
        line = (
            f"{self._done:,} of {self._steps:,} steps: loss {logs['loss']:.3f}{valid}, "
            f"rate {self._rate():.2g}, {_minutes(spent)} spent, {_minutes(left)} left"
        )
        if self._bar:
            self._bar.update(self._task, completed=self._done)
            self._bar.console.print(line, highlight=False)
        else:
            print(line, flush=True)

    def on_train_end(self, logs=None):
        self.close()

    def close(self):
        """Leaves the terminal as it was, also after an error."""
        if self._bar:
            self._bar.stop()

    def _rate(self):
        return float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))


def _minutes(seconds):
    return f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.0f} s"
