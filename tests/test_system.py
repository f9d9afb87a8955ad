"""Files that are whole or absent, the folder for what can be made again, and the cores."""

import importlib
import os
import threading

import keras
import numpy as np
import pytest

from zoo.system import (
    cache_folder,
    cores,
    new_folder,
    put_folder,
    remove_unused,
    with_new_names,
    writing,
)
from zoo.training import Learner


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_whole_and_an_error_leaves_the_old_one(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with writing(path) as beside:
        beside.write_text("one")
        assert beside.suffix == ".txt" and not path.exists()
    with pytest.raises(RuntimeError), writing(path) as beside:
        beside.write_text("half")
        raise RuntimeError
    assert path.read_text() == "one" and names(path.parent) == ["a.txt"]


def test_many_threads_may_write_one_file(tmp_path):
    path, together = tmp_path / "a.txt", threading.Barrier(8)
    failures = []

    def write(i):
        try:
            with writing(path) as beside:
                beside.write_text(str(i) * 1000)
                together.wait()
        except OSError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=[i]) for i in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert failures == [] and names(tmp_path) == ["a.txt"]
    assert len(path.read_text()) == 1000 == path.read_text().count(path.read_text()[0])


@pytest.mark.parametrize("mask, mode", [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_are_those_of_a_file_that_is_written_in_place(mask, mode, tmp_path):
    before = os.umask(mask)
    try:
        with writing(tmp_path / "a") as beside:
            beside.write_bytes(b"")
        with new_folder(tmp_path) as folder:
            put_folder(folder, tmp_path / "b")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == mode
    assert (tmp_path / "b").stat().st_mode & 0o666 == mode


@pytest.mark.parametrize("replace", [True, False])
def test_a_folder_takes_the_place_of_another_or_leaves_it(replace, tmp_path):
    for text in ("old", "new"):
        with new_folder(tmp_path / "all") as folder:
            (folder / text).touch()
            put_folder(folder, tmp_path / "all" / "a", replace)
    assert names(tmp_path / "all") == ["a"]
    assert names(tmp_path / "all" / "a") == (["new"] if replace else ["old"])


def test_many_threads_may_put_one_folder(tmp_path):
    together, failures = threading.Barrier(8), []

    def put(i):
        try:
            for _ in range(20):
                with new_folder(tmp_path) as folder:
                    (folder / "a").write_text(str(i))
                    together.wait()
                    put_folder(folder, tmp_path / "b")
        except OSError as error:
            failures.append(error)
            together.abort()

    threads = [threading.Thread(target=put, args=[i]) for i in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert failures == [] and names(tmp_path) == ["b"] and names(tmp_path / "b") == ["a"]


def test_a_folder_does_not_take_the_place_of_a_file(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(OSError), new_folder(tmp_path) as folder:
        put_folder(folder, tmp_path / "a")
    assert names(tmp_path) == ["a"]


def test_only_folders_that_nothing_touched_for_long_are_removed(tmp_path):
    for name, age in (("old", 100), ("young", 5)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").touch()
        now = (tmp_path / name).stat().st_mtime
        os.utime(tmp_path / name, (now - age, now - age))
    remove_unused(tmp_path, 50, "other*")
    assert names(tmp_path) == ["old", "young"]
    remove_unused(tmp_path, 50)
    assert names(tmp_path) == ["young"]


def test_one_variable_names_the_place_of_all_caches(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("ZOO_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert cache_folder() == tmp_path / ".cache" / "attention-zoo"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_folder() == tmp_path / "x" / "attention-zoo"
    monkeypatch.setenv("ZOO_CACHE", "~/z")
    assert cache_folder() == tmp_path / "z"


@pytest.fixture
def computer(monkeypatch, tmp_path):
    """A system with 64 cores, of which control groups can be told to grant fewer."""
    monkeypatch.setattr("zoo.system.processors._ROOT", tmp_path)
    monkeypatch.setattr("zoo.system.processors._of_process", lambda: 64)

    def told(group, **files):
        (tmp_path / "proc/self").mkdir(parents=True, exist_ok=True)
        (tmp_path / "proc/self/cgroup").write_text(group)
        for name, text in files.items():
            path = tmp_path / "sys/fs/cgroup" / name.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return cores()

    return told


@pytest.mark.parametrize(
    "limit, number",
    [("max 100000", 64), ("200000 100000", 2), ("150000 100000", 2), ("1000 100000", 1)],
)
def test_the_limit_of_a_container_counts(limit, number, computer):
    assert computer("0::/\n", cpu_DOT_max=limit + "\n") == number


def test_the_tightest_of_nested_groups_counts(computer):
    files = {"a__cpu_DOT_max": "300000 100000\n", "a__b__cpu_DOT_max": "max 100000\n"}
    assert computer("0::/a/b\n", **files) == 3


def test_the_older_control_groups_count(computer):
    files = {"cpu_DOT_cfs_quota_us": "400000\n", "cpu_DOT_cfs_period_us": "100000\n"}
    files = {f"cpu,cpuacct__{name}": text for name, text in files.items()}
    assert computer("4:memory:/x\n3:cpu,cpuacct:/docker/1\n", **files) == 4


def test_without_control_groups_the_affinity_counts(computer):
    assert cores() == 64


def test_cores_are_those_that_this_process_may_use(monkeypatch):
    monkeypatch.delattr(os, "process_cpu_count", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    assert cores() == 1


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("zoo.decoding", "banned", "suppress_tokens"),
        ("zoo.decoding", "forced", "force_tokens"),
        ("zoo.decoding", "template", "allowed_tokens"),
        ("zoo.data", "SOURCES", "DATASETS"),
        ("zoo.training", "divergence", "symmetric_kl"),
        ("zoo.training", "SequenceLearner", "Learner"),
    ],
)
def test_an_old_name_works_and_warns_of_the_new_one(module, old, new):
    module = importlib.import_module(module)
    with pytest.warns(DeprecationWarning, match=f"{old} is called .*{new} now"):
        assert getattr(module, old) is getattr(module, new)
    with pytest.raises(AttributeError, match="has no attribute 'nix'"):
        _ = module.nix


def test_an_old_argument_is_taken_by_its_new_name_but_not_beside_it():
    with pytest.warns(DeprecationWarning, match="consistency is called r_drop_alpha now"):
        found = with_new_names({"consistency": 2, "epochs": 1}, {"consistency": "r_drop_alpha"})
    assert found == {"r_drop_alpha": 2, "epochs": 1}
    with pytest.raises(TypeError, match="consistency is the old name of r_drop_alpha; got both"):
        with_new_names({"consistency": 2, "r_drop_alpha": 1}, {"consistency": "r_drop_alpha"})


def test_an_old_method_works_and_warns_where_it_is_called():
    grid = keras.Sequential([keras.layers.Input((2, 2, 3)), keras.layers.Identity()])
    learner = Learner(keras.layers.Identity(), encoder=grid)
    images = np.arange(12, dtype="float32").reshape(1, 2, 2, 3)
    with pytest.warns(DeprecationWarning, match="see is called encode_images now") as caught:
        old = learner.see(images)
    np.testing.assert_array_equal(old, learner.encode_images(images))
    assert caught[0].filename == __file__
