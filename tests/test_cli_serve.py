"""`zoo serve` as a command: what it refuses before it promises anything, and what it prints."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from conftest import ROOT

pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")
from test_serving_rest import call, serving  # noqa: E402

from zoo.cli import main  # noqa: E402


@pytest.fixture
def taken():
    """A port of this machine at which somebody listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def refused(capsys, *arguments):
    """The one line with which the command refuses."""
    assert main(["serve", *map(str, arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    return err


def test_a_port_that_is_taken_is_said_before_anything_else(taken, capsys, exported):
    line = refused(capsys, "--dir", exported, "--port", taken)
    assert "--port must be free at 127.0.0.1" in line and str(taken) in line
    line = refused(capsys, "--dir", exported, "--port", 0, "--grpc-port", taken)
    assert "--grpc-port must be free" in line


def test_one_port_for_both_is_refused(capsys, exported):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = refused(capsys, "--dir", exported, "--port", port, "--grpc-port", port)
    assert "--grpc-port must be free" in line and "--port has it" in line


@pytest.mark.parametrize("port", ["99999", "-1", "http", ""])
def test_a_number_that_is_no_port_is_refused(capsys, port):
    assert "--port" in refused(capsys, "--port", port)
    assert "--grpc-port" in refused(capsys, "--grpc-port", port)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.7", "a b"])
def test_a_host_that_is_not_of_this_machine_is_refused(capsys, host):
    assert host in refused(capsys, "--host", host, "--port", 0)


@pytest.mark.parametrize("origin", ["example.org", "https://example.org/", "ftp://x", "", "null"])
def test_what_is_no_origin_is_refused(capsys, origin):
    assert "--cors-origin" in refused(capsys, "--cors-origin", origin)


@contextlib.contextmanager
def command(*arguments):
    """The command in a process of its own."""
    line = [sys.executable, "-m", "zoo", "serve", *map(str, arguments)]
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(line, cwd=ROOT, env=environment, **pipes)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def test_a_folder_without_models_is_refused_in_one_line(tmp_path):
    with command("--port", 0, "--dir", tmp_path / "nix") as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 2 and out == ""
    assert err.count("\n") == 1 and "directory must hold <model>/<version>/" in err


def test_a_broken_newest_version_is_said_and_the_rest_served_and_what_comes_later(
    exported, tmp_path, translator
):
    shutil.copytree(exported / "copy", tmp_path / "a")
    (tmp_path / "a" / "2").mkdir()
    with command("--dir", tmp_path, "--port", 0) as process:
        promise = process.stdout.readline()
        assert promise.startswith("serving a at http://127.0.0.1:")
        url = promise.split()[-1]
        # The promise holds at once: nobody is refused.
        status, answer = call(f"{url}v1/models/a:predict", {"instances": ["der Hund"]})
        assert status == 200
        assert answer["predictions"][0]["text"] == translator.generate("der Hund")
        shutil.copytree(exported / "copy", tmp_path / "b")
        until = time.monotonic() + 30
        while call(f"{url}v1/models/b")[0] != 200:
            assert time.monotonic() < until
            time.sleep(0.2)
        process.terminate()
        _, errors = process.communicate(timeout=20)
    (line,) = errors.splitlines()
    assert line.startswith("zoo serve: version 2 of a cannot be served: ")
    assert line.endswith("; version 1 is.")


def preflight(url, origin, method="POST"):
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "content-type,content-encoding",
    }
    request = urllib.request.Request(url, headers=headers, method="OPTIONS")
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.headers
    except urllib.error.HTTPError as error:
        return error.code, error.headers


def test_pages_of_an_origin_that_is_named_may_ask(exported):
    allowed, other = "https://example.org", "https://example.com"
    with serving(exported, cors_origins=[allowed]) as ours:
        url = f"{ours.url}/v1/models/copy:predict"
        status, headers = preflight(url, allowed)
        assert status == 200 and headers["Access-Control-Allow-Origin"] == allowed
        assert "POST" in headers["Access-Control-Allow-Methods"]
        assert "content-encoding" in headers["Access-Control-Allow-Headers"].lower()
        assert preflight(url, other)[0] == 400
        for origin in (allowed, other):
            for body, status in (({"instances": ["Hund"]}, 200), ({}, 400)):
                headers = {"Origin": origin}
                request = urllib.request.Request(url, json.dumps(body).encode(), headers)
                try:
                    response = urllib.request.urlopen(request, timeout=20)
                except urllib.error.HTTPError as error:
                    response = error
                assert response.status == status
                found = response.headers["Access-Control-Allow-Origin"]
                assert found == (allowed if origin == allowed else None)


def test_without_the_option_no_page_from_elsewhere_may_read_answers(exported):
    with serving(exported) as ours:
        status, headers = preflight(f"{ours.url}/v1/models/copy:predict", "https://example.org")
        assert status == 405 and headers["Access-Control-Allow-Origin"] is None


def test_both_addresses_are_promised_and_ctrl_c_ends_it_without_a_word(exported):
    pytest.importorskip("tensorflow_serving.apis")
    grpc = pytest.importorskip("grpc")
    with command("--dir", exported, "--port", 0, "--grpc-port", 0) as process:
        promise = process.stdout.readline()
        found = re.fullmatch(r"serving copy at (http://.*/), gRPC at (127.0.0.1:\d+)\n", promise)
        assert call(f"{found[1]}v1/models/copy")[0] == 200
        with grpc.insecure_channel(found[2]) as channel:
            grpc.channel_ready_future(channel).result(timeout=20)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0
