"""`zoo serve --fast`: LiteRT exports behind the paths, the limits and the page of the server."""

import base64
import io
import json
import shutil
import socket
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from recordings import tone, wav

pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")
pytest.importorskip("ai_edge_litert")
from test_cli_serve import command  # noqa: E402
from test_serving_rest import call, run_app  # noqa: E402

from zoo import registry  # noqa: E402
from zoo.lite.readers import open_litert  # noqa: E402
from zoo.serving import graph_file  # noqa: E402
from zoo.serving.app import Server  # noqa: E402
from zoo.serving.lite_servable import LiteExports  # noqa: E402
from zoo.serving.servable import Models  # noqa: E402

NAMES = (
    "classify_questions_en",
    "generate_digits_vaegan",
    "match_questions_zh",
    "recommend_films",
    "trace_learners",
    "transcribe_digits",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """LiteRT exports of small shipped models, made of their graph files."""
    folder = tmp_path_factory.mktemp("lite")
    for name in NAMES:
        (folder / name / "litert").mkdir(parents=True)
        graph_file.assemble(registry.find(name), "int8", folder / name / "litert")
    return folder


@pytest.fixture(scope="module")
def served(folder):
    models = Models(folder, exports=LiteExports(threads=2))
    with run_app(Server(models, threads=2).app) as port:
        yield SimpleNamespace(url=f"http://127.0.0.1:{port}", models=models)


@pytest.fixture(scope="module")
def reader(folder):
    return lambda name: open_litert(folder / name / "litert")


def ask(served, name, instances):
    status, answer = call(f"{served.url}/v1/models/{name}:predict", {"instances": instances})
    assert status == 200, answer
    return answer["predictions"]


def test_the_command_exports_and_serves_without_tensorflow_what_the_reader_answers(
    tmp_path, reader
):
    name, texts = "classify_questions_en", ["Who wrote Hamlet ?", "", "How far is the moon ?"]
    with command(name, "--dir", tmp_path, "--port", 0, "--fast") as process:
        assert process.stdout.readline() == f"exported {tmp_path / name / 'litert'}\n"
        promise = process.stdout.readline()
        assert promise.startswith(f"serving {name} at http://127.0.0.1:")
        url = f"{promise.split()[-1]}v1/models/{name}:predict"
        status, answer = call(url, {"instances": texts})
        assert status == 200
        best = [row["label"][0] for row in answer["predictions"]]
        assert best == reader(name).classify(texts)
        if sys.platform == "linux":
            with open(f"/proc/{process.pid}/maps", encoding="utf-8") as maps:
                assert "/tensorflow/" not in maps.read()


def test_all_of_a_classifier_is_there_best_first(served, reader):
    (row,) = ask(served, "classify_questions_en", ["Who wrote Hamlet ?"])
    found = reader("classify_questions_en").classify("Who wrote Hamlet ?", top_k=99)
    assert row["label"] == [label for label, _ in found]
    assert row["probability"] == pytest.approx([share for _, share in found])


def test_a_recommender_passes_over_what_it_does_not_know_and_has_ten_items(served, reader):
    films = reader("recommend_films").catalogue.names[:3]
    known, none = ask(served, "recommend_films", ["\n".join([*films, "no film"]), ""])
    assert known["item"] == reader("recommend_films").recommend(films)
    assert none["item"] == reader("recommend_films").recommend([])
    assert sorted(known["score"], reverse=True) == known["score"] and len(known["score"]) == 10


def test_a_tracer_reads_lines_of_answers(served, reader):
    skill = reader("trace_learners").skills.names[0]
    lines = f"{skill}=1\nno skill=0\n{skill}=0\n{skill}"
    right, unknown = ask(served, "trace_learners", [lines, "no skill"])
    expected = reader("trace_learners").trace([(skill, 1), (skill, 0)], skill)
    assert right == pytest.approx(expected) and 0 < unknown < 1


def test_a_matcher_takes_pairs(served, reader):
    rows = [{"query": "花呗怎么还款", "text": "怎么还花呗"}, {"query": "花呗怎么还款", "text": ""}]
    scores = ask(served, "match_questions_zh", rows)
    match = reader("match_questions_zh").match
    assert scores == pytest.approx([match(row["query"], row["text"]) for row in rows])


def test_a_recording_that_cannot_be_read_leaves_the_others_their_answer(served):
    sound = base64.b64encode(wav(tone(440, 0.5))).decode()
    rows = ask(served, "transcribe_digits", [{"b64": sound}, {"b64": ""}])
    assert rows[1] == {"text": "", "score": 0.0} and rows[0]["score"] < 0


def test_a_digit_is_drawn_as_by_generate_and_one_that_there_is_not_is_empty(served, reader):
    rows = ask(
        served, "generate_digits_vaegan", [{"digit": 7, "seed": 3}, {"digit": 10, "seed": 3}]
    )
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(rows[0]["b64"]))))
    assert (picture == reader("generate_digits_vaegan").generate(1, 3, 7)[0]).all()
    assert rows[1] == {"b64": ""}


def test_metadata_and_page_say_what_can_be_asked(served):
    _, out = call(f"{served.url}/v1/models/recommend_films/metadata")
    signature = out["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"]["history"]["dtype"] == "DT_STRING"
    sizes = [dim["size"] for dim in signature["outputs"]["score"]["tensor_shape"]["dim"]]
    assert sizes == ["-1", "-1"] and signature["outputs"]["score"]["dtype"] == "DT_FLOAT"
    _, page = call(f"{served.url}/page/models")
    assert sorted(page) == sorted(NAMES)
    assert page["trace_learners"]["fields"] == [{"name": "answers", "kind": "text"}]
    assert page["transcribe_digits"]["fields"] == [{"name": "audio_bytes", "kind": "audio"}]


def test_what_is_malformed_is_refused_as_by_a_saved_model(served):
    path = f"{served.url}/v1/models/classify_questions_en:predict"
    for body, words in (
        ({"instances": [1]}, "is not of expected type: string"),
        ({"instances": ["a"], "signature_name": "attention"}, "not found in signature def"),
        ({"instances": [{"texts": "a"}]}, "keys must be equal to: text"),
    ):
        status, answer = call(path, body)
        assert status == 400 and words in answer["error"]


def test_an_export_that_is_replaced_is_served_anew_and_a_broken_one_is_said(folder, tmp_path):
    shutil.copytree(folder / "trace_learners", tmp_path / "mine")
    models = Models(tmp_path, exports=LiteExports(threads=1))
    before = models.find("mine", 1)
    shutil.rmtree(tmp_path / "mine")
    shutil.copytree(folder / "match_questions_zh", tmp_path / "mine")
    models.refresh()
    assert sorted(models.find("mine").signature("").inputs) == ["query", "text"]
    manifest = tmp_path / "mine" / "litert" / "manifest.json"
    manifest.write_text(json.dumps({"task": "Oracle"}))
    models.refresh()
    assert "version 1 of mine cannot be served" in models.problems["mine"]
    assert before is not models.find("mine")


@pytest.mark.slow
def test_grpc_answers_as_rest(folder, reader):
    pytest.importorskip("tensorflow_serving.apis")
    grpc = pytest.importorskip("grpc")
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    models = Models(folder, exports=LiteExports(threads=2))
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "classify_questions_en"
    request.inputs["text"].CopyFrom(tf.make_tensor_proto(["Who wrote Hamlet ?"]))
    with run_app(Server(models, threads=2, grpc_address=address).app):
        with grpc.insecure_channel(address) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            found = stub.Predict(request, timeout=60).outputs
    label = tf.make_ndarray(found["label"])[0, 0].decode()
    assert label == reader("classify_questions_en").classify("Who wrote Hamlet ?")
    assert tf.make_ndarray(found["probability"]).dtype == np.float32
