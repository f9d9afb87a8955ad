"""Graph files: LiteRT exports of shipped models without TensorFlow, and whether they are fresh."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT

pytest.importorskip("ai_edge_litert")
from zoo import registry  # noqa: E402
from zoo.lite.readers import LiteTranslator  # noqa: E402
from zoo.serving import graph_file  # noqa: E402
from zoo.serving.fast import exact, write_files  # noqa: E402

FILES = sorted((ROOT / "saved_models").glob("*/graph.*.zip"))
IDS = [f"{path.parent.name}-{path.name.split('.')[1]}" for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_a_graph_file_is_of_the_model_beside_it(path):
    weights = path.name.split(".")[1]
    assert graph_file.fits(path.with_name(registry.FILE), weights), (
        "python scripts/write_graph_files.py writes it anew"
    )


def test_every_translator_has_both():
    for info in registry.models():
        if info.task == "translation":
            assert graph_file.fits(info.path, "int8") and graph_file.fits(info.path, "float32")


def first_answer(cache, *arguments):
    # At another level the command leaves standard error as it is, on which imports are told.
    environment = {**os.environ, "ZOO_CACHE": str(cache), "TF_CPP_MIN_LOG_LEVEL": "2"}
    line = [sys.executable, "-X", "importtime", "-m", "zoo", *arguments]
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@pytest.mark.parametrize("options", [(), ("--fast",)])
def test_a_fresh_install_translates_without_tensorflow(tmp_path, options):
    line = ["translate", "translate_de_en_rnn", "Ein Hund schläft.", *options]
    answer, told = first_answer(tmp_path, *line)
    assert "dog" in answer
    imported = {line.rpartition("|")[2].strip() for line in told.splitlines()}
    assert "zoo.lite.readers" in imported and not {"tensorflow", "keras"} & imported
    (made,) = (tmp_path / "litert").iterdir()
    weights = json.loads((made / "manifest.json").read_text(encoding="utf-8"))["weights"]
    assert weights == ("int8" if options else "float32")
    assert first_answer(tmp_path, *line)[0] == answer  # of the file that was kept


def test_another_model_file_of_the_same_name_does_not_fit(tmp_path):
    model = tmp_path / registry.FILE
    shipped = registry.find("trace_learners")
    other = registry.find("trace_learners_2015")
    model.write_bytes(shipped.read_bytes())
    graph = graph_file.graph_path(shipped, "int8").read_bytes()
    graph_file.graph_path(model, "int8").write_bytes(graph)
    assert graph_file.fits(model, "int8") and not graph_file.fits(model, "float32")
    model.write_bytes(other.read_bytes())
    assert not graph_file.fits(model, "int8")
    model.write_bytes(shipped.read_bytes())
    graph_file.graph_path(model, "int8").write_bytes(graph[:-50])
    assert not graph_file.fits(model, "int8")


@pytest.mark.parametrize("weights", ["int8", "float32"])
def test_a_graph_file_gives_the_bytes_of_the_export_that_it_was_made_of(tmp_path, weights):
    """A model whose weights stand in a made-up LiteRT file in all the ways that there are."""
    pytest.importorskip("h5py")
    model = registry.find("trace_learners")
    copy = tmp_path / registry.FILE
    copy.write_bytes(model.read_bytes())
    form = graph_file._Forms(copy)
    name = max(form.weights, key=lambda name: form.weights[name].size)
    rng = np.random.default_rng(0)
    parts = [rng.bytes(99), *(form(name, kind) for kind in form.KINDS), rng.bytes(7)]
    export = tmp_path / "export"
    export.mkdir()
    (export / "model.tflite").write_bytes(b"".join(parts))
    (export / "manifest.json").write_text("{}")
    written = graph_file.write(copy, weights, export)
    assert written.stat().st_size < 2_000
    made = tmp_path / "made"
    made.mkdir()
    graph_file.assemble(copy, weights, made)
    assert (made / "model.tflite").read_bytes() == b"".join(parts)
    assert (made / "manifest.json").read_text() == "{}"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["trace_learners", "classify_questions_en"])
def test_what_is_shipped_is_what_tensorflow_makes_of_this_code(tmp_path, name):
    from zoo.serving import litert

    path, made, shipped = registry.find(name), tmp_path / "made", tmp_path / "shipped"
    made.mkdir()
    shipped.mkdir()
    litert.write_files(registry.load(name), made, "int8")
    write_files(path, shipped, None)
    assert {file.name: file.read_bytes() for file in made.iterdir()} == {
        file.name: file.read_bytes() for file in shipped.iterdir()
    }


def test_without_one_or_without_a_cache_there_is_no_exact_reader(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    path = tmp_path / registry.FILE
    path.write_bytes(registry.find("translate_de_en_rnn").read_bytes())
    assert exact(path) is None
    assert isinstance(exact(registry.find("translate_de_en_rnn")), LiteTranslator)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "file"))
    assert exact(registry.find("translate_de_en_rnn")) is None
