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
@pytest.mark.parametrize("count", [2, 4])
def test_processes_train_as_one_also_when_one_was_killed(count, tmp_path):
    pytest.importorskip("jax")
    pack(tmp_path / "packed", steps=9)
    (alone,) = start(tmp_path / "packed", tmp_path / "one", 1)
    assert alone.wait() == 0, alone.stderr.read()[-2000:]
    first, *_, last = processes = start(tmp_path / "packed", tmp_path / "more", count)
    while first.poll() is None and not (tmp_path / "more" / "checkpoint.npz").exists():
        time.sleep(0.02)
    last.send_signal(signal.SIGKILL)
    for process in processes[:-1]:
        assert process.wait() == 1  # and waits for nobody
        assert "a process of this training has ended" in process.stderr.read()
    for process in start(tmp_path / "packed", tmp_path / "more", count):
        assert process.wait() == 0, process.stderr.read()[-2000:]
    found = {row[0]: row for row in losses(tmp_path / "more")}  # the last of an interval
    np.testing.assert_allclose(list(found.values()), losses(tmp_path / "one"), atol=1e-4)


def on_devices(count, model_parallel, then):
    """Runs a line of code in a process of its own, on JAX with several devices."""
    code = (
        "from zoo.models import Transformer\n"
        "from zoo.training import devices, portable\n"
        f"devices.distribute({model_parallel})\n{then}"
    )
    flags = f"--xla_force_host_platform_device_count={count}"
    quiet = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | quiet,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_devices_that_share_a_model_train_as_one_does(tmp_path):
    pytest.importorskip("jax")
    pack(tmp_path / "packed", steps=6)
    for name, count, model_parallel in (("one", 1, 1), ("shared", 4, 2), ("all", 2, 2)):
        folders = str(tmp_path / "packed"), str(tmp_path / name)
        done = on_devices(
            count, model_parallel, f"portable.run(*{folders!r}, 'float32', verbose=0)"
        )
        assert done.returncode == 0, done.stderr[-2000:]
        np.testing.assert_allclose(
            losses(tmp_path / name), losses(tmp_path / "one"), atol=1e-4, err_msg=name
        )


@pytest.mark.slow
def test_the_large_matrices_are_cut_among_the_devices_that_share_a_model():
    pytest.importorskip("jax")
    done = on_devices(
        4,
        2,
        "model = Transformer(9, 9, 1, 1, 16, 2, 32); model.build()\n"
        "for w in model.weights:\n"
        "    print(w.path.split('/', 2)[-1], w.value.addressable_shards[0].data.shape)",
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = set(done.stdout.splitlines())
    assert {
        "memory_attention/query/kernel (16, 8)",
        "self_attention/value/bias (8,)",
        "attention/output/kernel (8, 16)",
        "feed_forward/inner/kernel (16, 16)",
        "feed_forward/outer/kernel (16, 16)",
        "table (9, 16)",
        "feed_forward/outer/bias (16,)",
    } <= found, found


@pytest.mark.slow
def test_a_number_of_devices_that_does_not_fit_is_named():
    pytest.importorskip("jax")
    done = on_devices(2, 3, "")
    assert "divide the number of devices of one; got model_parallel=3 with 1" in done.stderr
