"""Several devices, of one process or of several, that share each batch of a packed training.

Every process makes the same batches and keeps its own rows, so that the batches, and the loss, are
those of one process, however many there are. Keras keeps the weights on each device and JAX adds up
the gradients (`keras.distribution.DataParallel`). Where a model is too large for that, the large
matrices of attention and of the feed-forward layers are cut among some of the devices
(`keras.distribution.ModelParallel`).
"""

import contextlib
import dataclasses
import os
import sys
import traceback

import keras
import numpy as np

# Heads, and what is between the two layers at a position, lie on one device each: of what leads
# there the columns are cut, of what leads back the rows.
_CUT = {
    r".*/(query|key|value|inner|gate)/kernel": (None, "model"),
    r".*/(query|key|value|inner|gate)/bias": ("model",),
    r".*attention/output/kernel": ("model", None),
    r".*/outer/kernel": ("model", None),
}
_COUNT = "KERAS_DISTRIBUTION_NUM_PROCESSES"


def distribute(model_parallel=1):
    """Shares what follows among all devices; to be called before anything is computed.

    The processes find each other by the variables of `keras.distribution.initialize`, which are
    `KERAS_DISTRIBUTION_JOB_ADDRESSES` (`host:port` of process 0), `_NUM_PROCESSES` and
    `_PROCESS_ID`. Without them there is one.

    Args:
        model_parallel: int, the devices that share one model, of which each has a part of its large
            matrices. Above 1 there is one process, the devices are a multiple of it, and so are
            the widths of the model's heads together and of its feed-forward layers.

    Raises:
        ValueError: the backend of Keras is not JAX; a number of devices that does not fit.

    Reference:
        Shoeybi et al. 2019, Megatron-LM, section 3 (how the matrices are cut).
    """
    if keras.backend.backend() != "jax":
        raise ValueError(
            "distribute needs the backend JAX, KERAS_BACKEND=jax; "
            f"got KERAS_BACKEND={keras.backend.backend()}."
        )
    processes = int(os.environ.get(_COUNT, "1"))
    if model_parallel == 1:
        if processes > 1:
            keras.distribution.initialize()
        parallel = keras.distribution.DataParallel(auto_shard_dataset=False)
    else:
        parallel = _model_parallel(model_parallel, processes)
    keras.distribution.set_distribution(parallel)


def _model_parallel(count, processes):
    devices = keras.distribution.list_devices()
    if processes > 1 or count < 1 or len(devices) % count:
        raise ValueError(
            "model_parallel must be 1 for several processes, and divide the number of devices of "
            f"one; got model_parallel={count} with {processes} process(es) and {len(devices)} "
            "device(s)."
        )
    shape = len(devices) // count, count
    mesh = keras.distribution.DeviceMesh(shape, ("batch", "model"), devices)
    layout = keras.distribution.LayoutMap(mesh)
    for path, axes in _CUT.items():
        layout[path] = axes
    return keras.distribution.ModelParallel(
        layout_map=layout, batch_dim_name="batch", auto_shard_dataset=False
    )


@contextlib.contextmanager
def ending_together():
    """Ends the process at once where an error is raised and there are others.

    These wait for it, or it waits for one that was killed: JAX would wait a minute more, and abort.
    """
    try:
        yield
    except Exception:
        if int(os.environ.get(_COUNT, "1")) == 1:
            raise
        traceback.print_exc()
        print(
            "zoo.training: error: a process of this training has ended, this one or another: start "
            "all of them again by the same command, which goes on from the last interval.",
            file=sys.stderr,
            flush=True,
        )
        os._exit(1)


@dataclasses.dataclass(frozen=True)
class Share:
    """What a process has of each batch.

    Attributes:
        devices: how many there are, of all processes.
        process: the number of this process.
        processes: how many there are, each with as many devices.
    """

    devices: int = 1
    process: int = 0
    processes: int = 1

    @classmethod
    def current(cls):
        """That of this process, after `distribute`; the whole batch without it."""
        if keras.distribution.distribution() is None:
            return cls()
        import jax

        devices = len(keras.distribution.list_devices())
        return cls(devices, jax.process_index(), jax.process_count())

    def rows(self, batch):
        """The rows of this process, of a batch filled up to a multiple of the devices.

        Args:
            batch: (inputs, next tokens, weights), all arrays with B rows, or with B·K where each
                of B images has K captions.

        Returns:
            The same; what fills it up are rows that are there, with weights of 0.
        """
        if self.devices == 1:
            return batch
        inputs, labels, weights = batch
        count = len(inputs["source"])
        filled = -(-count // self.devices) * self.devices
        weights = np.concatenate([weights, np.zeros_like(self._fill(weights, count, filled))])
        inputs = {name: self._filled(array, count, filled) for name, array in inputs.items()}
        found = inputs, self._filled(labels, count, filled), weights
        return keras.tree.map_structure(self._own, found)

    def _fill(self, array, count, filled):
        """As many rows more as are missing."""
        times = len(array) // count
        return np.resize(array, ((filled - count) * times, *array.shape[1:]))

    def _filled(self, array, count, filled):
        return np.concatenate([array, self._fill(array, count, filled)])

    def _own(self, array):
        size = len(array) // self.processes
        return array[self.process * size : (self.process + 1) * size]
