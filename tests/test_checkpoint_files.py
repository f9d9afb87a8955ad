"""The files in which a public checkpoint holds its weights: one or several, of several kinds."""

import json
import shutil

import numpy as np
import pytest
from conftest import ROOT

from zoo.pretrained.checkpoint import PICKLED, SAFE, Checkpoint

pytest.importorskip("safetensors")
from safetensors.numpy import load_file, save_file  # noqa: E402

MARIAN = ROOT / "tests" / "checkpoints" / "marian"
WEIGHTS = load_file(MARIAN / SAFE)
TABLE = "model.shared.weight"


def folder_without_weights(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    shutil.copy(MARIAN / "config.json", folder)
    return folder


def in_parts(folder, name, save):
    """Writes the weights as two files and an index."""
    names = sorted(WEIGHTS)
    stem, _, suffix = name.partition(".")
    parts = {}
    for i, some in enumerate((names[:9], names[9:])):
        part = f"{stem}-{i + 1:05}-of-00002.{suffix}"
        save({key: WEIGHTS[key] for key in some}, folder / part)
        parts |= dict.fromkeys(some, part)
    index = {"metadata": {"total_size": 1}, "weight_map": parts}
    (folder / f"{name}.index.json").write_text(json.dumps(index), "utf-8")
    return sorted(set(parts.values()))


def assert_all_are_read(folder, dtype=None):
    checkpoint = Checkpoint(folder)
    for name, theirs in WEIGHTS.items():
        expected = theirs if dtype is None else theirs.astype(dtype).astype("float32")
        found = checkpoint.weight(name, shape=theirs.shape)
        np.testing.assert_array_equal(found.astype("float32"), expected)
    checkpoint.finish()
    table = WEIGHTS[TABLE].astype(dtype or "float32").astype("float32")
    order = [3, 0, 3, *range(5, len(table)), *[1] * 5]
    parts = checkpoint.rows(TABLE, shape=table.shape, order=order)
    places, found = zip(*parts, strict=True)
    assert len(found) == -(-len(order) // 7)
    np.testing.assert_array_equal(np.concatenate(found).astype("float32"), table[order])
    assert [i for place in places for i in range(len(order))[place]] == list(range(len(order)))


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch):
    monkeypatch.setattr("zoo.pretrained.checkpoint._ROWS", 7)
    monkeypatch.setattr("zoo.pretrained.checkpoint._GAP", 2)


def torch_saver(**options):
    torch = pytest.importorskip("torch")

    def save(weights, file):
        tensors = {name: torch.nn.Parameter(torch.tensor(x)) for name, x in weights.items()}
        torch.save(tensors, file, **options)

    return save


def test_safetensors_are_read_from_several_files(tmp_path):
    folder = folder_without_weights(tmp_path)
    in_parts(folder, SAFE, save_file)
    assert_all_are_read(folder)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_read(dtype, tmp_path):
    dtype = np.dtype("float16" if dtype == "float16" else pytest.importorskip("ml_dtypes").bfloat16)
    folder = folder_without_weights(tmp_path)
    save_file({name: x.astype(dtype) for name, x in WEIGHTS.items()}, folder / SAFE)
    assert_all_are_read(folder, dtype)


@pytest.mark.parametrize("zipped", [True, False])
def test_file_of_torch_is_read(zipped, tmp_path):
    folder = folder_without_weights(tmp_path)
    torch_saver(_use_new_zipfile_serialization=zipped)(WEIGHTS, folder / PICKLED)
    assert_all_are_read(folder)


def test_several_files_of_torch_are_read(tmp_path):
    folder = folder_without_weights(tmp_path)
    in_parts(folder, PICKLED, torch_saver())
    assert_all_are_read(folder)


def test_code_in_a_file_of_torch_is_not_run(tmp_path):
    torch_saver()  # or skip
    folder = folder_without_weights(tmp_path)
    (folder / PICKLED).write_bytes(b"cos\nmkdir\n(V" + str(tmp_path / "ran").encode() + b"\ntR.")
    with pytest.raises(ValueError, match=f"{PICKLED} must be the weights of a torch model"):
        assert_all_are_read(folder)
    assert not (tmp_path / "ran").exists()


def test_something_else_in_a_file_of_torch_is_an_error(tmp_path):
    torch_saver()({}, tmp_path / "x")
    import torch

    folder = folder_without_weights(tmp_path)
    torch.save([1, 2], folder / PICKLED)
    with pytest.raises(ValueError, match="must hold a dict of names to tensors; got list"):
        assert_all_are_read(folder)


def test_safetensors_are_read_rather_than_a_file_of_torch(tmp_path):
    folder = folder_without_weights(tmp_path)
    (folder / PICKLED).write_bytes(b"broken")
    shutil.copy(MARIAN / SAFE, folder)
    assert_all_are_read(folder)


def test_part_that_is_missing_is_named(tmp_path):
    folder = folder_without_weights(tmp_path)
    *_, last = in_parts(folder, SAFE, save_file)
    (folder / last).unlink()
    with pytest.raises(FileNotFoundError, match=last):
        assert_all_are_read(folder)


@pytest.mark.parametrize("parts", [None, ["a"], {"a": 3}, {"a": "../a.safetensors"}])
def test_index_that_names_no_files_is_an_error(parts, tmp_path):
    folder = folder_without_weights(tmp_path)
    index = folder / f"{SAFE}.index.json"
    index.write_text(json.dumps({"weight_map": parts}), "utf-8")
    with pytest.raises(ValueError, match="must have a weight_map of weights to files") as error:
        assert_all_are_read(folder)
    assert str(index) in str(error.value)


def test_weight_that_no_part_holds_is_named(tmp_path):
    folder = folder_without_weights(tmp_path)
    first, _ = in_parts(folder, SAFE, save_file)
    save_file({"another": np.zeros(1, "float32")}, folder / first)
    with pytest.raises(ValueError, match=r"index.json must have a weight .*, which is missing"):
        assert_all_are_read(folder)
