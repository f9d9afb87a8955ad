"""What is in saved_models/: whole, small enough, and giving the answers it was shipped with."""

import io
import json
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

import zoo
from zoo.evaluation import replay

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"
FOLDERS = sorted(path.parent for path in ROOT.glob("saved_models/*/model.keras"))
MIB = 2**20

none_yet = pytest.mark.skip(reason="saved_models/ holds no model")
shipped = pytest.mark.parametrize(
    "folder", FOLDERS or [pytest.param(None, marks=none_yet)], ids=lambda p: p.name if p else ""
)


def weights(path):
    """A line `path shape` for each weight of a `.keras` file, sorted."""
    lines = []

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            lines.append(f"{name} {' '.join(map(str, item.shape))}".rstrip())

    with zipfile.ZipFile(path) as archive:
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
            file.visititems(visit)
    return sorted(lines)


@shipped
def test_examples_are_answered_as_before(folder):
    assert replay(keras.models.load_model(folder / "model.keras"), folder) == []


@shipped
def test_weights_have_the_names_that_old_files_have(folder):
    golden = GOLDEN / f"{folder.name}.txt"
    assert weights(folder / "model.keras") == golden.read_text(encoding="utf-8").splitlines()


@shipped
def test_model_has_its_card_and_its_figures(folder):
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert card.startswith("#") or card.startswith("---")
    assert folder.name in card
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert not metrics["partial"]
    assert metrics["bytes"] == (folder / "model.keras").stat().st_size  # of this very file
    info = {info.name: info for info in zoo.models()}[folder.name]
    assert info.quality.endswith(f" on {next(iter(metrics['corpora']))}")


@shipped
def test_no_file_is_over_40_mib(folder):
    sizes = {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}
    assert {name: size for name, size in sizes.items() if size > 40 * MIB} == {}


def test_all_models_together_are_under_128_mib():
    files = [path for folder in FOLDERS for path in folder.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 128 * MIB


CHINESE = (
    "chat_zh",
    "classify_goods_zh",
    "classify_reviews_zh",
    "match_questions_zh",
    "translate_zh_en",
)
READERS = [path for path in FOLDERS if path.name in CHINESE]


@pytest.mark.parametrize(
    "folder", READERS or [pytest.param(None, marks=none_yet)], ids=lambda p: p.name if p else ""
)
def test_chinese_models_read_traditional_characters_as_simplified_ones(folder):
    model = keras.models.load_model(folder / "model.keras")
    vocabulary = getattr(model, "source_tokenizer", None) or model.tokenizer
    traditional = ["這家飯店的房間很乾淨。", "請問圖書館幾點關門？"]
    simplified = ["这家饭店的房间很干净。", "请问图书馆几点关门？"]
    assert vocabulary.encode(traditional) == vocabulary.encode(simplified)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Bonjour !", "Guten Tag!"),
        ("Je m'appelle Marie.", "Ich heiße Maria."),
        ("Où est la gare ?", "Wo ist der Bahnhof?"),
    ],
)
def test_what_a_person_types_first_comes_out_right(text, expected):
    assert zoo.load("translate_fr_de").generate(text) == expected


@pytest.mark.parametrize("name", ["caption_en", "caption_zh"])
def test_a_picture_of_nothing_has_an_empty_caption(name):
    colours = [(0, 0, 0), (255, 255, 255), (200, 30, 30), (40, 90, 200)]
    pictures = [np.full((224, 224, 3), colour, "uint8") for colour in colours]
    noise = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3)).astype("uint8")
    captioner = zoo.load(name)
    assert captioner.generate([*pictures, *noise]) == [""] * 6
    assert captioner.generate(str(ROOT / "examples/photos/cat.jpg"))
