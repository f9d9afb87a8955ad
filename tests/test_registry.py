import json
import subprocess
import sys
import zipfile

import keras
import pytest

from zoo import registry

TRANSLATOR = {
    "class_name": "Translator",
    "config": {"model": {"module": "zoo.models.rnn", "class_name": "RNNSearch", "config": {}}},
}


@keras.saving.register_keras_serializable(package="test")
class Scale(keras.Model):
    """y = factor * x, with a trained factor: the smallest stand-in for a task model."""

    def build(self, input_shape):
        self.factor = self.add_weight(shape=(), name="factor")

    def call(self, x):
        return self.factor * x


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """ZOO_MODELS, a checkout and an installed package, all of them empty."""
    monkeypatch.setenv("ZOO_MODELS", str(tmp_path / "mine"))
    monkeypatch.setattr(registry, "__file__", str(tmp_path / "checkout" / "zoo" / "registry.py"))
    checkout = tmp_path / "checkout"
    package = tmp_path / "site" / registry.PACKAGE
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(package.parent)
    return tmp_path / "mine", checkout / "saved_models", package


def put(place, name, config=TRANSLATOR):
    path = place / name / "model.keras"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": keras.__version__}))
        archive.writestr("model.weights.h5", b"no weights")
    return path


def save_scale(path, factor):
    model = Scale()
    model.build((2, 3))
    model.factor.assign(factor)
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)


def test_zoo_models_goes_before_the_checkout_and_the_checkout_before_the_package(places):
    mine, checkout, package = places
    package_path = put(package, "a")
    assert registry.find("a") == package_path
    checkout_path = put(checkout, "a")
    assert registry.find("a") == checkout_path
    mine_path = put(mine, "a")
    assert registry.find("a") == mine_path


def test_models_of_all_places_are_listed_once_and_sorted(places):
    mine, checkout, package = places
    put(package, "b"), put(package, "c"), put(checkout, "a"), put(mine, "c")
    (checkout / "no_model").mkdir()
    assert [info.name for info in registry.models()] == ["a", "b", "c"]
    assert registry.models()[2].path == mine / "c" / "model.keras"


def test_listing_tells_task_architecture_size_and_quality(places):
    path = put(places[0], "translate_de_en_rnn")
    size = path.stat().st_size / 1e6
    expected = ("translate_de_en_rnn", "translation", "RNNSearch", size)
    (info,) = registry.models()
    assert (info.name, info.task, info.architecture, info.megabytes) == expected
    assert (info.parameters, info.quality) == (None, "")
    corpora = {"first": {"bleu": {"score": 34.56}}, "second": {"bleu": {"score": 9.0}}}
    metrics = json.dumps({"parameters": 7, "corpora": corpora})
    path.with_name("metrics.json").write_text(metrics, encoding="utf-8")
    (info,) = registry.models()
    assert (info.parameters, info.quality) == (7, "BLEU 34.6 on first")


def test_unknown_name_lists_the_models_and_the_near_miss(places):
    put(places[1], "translate_fr_de"), put(places[1], "other")
    message = (
        r"\(other, translate_fr_de\); got name='translate_frde'. Did you mean translate_fr_de\?"
    )
    with pytest.raises(ValueError, match=message):
        registry.find("translate_frde")
    with pytest.raises(ValueError, match=r"got name='zzz'\.$"):
        registry.find("zzz")


def test_file_and_folder_are_taken_in_place_of_a_name(places, tmp_path):
    path = put(tmp_path, "elsewhere")
    assert registry.find(path) == path
    assert registry.find(str(path.parent)) == path


@pytest.mark.parametrize("name", ["nowhere.keras", "some/folder", "../a"])
def test_missing_path_is_a_missing_file(name, places):
    put(places[0], "a")
    with pytest.raises(FileNotFoundError, match="got name="):
        registry.find(name)


def test_load_brings_back_the_weights(places, monkeypatch):
    monkeypatch.setitem(registry.TASKS, "Scale", "scaling")
    save_scale(places[0] / "scale" / "model.keras", 3.0)
    x = keras.ops.ones((2, 3))
    model = registry.load("scale", task="scaling")
    assert keras.ops.convert_to_numpy(model(x)).tolist() == [[3.0] * 3] * 2


def test_load_refuses_a_model_of_another_task(places):
    put(places[0], "a")
    with pytest.raises(ValueError, match="a model for captioning; got name='a', for translation"):
        registry.load("a", task="captioning")


@pytest.mark.parametrize(
    "keep", [0, 1, 100, 0.5, -1], ids=["empty", "1 byte", "100 bytes", "half", "all but 1"]
)
def test_truncated_file_is_one_error_that_names_it(places, monkeypatch, keep):
    monkeypatch.setitem(registry.TASKS, "Scale", "scaling")
    path = places[0] / "cut" / "model.keras"
    save_scale(path, 3.0)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep) if isinstance(keep, float) else keep])
    with pytest.raises(ValueError, match=r"cut.model\.keras must be a whole \.keras file"):
        registry.load("cut")


def test_file_with_broken_weights_is_one_error_that_names_it(places, monkeypatch):
    monkeypatch.setitem(registry.TASKS, "Scale", "scaling")
    whole = places[0] / "whole.keras"
    save_scale(whole, 3.0)
    with zipfile.ZipFile(whole) as archive:
        path = put(places[0], "bad", json.loads(archive.read("config.json")))
    with pytest.raises(ValueError, match=r"bad.model\.keras must be a whole"):
        registry.load(path)


@pytest.mark.parametrize(
    "config", [{"class_name": "Sequential", "config": {}}, [], {}, {"class_name": []}]
)
def test_foreign_file_is_one_error_that_names_it(places, config):
    put(places[0], "foreign", config)
    for use in (registry.models, lambda: registry.load("foreign")):
        with pytest.raises(ValueError, match=r"foreign.model\.keras must be a whole .* of the zoo"):
            use()


def test_damaged_metrics_are_one_error_that_names_the_file(places):
    put(places[0], "a").with_name("metrics.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"metrics\.json must be JSON"):
        registry.models()


def test_listing_imports_neither_keras_nor_tensorflow():
    code = (
        "import sys; from zoo import registry; registry.models();"
        "print({'keras', 'tensorflow', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
