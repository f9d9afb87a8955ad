"""A packed training is the same on several devices, and after it was stopped."""

import csv
import os
import signal
import socket
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
from conftest import ROOT
from test_portable_training import NUMBERS, text_pairs, tiny, tokenizer

from zoo.training import portable
from zoo.training.devices import Share, distribute

pytestmark = pytest.mark.model


def pack(folder, steps):
    """A training of intervals of three steps, whose batches have 21 rows."""
    words = tokenizer()
    numbers = {**NUMBERS, "widths": (12,), "batch_tokens": 252, "interval": 3}
    portable.pack(
        folder,
        model=tiny(words.vocab_size, dropout=0.1),
        stages=[{"steps": steps, "optimizer": keras.optimizers.Adam(0.01)}],
        train=text_pairs() * 3,
        valid=text_pairs()[:20],
        tokenizers=[words],
        **numbers,
    )


def losses(folder):
    with open(folder / "log.csv", newline="") as file:
        return [[float(value) for value in row.values()] for row in csv.DictReader(file)]


def test_each_process_has_its_rows_and_what_fills_a_batch_up_weighs_nothing():
    source, target = np.arange(10).reshape(5, 2), np.arange(30).reshape(10, 3)  # 2 captions each
    batch = {"source": source, "target": target}, target, np.ones((10, 3), "float32")
    parts = [Share(4, process, 2).rows(batch) for process in range(2)]
    assert [len(part[0]["source"]) for part in parts] == [4, 4]
    inputs = np.concatenate([part[0]["target"] for part in parts])
    weights = np.concatenate([part[2] for part in parts])
    assert np.array_equal(inputs[:10], target) and len(inputs) == 16
    assert weights[:10].all() and not weights[10:].any()
    assert Share().rows(batch) is batch


def test_only_jax_shares_batches():
    with pytest.raises(ValueError, match="distribute needs the backend JAX.*KERAS_BACKEND=tensorf"):
        distribute()


def test_a_stopped_training_goes_on_as_if_it_had_not_been(tmp_path, monkeypatch):
    pack(tmp_path, steps=6)
    write, saved = portable._save_weights, []

    def stop_at_the_second(path, model):
        saved.append(path)
        if len(saved) == 2:
            raise KeyboardInterrupt
        write(path, model)

    monkeypatch.setattr(portable, "_save_weights", stop_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        portable.run(tmp_path, policy="float32", verbose=0)
    assert (tmp_path / "checkpoint.npz").exists()
    portable.run(tmp_path, policy="float32", verbose=0)
    assert not (tmp_path / "checkpoint.npz").exists()
    rows = losses(tmp_path)
    assert [row[0] for row in rows] == [0, 1, 1]  # the second interval was logged, but not kept
    np.testing.assert_allclose(rows[2], rows[1], atol=1e-4)
    assert rows[1][1] < rows[0][1]


def start(folder, out, processes):
    """The processes of a training on JAX, each with one device."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    code = (
        "from zoo.training import devices, portable\n"
        "with devices.ending_together():\n"
        "    devices.distribute()\n"
        f"    portable.run({str(folder)!r}, {str(out)!r}, 'float32', verbose=0)"
    )
    quiet = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": ""}
    place = {
        "KERAS_DISTRIBUTION_JOB_ADDRESSES": address,
        "KERAS_DISTRIBUTION_NUM_PROCESSES": str(processes),
    }
    return [
        subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=os.environ | quiet | place | {"KERAS_DISTRIBUTION_PROCESS_ID": str(process)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for process in range(processes)
    ]


@pytest.mark.slow
def test_two_processes_train_as_one_also_when_one_was_killed(tmp_path):
    pytest.importorskip("jax")
    pack(tmp_path / "packed", steps=9)
    (alone,) = start(tmp_path / "packed", tmp_path / "one", 1)
    assert alone.wait() == 0, alone.stderr.read()[-2000:]
    first, second = start(tmp_path / "packed", tmp_path / "two", 2)
    while first.poll() is None and not (tmp_path / "two" / "checkpoint.npz").exists():
        time.sleep(0.02)
    second.send_signal(signal.SIGKILL)
    assert first.wait() == 1  # and waits for nobody
    assert "a process of this training has ended" in first.stderr.read()
    for process in start(tmp_path / "packed", tmp_path / "two", 2):
        assert process.wait() == 0, process.stderr.read()[-2000:]
    found = {row[0]: row for row in losses(tmp_path / "two")}  # the last of an interval
    np.testing.assert_allclose(list(found.values()), losses(tmp_path / "one"), atol=1e-4)
