"""What one client can make `zoo serve` hold or do: little, and never at the cost of another."""

import base64
import concurrent.futures
import gzip
import http.client
import json
import socket
import time
import urllib.request

import numpy as np
import pytest
import tensorflow as tf

pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")
from prometheus_client.parser import text_string_to_metric_families  # noqa: E402
from test_serving_rest import call, serving  # noqa: E402

from zoo.serving import limits  # noqa: E402

STRINGS = tf.TensorSpec([None], tf.string, name="text")
ROWS = tf.TensorSpec([None, None], tf.float32, name="x")
IDS = tf.TensorSpec([None, None], tf.int32, name="ids")
PAIRS = tf.TensorSpec([None, 2], tf.string, name="pair")
FLAGS = tf.TensorSpec([None], tf.bool, name="flag")
SCALAR = tf.TensorSpec([], tf.float32, name="x")


class Toy(tf.Module):
    """Small functions with inputs of many shapes."""

    @tf.function(input_signature=[STRINGS], autograph=False)
    def grid(self, text):
        """As attention does: for each row a square as wide as the longest text of the batch."""
        lengths = tf.strings.length(text)
        side = tf.reduce_max(lengths)
        ones = tf.ones([tf.size(text), side, side])
        return {"text": text, "attention": ones / tf.cast(lengths[:, None, None], tf.float32)}

    @tf.function(input_signature=[ROWS], autograph=False)
    def floats(self, x):
        return {"y": x + 1, "total": tf.reduce_sum(x, axis=1)}

    @tf.function(input_signature=[IDS], autograph=False)
    def ids(self, ids):
        with tf.control_dependencies([tf.debugging.assert_greater_equal(ids, 0)]):
            return {"total": tf.reduce_sum(ids, axis=1)}

    @tf.function(input_signature=[PAIRS], autograph=False)
    def pairs(self, pair):
        return {"text": tf.strings.reduce_join(pair, axis=1, separator="-")}

    @tf.function(input_signature=[FLAGS], autograph=False)
    def flags(self, flag):
        return {"flag": tf.logical_not(flag)}

    @tf.function(input_signature=[SCALAR], autograph=False)
    def scalar(self, x):
        return {"y": 2 * x}

    @tf.function(input_signature=[STRINGS], autograph=False)
    def one_row(self, text):
        return {"text": text[:1]}


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toys")
    module = Toy()
    names = ("grid", "floats", "ids", "pairs", "flags", "scalar", "one_row")
    signatures = {name: getattr(module, name) for name in names}
    default = {"serving_default": module.grid}
    tf.saved_model.save(module, str(folder / "toy" / "1"), {**signatures, **default})
    tf.saved_model.save(module, str(folder / "plain" / "1"), {"serving_default": module.floats})
    with serving(folder) as served:
        yield served


def ask(toy, signature, instances=None, **extra):
    body = {"signature_name": signature, **extra}
    if instances is not None:
        body["instances"] = instances
    return call(f"{toy.url}/v1/models/toy:predict", body)


def metrics(toy):
    text = urllib.request.urlopen(f"{toy.url}/monitoring/prometheus/metrics").read().decode()
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def counted(toy, status, protocol="rest", model="toy"):
    key = ("model", model), ("protocol", protocol), ("status", status)
    return metrics(toy).get(("zoo_requests_total", *key), 0)


def test_a_long_row_does_not_widen_the_short_ones_of_an_answer_by_rows(toy):
    texts = ["x"] * 200 + ["x" * 900]
    status, answer = ask(toy, "grid", texts)
    assert status == 200
    assert [row["text"] for row in answer["predictions"]] == texts
    widths = [len(row["attention"]) for row in answer["predictions"]]
    assert widths == [1] * 200 + [900]


def test_an_answer_by_columns_that_would_be_too_large_is_refused(toy):
    texts = ["x"] * 200 + ["x" * 900]
    status, answer = ask(toy, "grid", inputs=texts)  # 201 * 900 * 900 floats
    assert status == 429 and "ask for fewer rows at a time" in answer["error"]
    status, answer = ask(toy, "grid", inputs=texts[-2:])
    assert status == 200 and np.shape(answer["outputs"]["attention"]) == (2, 900, 900)


def test_rows_of_many_shapes_at_once_get_their_own_answers(toy):
    questions = [[[n] * width] for n in range(6) for width in (1, 2, 3, 7)]
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        for signature in ("ids", "floats"):
            found = pool.map(lambda rows, name=signature: ask(toy, name, rows), questions)
            for (row,), (status, answer) in zip(questions, found, strict=True):
                assert status == 200
                (out,) = answer["predictions"]
                assert (out["total"] if signature == "floats" else out) == sum(row)


def test_a_bad_row_fails_alone_and_a_large_request_that_fails_holds_up_nobody(toy):
    large = [[-1, 1]] * 500
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        bad = [pool.submit(ask, toy, "ids", large) for _ in range(3)]
        good = [pool.submit(ask, toy, "ids", [[n, 1]]) for n in range(17)]
        for status, answer in (future.result() for future in bad):
            assert status == 400 and "assertion failed" in answer["error"]
        assert [future.result()[1]["predictions"] for future in good] == [
            [n + 1] for n in range(17)
        ]
    assert toy.server.batcher.waiting_rows == 0


def test_rows_of_several_strings_are_answered(toy):
    assert ask(toy, "pairs", [["a", "b"], ["c", "d"]]) == (200, {"predictions": ["a-b", "c-d"]})
    status, answer = ask(toy, "pairs", [["a", "b", "c"]])
    assert status == 400 and "must have shape [-1, 2]" in answer["error"]


def test_what_has_no_batch_is_asked_by_inputs(toy):
    assert ask(toy, "scalar", inputs=1.5) == (200, {"outputs": 3.0})
    status, answer = ask(toy, "scalar", [1.5])
    assert status == 400 and "error" in answer


def test_an_output_without_a_row_for_each_is_refused(toy):
    assert ask(toy, "one_row", ["a"]) == (200, {"predictions": ["a"]})
    status, answer = ask(toy, "one_row", ["a", "b", "c"])
    assert status == 400 and "must have a row for each of 3" in answer["error"]


def test_booleans_and_numbers_are_not_each_other(toy):
    assert ask(toy, "flags", [True, False]) == (200, {"predictions": [False, True]})
    for signature, instances in (("flags", [1]), ("ids", [[True]]), ("ids", [[1.5]])):
        status, answer = ask(toy, signature, instances)
        assert status == 400 and "not of expected type" in answer["error"]


LONG = "9" * 400
BAD = {
    "surrogate in a name": b'{"signature_name": "\\ud800", "instances": ["a"]}',
    "surrogate in a value": b'{"signature_name": "floats", "instances": [["\\ud800"]]}',
    "surrogate in a key": b'{"instances": [{"\\udfff": "a"}]}',
    "surrogate on its own": b'"\\ud800"',
    "surrogate in bytes": b'{"signature_name": "\xed\xa0\x80", "instances": ["a"]}',
    "base64 that is no ASCII": '{"instances": [{"b64": "\u00e9\u72d7"}]}'.encode(),
    "base64 that is a number": b'{"instances": [{"b64": 1}]}',
    "integer of 400 digits": f'{{"signature_name": "floats", "instances": [[{LONG}]]}}'.encode(),
    "integer of 400 digits, less": f'{{"signature_name":"ids","instances":[[-{LONG}]]}}'.encode(),
    "integer of 9000 digits": b'{"signature_name": "ids", "instances": [[' + b"9" * 9000 + b"]]}",
    "float over the range": b'{"signature_name": "floats", "instances": [[1e39]]}',
    "float over any range": b'{"signature_name": "floats", "instances": [[1e999]]}',
    "NaN": b'{"signature_name": "floats", "instances": [[NaN]]}',
    "Infinity": b'{"signature_name": "floats", "instances": [[-Infinity]]}',
    "ragged": b'{"signature_name": "floats", "instances": [[1, 2], [3]]}',
    "ragged in rank": b'{"signature_name": "floats", "instances": [[1], 2]}',
    "too deep": b'{"signature_name": "floats", "instances": [[[1]]]}',
    "deep in a list": b'{"instances": ' + b"[" * 900 + b"]" * 900 + b"}",
    "deep in an object": b'{"instances": [' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"]}",
    "deep on its own": b"[" * 900 + b"]" * 900,
    "deep and long": b"[" * 50_000,
    "no rows": b'{"signature_name": "floats", "inputs": []}',
    "null": b'{"instances": null}',
    "null in it": b'{"instances": [null]}',
    "UTF-16 cut": '{"instances": ["a"]}'.encode("utf-16")[:-1],
    "no text": b"\xff\xfe\xfd",
    "name of 10,000 letters": b'{"instances": ["a"], "signature_name": "'
    + b"\xe7\x8b\x97" * 9999
    + b'"}',
}


@pytest.mark.parametrize("name", BAD)
def test_bad_json_is_400_in_one_line_and_the_connection_stays(toy, name):
    connection = http.client.HTTPConnection("127.0.0.1", toy.port, timeout=60)
    before = counted(toy, "400")
    for body in (BAD[name], b'{"instances": ["a"]}'):
        connection.request("POST", "/v1/models/toy:predict", body)
        response = connection.getresponse()
        answer = json.load(response)
        if body == BAD[name]:
            assert response.status == 400, answer
            assert "\n" not in answer["error"] and 0 < len(answer["error"]) <= 500
            kept = connection.sock
    assert response.status == 200 and connection.sock is kept is not None
    assert counted(toy, "400") == before + 1
    connection.close()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/models/toy", 200),
        ("HEAD", "/v1/models/toy", 200),
        ("GET", "/v1/models/toy?x=1", 200),
        ("GET", "/v1/models/toy:predict", 400),
        ("GET", "/v1/models/toy/versions/%D9%A1", 400),
        ("GET", "/v1/models/%2e%2e", 404),
        ("POST", "/v1/models/a%0ab:predict", 404),
        ("PUT", "/v1/models/toy:predict", 405),
        ("GET", "/page/examples/toy/0", 404),
        ("GET", "/page/examples/../0", 404),
        ("GET", "/nowhere", 404),
    ],
)
def test_a_path_that_is_not_there_is_a_clear_error(toy, method, path, status):
    connection = http.client.HTTPConnection("127.0.0.1", toy.port, timeout=60)
    connection.request(method, path)
    response = connection.getresponse()
    body = response.read()
    assert response.status == status
    if status >= 400 and not path.startswith("/page"):
        assert json.loads(body)["error"]
    connection.close()


def test_a_lone_surrogate_in_a_text_is_read_as_generate_reads_it(toy):
    status, answer = ask(toy, "pairs", [["\ud800a", "\ud83d\ude00"]])
    assert (status, answer["predictions"]) == (200, ["\ufffda-\U0001f600"])


def test_a_text_keeps_its_zero_bytes(toy):
    coded = base64.b64encode(b"a\x00\x00").decode()
    status, answer = ask(toy, "pairs", [["a\x00", {"b64": coded}]])
    assert (status, answer["predictions"]) == (200, ["a\x00-a\x00\x00"])


def packed(toy, body, encoding="gzip"):
    request = urllib.request.Request(
        f"{toy.url}/v1/models/toy:predict", body, {"Content-Encoding": encoding}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_a_body_may_be_gzip_and_a_bomb_is_refused(toy):
    plain = json.dumps({"instances": ["ab"]}).encode()
    whole = gzip.compress(plain)
    answer = call(f"{toy.url}/v1/models/toy:predict", plain)
    assert answer[0] == 200
    assert packed(toy, whole) == packed(toy, whole, "GZIP") == packed(toy, plain, "identity")
    assert packed(toy, whole) == answer
    bomb = gzip.compress(b'{"instances": ["' + b" " * (limits.BODY_BYTES + 1) + b'"]}')
    assert len(bomb) < 100_000
    assert packed(toy, bomb)[0] == 413
    for damaged in (whole[:-9], whole + whole, plain, whole[:5], b"", whole + b"x"):
        status, out = packed(toy, damaged)
        assert status == 400 and "gzip" in out["error"]
    assert packed(toy, whole, "br")[0] == 415
    assert packed(toy, gzip.compress(whole), "gzip, gzip")[0] == 415


def test_long_bodies_hold_up_nobody(toy):
    """4 MiB of numbers take seconds to read; other clients are answered meanwhile."""
    body = b'{"signature_name": "floats", "instances": [[' + b"1," * (2 * 2**20) + b"1]]}"
    path = f"{toy.url}/v1/models/toy:predict"
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        large = pool.submit(call, path, body)
        others = 0
        while not large.done():
            assert ask(toy, "flags", [True])[0] == 200
            others += 1
        status, answer = large.result()
    assert status == 200 and len(answer["predictions"][0]["y"]) == 2 * 2**20 + 1
    assert others > 10  # where it is read in the event loop, one or two


def test_bodies_of_many_clients_share_a_budget(toy, monkeypatch):
    monkeypatch.setattr(toy.server.budget, "most", 280_000)
    head = b"POST /v1/models/toy:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n"
    before = counted(toy, "503")
    with socket.create_connection(("127.0.0.1", toy.port), timeout=20) as slow:
        slow.sendall(head + b" " * 199_000)
        until = time.monotonic() + 20
        while toy.server.budget.held < 199_000 and time.monotonic() < until:
            time.sleep(0.01)
        status, answer = ask(toy, "grid", ["x" * 70_000])
        assert status == 503 and "try later" in answer["error"]
        assert counted(toy, "503") == before + 1
        assert ask(toy, "flags", [True])[0] == 200
    until = time.monotonic() + 20
    while toy.server.budget.held and time.monotonic() < until:
        time.sleep(0.01)
    assert toy.server.budget.held == 0


def test_too_many_rows_or_elements_are_refused(toy, monkeypatch):
    monkeypatch.setattr(limits, "ROWS", 50)
    status, answer = ask(toy, "flags", [True] * 51)
    assert status == 429 and "at most 50 rows" in answer["error"]
    monkeypatch.setattr(limits, "ELEMENTS", 60)
    status, answer = ask(toy, "floats", [[0.0] * 61])
    assert status == 429 and "at most 60 elements" in answer["error"]


def test_every_outcome_is_counted(toy, monkeypatch):
    def broken(*arguments):
        raise KeyError("a fault of ours\nin two lines")

    for status, path, body in (
        (200, "toy:predict", {"instances": ["a"]}),
        (400, "toy:predict", {}),
        (400, "toy:walk", {}),
        (404, "toy/versions/9:predict", {"instances": ["a"]}),
        (404, "made-up:predict", {"instances": ["a"]}),
    ):
        model = "toy" if path in ("toy:predict", "toy/versions/9:predict") else ""
        before = counted(toy, str(status), model=model)
        assert call(f"{toy.url}/v1/models/{path}", body)[0] == status
        assert counted(toy, str(status), model=model) == before + 1
    monkeypatch.setattr("zoo.serving.rest.parse", broken)
    before = counted(toy, "500")
    status, answer = ask(toy, "flags", [True])
    assert status == 500 and "two lines" not in answer["error"]
    assert counted(toy, "500") == before + 1


def test_a_client_that_goes_away_is_counted(toy):
    before = counted(toy, "499")
    head = b"POST /v1/models/toy:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
    with socket.create_connection(("127.0.0.1", toy.port)) as gone:
        gone.sendall(head)
        time.sleep(0.2)
    until = time.monotonic() + 20
    while counted(toy, "499") == before and time.monotonic() < until:
        time.sleep(0.05)
    assert counted(toy, "499") == before + 1


def test_buckets_reach_the_largest_batch(toy):
    found = {key[1][1] for key in metrics(toy) if key[0] == "zoo_batch_rows_bucket"}
    assert found == {"1.0", "2.0", "4.0", "8.0", "16.0", "32.0", "+Inf"}


def test_the_page_has_models_without_attention_too(toy):
    status, found = call(f"{toy.url}/page/models")
    assert status == 200 and found.keys() == {"toy", "plain"}
    assert found["toy"]["fields"] == [{"name": "text", "kind": "text"}]
    assert found["plain"]["fields"] == [] and found["plain"]["signature"] is None
