"""The REST interface of TF Serving, as `zoo serve` has it.

`ZOO_SERVING_URL` runs the first half against another server, such as TF Serving itself, that serves
translate_fr_de; a model of another name: `ZOO_SERVING_MODEL`.
"""

import asyncio
import base64
import concurrent.futures
import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ROOT

uvicorn = pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")

from prometheus_client.parser import text_string_to_metric_families  # noqa: E402

from zoo.serving import limits, rest  # noqa: E402
from zoo.serving.app import Server  # noqa: E402
from zoo.serving.batching import Batcher  # noqa: E402
from zoo.serving.errors import RequestError, invalid  # noqa: E402
from zoo.serving.servable import Models  # noqa: E402


@contextlib.contextmanager
def serving(directory, **options):
    """`zoo serve` on a free port, in a thread: its URL, its gRPC address and its parts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    try:
        import tensorflow_serving.apis  # noqa: F401
    except ImportError:
        address = None
    server = Server(Models(directory), threads=2, grpc_address=address, **options)
    with run_app(server.app) as port:
        yield SimpleNamespace(
            url=f"http://127.0.0.1:{port}", port=port, grpc=address, server=server
        )


@contextlib.contextmanager
def run_app(app):
    """An ASGI application on a free port, in a thread: the port."""
    runner = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=runner.run)
    thread.start()
    while not runner.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield runner.servers[0].sockets[0].getsockname()[1]
    finally:
        runner.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def ours(exported):
    with serving(exported) as served:
        yield served


@pytest.fixture(scope="module")
def url(request):
    return os.environ.get("ZOO_SERVING_URL") or request.getfixturevalue("ours").url


@pytest.fixture(scope="module")
def model(request):
    if os.environ.get("ZOO_SERVING_URL"):
        return os.environ.get("ZOO_SERVING_MODEL", "translate_fr_de")
    return "copy"


@pytest.fixture(scope="module")
def answers(request):
    """What the model answers in Python."""
    if os.environ.get("ZOO_SERVING_URL"):
        from zoo import registry

        return registry.load(os.environ.get("ZOO_SERVING_MODEL", "translate_fr_de")).generate
    return request.getfixturevalue("translator").generate


def call(url, body=None):
    """GET, or POST of bytes or of what becomes JSON: the status and the answer."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=100) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


TEXTS = ["der Hund", "", "zwei Kinder eine Katze", "狗 🐕"]


def test_rows_and_columns_give_the_strings_of_generate(url, model, answers):
    path, expected = f"{url}/v1/models/{model}:predict", answers(TEXTS)
    status, by_rows = call(path, {"instances": TEXTS})
    assert status == 200 and [row["text"] for row in by_rows["predictions"]] == expected
    named = {"instances": [{"text": text} for text in TEXTS], "signature_name": "serving_default"}
    assert call(path, named) == (200, by_rows)
    status, by_columns = call(path, {"inputs": {"text": TEXTS}})
    assert status == 200 and by_columns["outputs"]["text"] == expected
    assert call(path, {"inputs": TEXTS}) == (200, by_columns)
    assert [row["score"] for row in by_rows["predictions"]] == by_columns["outputs"]["score"]


def test_base64_is_a_string_of_any_bytes(url, model, answers):
    path = f"{url}/v1/models/{model}:predict"
    coded = base64.b64encode(b"\xff Hund").decode()
    status, out = call(path, {"instances": [{"b64": coded}]})
    assert status == 200 and out["predictions"][0]["text"] == answers("\ufffd Hund")


def test_a_version_is_asked_for_by_its_number(url, model):
    status, out = call(f"{url}/v1/models/{model}/versions/1:predict", {"instances": ["Hund"]})
    assert status == 200 and len(out["predictions"]) == 1
    status, out = call(f"{url}/v1/models/{model}/versions/99:predict", {"instances": ["Hund"]})
    assert status == 404 and "Servable not found" in out["error"]


def test_status_and_metadata(url, model):
    status, out = call(f"{url}/v1/models/{model}")
    assert status == 200
    assert out["model_version_status"] == [
        {
            "version": "1",
            "state": "AVAILABLE",
            "status": {"error_code": "OK", "error_message": ""},
        }
    ]
    status, out = call(f"{url}/v1/models/{model}/metadata")
    assert status == 200 and out["model_spec"]["name"] == model
    signatures = out["metadata"]["signature_def"]["signature_def"]
    assert {"serving_default", "attention"} <= signatures.keys()
    text = signatures["serving_default"]["inputs"]["text"]
    assert text["dtype"] == "DT_STRING" and text["tensor_shape"]["dim"][0]["size"] == "-1"


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        ("{m}:predict", b"", 400, "JSON Parse error"),
        ("{m}:predict", b'{"instances": ["a"', 400, "JSON Parse error"),
        ("{m}:predict", b"[1]", 400, "Is not object"),
        ("{m}:predict", b"{}", 400, "Missing 'inputs' or 'instances' key"),
        ("{m}:predict", b'{"instances": ["a"], "inputs": ["a"]}', 400, "only one of"),
        ("{m}:predict", b'{"instances": []}', 400, ""),
        ("{m}:predict", b'{"instances": [1]}', 400, "not of expected type"),
        ("{m}:predict", b'{"instances": [["a"]]}', 400, ""),
        ("{m}:predict", b'{"instances": [{"wrong": "a"}]}', 400, ""),
        ("{m}:predict", b'{"inputs": {"wrong": ["a"]}}', 400, "Missing named input: text"),
        ("{m}:predict", b'{"instances": [{"b64": "?"}]}', 400, "base64"),
        ("{m}:predict", b'{"instances": ["a"], "signature_name": "x"}', 400, "not found"),
        ("nix:predict", b'{"instances": ["a"]}', 404, "Servable not found for request: Latest"),
        ("{m}:walk", b"{}", 400, "Malformed request: POST"),
        ("nix", None, 404, ""),
    ],
)
def test_what_is_wrong_gets_the_code_of_tf_serving(url, model, path, body, status, word):
    found, answer = call(f"{url}/v1/models/{path.format(m=model)}", body)
    assert found == status and word in answer["error"]


def test_many_clients_at_once_get_their_own_answers(url, model, answers, sentences):
    texts = sentences[:60]
    path = f"{url}/v1/models/{model}:predict"
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        found = pool.map(lambda text: call(path, {"instances": [text]}), texts)
        found = [answer["predictions"][0]["text"] for _, answer in found]
    assert found == answers(texts)


# From here on, what is ours alone.


def predict(ours, texts, **extra):
    return call(f"{ours.url}/v1/models/copy:predict", {"instances": texts, **extra})


def test_deep_nesting_is_refused(ours):
    body = b'{"instances": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    status, out = call(f"{ours.url}/v1/models/copy:predict", body)
    assert status == 400 and "error" in out


def test_attention_of_batches_of_different_width_is_put_together(ours, sentences):
    signature = {"signature_name": "attention"}
    status, out = predict(ours, sentences[:50], **signature)
    assert status == 200 and len(out["predictions"]) == 50
    for row in out["predictions"]:
        real = sum(token != "" for token in row["target_tokens"])
        np.testing.assert_allclose(np.sum(row["attention"], axis=1)[:real], 1, atol=1e-4)
    path = f"{ours.url}/v1/models/copy:predict"
    status, columns = call(path, {"inputs": sentences[:50], **signature})
    assert status == 200
    weights = np.array(columns["outputs"]["attention"])  # as a tensor it has one width
    for row, filled in zip(out["predictions"], weights, strict=True):
        t, s = np.shape(row["attention"])
        np.testing.assert_allclose(filled[:t, :s], row["attention"], atol=1e-5)
        assert not filled[t:].any() and not filled[:, s:].any()


def test_ten_megabytes_are_answered_and_more_than_the_limit_refused(ours):
    status, out = predict(ours, ["Hund " * 2_000_000])
    assert status == 200 and len(out["predictions"]) == 1
    connection = http.client.HTTPConnection("127.0.0.1", ours.port, timeout=60)
    try:
        connection.request("POST", "/v1/models/copy:predict", b"x" * (limits.BODY_BYTES + 1))
        response = connection.getresponse()
        assert response.status == 413 and "at most" in json.load(response)["error"]
    except (BrokenPipeError, ConnectionResetError):
        pass  # the server need not read to the end
    assert predict(ours, ["Hund"])[0] == 200


def test_slow_client_and_client_that_goes_away_hold_up_nobody(ours):
    head = b"POST /v1/models/copy:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
    body = json.dumps({"instances": ["Hund"] * 2000}).encode()
    with socket.create_connection(("127.0.0.1", ours.port)) as slow:
        slow.sendall(head + b'{"inst')
        with socket.create_connection(("127.0.0.1", ours.port)) as gone:
            gone.sendall(head.replace(b"100", str(len(body)).encode()) + body)
            deadline = time.time() + 30
            while not ours.server.batcher.waiting_rows and time.time() < deadline:
                time.sleep(0.001)
        status, _ = predict(ours, ["Hund"])
        assert status == 200
    # What the client that left had asked for is not run to the end.
    deadline = time.time() + 5
    while ours.server.batcher.waiting_rows and time.time() < deadline:
        time.sleep(0.01)
    assert not ours.server.batcher.waiting_rows


def test_slow_body_is_given_up_in_time(ours, monkeypatch):
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.2)
    head = b"POST /v1/models/copy:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
    with socket.create_connection(("127.0.0.1", ours.port), timeout=20) as slow:
        slow.sendall(head)
        assert slow.recv(100).startswith(b"HTTP/1.1 408")


def test_ten_thousand_sentences_in_a_body_let_others_pass(ours, translator, sentences):
    many = (sentences * 34)[:10_000]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        large = pool.submit(predict, ours, many)
        others = 0
        while not large.done():
            assert predict(ours, ["Hund"])[0] == 200
            others += 1
        status, out = large.result()
    assert status == 200 and others >= 3
    expected = dict(zip(sentences, translator.generate(sentences), strict=True))
    assert [row["text"] for row in out["predictions"]] == [expected[text] for text in many]


def test_metrics_count_requests_by_status(ours):
    predict(ours, ["Hund"])
    predict(ours, [1])
    path = f"{ours.url}/monitoring/prometheus/metrics"
    text = urllib.request.urlopen(path).read().decode()
    samples = {
        (s.name, s.labels.get("status")): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
    }
    assert samples["zoo_requests_total", "200"] >= 1
    assert samples["zoo_requests_total", "400"] >= 1
    assert samples["zoo_batch_rows_count", None] >= 1


def test_the_command_says_where_it_serves_and_nothing_else(exported, translator):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "zoo", "serve", "--dir", exported, "--port", str(port)]
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    server = subprocess.Popen(command, cwd=ROOT, env=environment, **pipes)
    try:
        assert server.stdout.readline() == f"serving copy at http://127.0.0.1:{port}/\n"
        path = f"http://127.0.0.1:{port}/v1/models/copy:predict"
        until = time.monotonic() + 20
        while True:  # it says so before it listens
            with contextlib.suppress(urllib.error.URLError):
                status, answer = call(path, {"instances": TEXTS})
                break
            assert time.monotonic() < until
            time.sleep(0.05)
        assert status == 200
        assert [row["text"] for row in answer["predictions"]] == translator.generate(TEXTS)
    finally:
        server.terminate()
        rest_of_output = server.communicate(timeout=20)
    assert rest_of_output == ("", "")


def test_new_version_is_served_and_a_broken_one_is_not(exported, tmp_path):
    shutil.copytree(exported / "copy", tmp_path / "a")
    shutil.copytree(exported / "copy", tmp_path / "b")
    models = Models(tmp_path)
    assert models.find("b").version == 1 and models.problems == {}
    (tmp_path / "a" / "7").mkdir()
    (tmp_path / "b" / "1").rename(tmp_path / "b" / "2")
    models.refresh()
    assert models.find("a").version == 1 and models.find("b").version == 2
    assert models.problems.keys() == {"a"}
    assert models.problems["a"].startswith("version 7 of a cannot be served: ")
    assert models.problems["a"].endswith("; version 1 is.") and "\n" not in models.problems["a"]
    with pytest.raises(RequestError, match="Specific\\(b, 1\\)"):
        models.find("b", 1)
    shutil.copytree(tmp_path / "b" / "2", tmp_path / "a" / "7", dirs_exist_ok=True)
    models.refresh()
    assert models.find("a").version == 7 and models.problems == {}


@pytest.mark.parametrize("damage", ["missing", "truncated", "no variables", "no graph"])
def test_start_with_a_broken_newest_version_serves_the_one_before(exported, tmp_path, damage):
    shutil.copytree(exported / "copy", tmp_path / "a")
    version = tmp_path / "a" / "2"
    shutil.copytree(tmp_path / "a" / "1", version)
    weights = next((version / "variables").glob("*.data*"))
    if damage == "missing":
        weights.unlink()
    elif damage == "truncated":
        weights.write_bytes(weights.read_bytes()[:1000])
    elif damage == "no variables":
        shutil.rmtree(version / "variables")
    else:
        (version / "saved_model.pb").write_bytes(b"\xff" * 100)
    models = Models(tmp_path)
    assert models.find("a").version == 1
    assert models.problems["a"].startswith("version 2 of a cannot be served: ")
    shutil.rmtree(tmp_path / "a" / "1")
    with pytest.raises(ValueError, match="version 2 of a cannot be served.*no other is there"):
        Models(tmp_path)


def test_other_content_under_the_same_number_is_served(exported, tmp_path):
    shutil.copytree(exported / "copy", tmp_path / "copy")
    models = Models(tmp_path)
    before = models.find("copy")
    models.refresh()
    assert models.find("copy") is before  # nothing is loaded twice
    shutil.move(tmp_path / "copy" / "1", tmp_path / "old")
    shutil.copytree(tmp_path / "old", tmp_path / "copy" / "1")
    models.refresh()
    assert models.find("copy") is not before and models.find("copy").version == 1


def test_model_that_comes_later_is_served_where_none_was_named(exported, tmp_path):
    shutil.copytree(exported / "copy", tmp_path / "a")
    everything, only = Models(tmp_path), Models(tmp_path, ["a"])
    shutil.copytree(exported / "copy", tmp_path / "b")
    shutil.copytree(exported / "copy", tmp_path / ".new.1")
    for models in (everything, only):
        models.refresh()
    assert everything.names == ["a", "b"] and everything.find("b").version == 1
    assert only.names == ["a"]


def test_version_that_is_taken_away_gives_the_one_before(exported, tmp_path):
    shutil.copytree(exported / "copy", tmp_path / "copy")
    shutil.copytree(tmp_path / "copy" / "1", tmp_path / "copy" / "2")
    models = Models(tmp_path)
    assert models.find("copy").version == 2
    shutil.rmtree(tmp_path / "copy" / "2")
    models.refresh()
    assert models.find("copy").version == 1
    shutil.rmtree(tmp_path / "copy" / "1")
    models.refresh()  # without any version left, what is in memory is served
    assert models.find("copy").version == 1


def test_folder_without_a_version_is_refused(tmp_path):
    with pytest.raises(ValueError, match="directory must hold"):
        Models(tmp_path)
    (tmp_path / "m" / "1").mkdir(parents=True)
    with pytest.raises(ValueError, match="names must be models with a version"):
        Models(tmp_path, ["other"])


def test_numbers_are_the_shortest_decimals_and_bytes_are_base64():
    outputs = {
        "score": np.array([0.1, -np.inf], "float32"),
        "image_bytes": np.array([b"\xff", b""], object),
    }
    assert json.loads(rest.respond(outputs, by_rows=True)) == {
        "predictions": [
            {"score": 0.1, "image_bytes": {"b64": "/w=="}},
            {"score": -np.inf, "image_bytes": {"b64": ""}},
        ]
    }


class Recorder:
    """Adds one to each row; fails where a row is negative; notes the rows of each batch."""

    def __init__(self):
        self.batches = []

    def __call__(self, inputs):
        time.sleep(0.01)
        self.batches.append(len(inputs["x"]))
        if (inputs["x"] < 0).any():
            raise invalid("x must be >= 0")
        return {"y": inputs["x"] + 1}


def run_all(requests, **options):
    """Requests at once through a `Batcher`; their answers or errors, and the sizes of batches."""
    recorder = Recorder()

    async def main():
        batcher = Batcher(1, **options)
        work = [batcher.run(recorder, {"x": np.array(rows)}) for rows in requests]
        found = await asyncio.gather(*work, return_exceptions=True)
        batcher.close()
        return [f if isinstance(f, Exception) else f["y"].tolist() for f in found]

    return asyncio.run(main()), recorder.batches


def test_requests_that_wait_share_a_batch():
    found, batches = run_all([[i] for i in range(9)])
    assert found == [[i + 1] for i in range(9)] and batches == [1, 8]
    found, batches = run_all([[i] for i in range(9)], merge=False)
    assert found == [[i + 1] for i in range(9)] and batches == [1] * 9


def test_large_request_takes_turns():
    found, batches = run_all([range(10), [50], [60, 61]], max_rows=4)
    assert found == [list(range(1, 11)), [51], [61, 62]]
    assert batches == [4, 4, 4, 1]  # four of the ten; one, two and one; four; the last


def batched_lengths(requests, **options):
    """Requests of texts of these lengths; the lengths in each batch."""
    seen = []

    def lengths(inputs):
        time.sleep(0.01)
        seen.append([len(text) for text in inputs["text"]])
        return {"y": np.array(seen[-1])}

    async def main():
        batcher = Batcher(1, **options)
        texts = [np.array([b"x" * n for n in rows], object) for rows in requests]
        found = await asyncio.gather(*(batcher.run(lengths, {"text": rows}) for rows in texts))
        batcher.close()
        return [one["y"].tolist() for one in found]

    assert asyncio.run(main()) == requests
    return seen


def test_texts_of_unlike_length_do_not_share_a_batch():
    seen = batched_lengths([[40], [50], [400], [60], [500], [450, 45]])
    assert seen == [[40], [50, 45, 60], [400, 450, 500]]


def test_texts_of_the_nearest_length_share_a_batch_and_the_oldest_goes_first():
    seen = batched_lengths([[40], [60], [100], [90], [62], [61], [95]], max_rows=3)
    assert seen == [[40], [60, 61, 62], [100, 95, 90]]


def test_one_bad_request_does_not_spoil_its_batch():
    found, _ = run_all([[1], [2], [-1], [3]])
    assert found[0] == [2] and found[1] == [3] and found[3] == [4]
    assert isinstance(found[2], RequestError) and found[2].status == 400
