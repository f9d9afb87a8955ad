"""A head that does not search costs a dozen lines: all else comes with `Task`."""

import json

import browser
import keras
import numpy as np
import pytest
import tensorflow as tf
from toys import Parity

from zoo import serving
from zoo.lite.search import LiteBatches

PAIRS = [("a" * n, n % 2) for n in range(1, 65)]


@pytest.fixture(scope="module")
def parity():
    model = keras.Sequential([keras.layers.Dense(2)])
    model.build((None, 1))
    head = Parity(model)
    head.compile(keras.optimizers.Adam(0.1), label_smoothing=0.0, metrics=["accuracy"])
    history = head.fit(PAIRS, epochs=30, validation_data=PAIRS, verbose=0).history
    assert history["val_accuracy"][-1] == 1
    return head


@pytest.fixture(scope="module")
def version(parity, tmp_path_factory):
    return serving.export(parity, tmp_path_factory.mktemp("served"), "parity")


def test_it_learns_and_is_evaluated(parity):
    found = parity.evaluate(PAIRS, verbose=0, return_dict=True)
    assert found["accuracy"] == 1 and found["loss"] < 0.2


def test_it_answers_in_python_and_on_tensors(parity):
    assert parity.predict(["abc", "ab"], verbose=0)[:, 0].tolist() == [b"odd", b"even"]
    assert parity(tf.constant(["abc", "ab"]))[:, 0].numpy().tolist() == [b"odd", b"even"]
    assert parity.ask(["abc"])[0, 0] == b"odd"


def test_it_is_saved_and_loaded(parity, tmp_path):
    parity.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.answer(["abc", "ab"]).tolist() == parity.answer(["abc", "ab"]).tolist()


def test_its_export_answers_the_same(version):
    loaded = tf.saved_model.load(str(version))
    found = loaded.signatures["serving_default"](text=tf.constant(["abc", "ab"]))
    assert found["label"][:, 0].numpy().tolist() == [b"odd", b"even"]
    assert np.all(found["probability"][:, 0] > 0.8)


def test_its_lite_file_computes_the_same(tmp_path):
    pytest.importorskip("ai_edge_litert")

    class Numbers(Parity):  # a LiteRT file has no strings
        def postprocess_tf(self, logits):
            return {"probability": tf.nn.softmax(logits)}

    model = keras.Sequential([keras.layers.Dense(2)])
    model.build((None, 1))
    head = Numbers(model)
    folder = serving.export_litert(head, tmp_path, "parity", "float32")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest == {"format": 2, "task": "Numbers", "weights": "float32", "rows": 1}
    run = LiteBatches(str(folder / "model.tflite"), output="probability")
    found = run([[0.0], [1.0]], pack=lambda rows: np.array(rows, "float32"))
    expected = tf.nn.softmax(model(np.array([[0.0], [1.0]], "float32")))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_it_is_served(version):
    pytest.importorskip("uvicorn")
    pytest.importorskip("prometheus_client")
    from test_serving_rest import call, serving

    with serving(version.parent.parent) as served:
        status, answer = call(f"{served.url}/v1/models/parity:predict", {"instances": ["abc"]})
    assert status == 200 and answer["predictions"][0]["label"] == ["odd", "even"]


@pytest.mark.skipif(not browser.PATH, reason="there is no Chromium")
def test_the_page_draws_its_labels(version, tmp_path):
    pytest.importorskip("uvicorn")
    pytest.importorskip("prometheus_client")
    from test_serving_rest import serving

    with serving(version.parent.parent) as served, browser.opened(tmp_path) as tab:
        tab.open(f"{served.url}/")
        tab.wait("$('model').options.length")
        tab.value("$('text').value = 'abc', $('text').dispatchEvent(new Event('input'))")
        tab.click("$('go')")
        tab.wait("$('ranks').children.length")
        ranks = tab.value("[...$('ranks').children].map(e => e.textContent)")
    assert ranks[::2] == ["odd", "even"] and float(ranks[1]) > 0.8
