"""The clients that an export comes with, as programs of their own."""

import shutil
import socket
import subprocess
import sys

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")
from test_serving_rest import TEXTS, ours  # noqa: E402, F401


@pytest.fixture(scope="module")
def nowhere():
    """An address of this machine at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{free.getsockname()[1]}"


def run(exported, client, *arguments):
    script = exported / "clients" / client
    program = ["sh"] if script.suffix == ".sh" else [sys.executable, "-X", "importtime"]
    command = [*program, script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60)


def said(done):
    """Standard error without the list of what was imported."""
    lines = done.stderr.splitlines()
    return [line for line in lines if not line.startswith("import time:")]


def test_rest_client_prints_an_answer_for_each_text(ours, exported, translator):  # noqa: F811
    done = run(exported, "rest.py", "copy", *TEXTS, "--url", ours.url + "/")
    assert done.returncode == 0 and said(done) == []
    texts = translator.generate(TEXTS)
    lines = done.stdout.splitlines()
    assert len(lines) == len(texts)
    assert all(f'"text": "{text}"' in line for line, text in zip(lines, texts, strict=True))


def test_grpc_client_prints_an_answer_for_each_text_without_tensorflow(
    ours,  # noqa: F811
    exported,
    translator,
):
    pytest.importorskip("grpc")
    done = run(exported, "grpc_client.py", "copy", *TEXTS, "--address", ours.grpc)
    assert done.returncode == 0 and said(done) == []
    answers = [line.partition("\t")[2] for line in done.stdout.splitlines()]
    assert answers == translator.generate(TEXTS)
    assert "google.protobuf" in done.stderr and "tensorflow" not in done.stderr
    (one,) = run(
        exported, "grpc_client.py", "copy", "Hund", "--address", ours.grpc
    ).stdout.splitlines()
    assert one.partition("\t")[2] == translator.generate("Hund")


@pytest.mark.parametrize("client", ["rest.py", "grpc_client.py", "curl.sh"])
def test_a_client_without_a_server_says_so_in_one_line(exported, nowhere, client):
    if client == "curl.sh" and not shutil.which("curl"):
        pytest.skip("there is no curl")
    where = {
        "rest.py": ["--url", f"http://{nowhere}"],
        "grpc_client.py": ["--address", nowhere],
        "curl.sh": [f"http://{nowhere}"],
    }
    done = run(exported, client, "copy", "Hund", *where[client])
    (line,) = said(done)
    assert done.returncode != 0 and done.stdout == ""
    assert nowhere.partition(":")[2] in line


@pytest.mark.parametrize("client", ["rest.py", "grpc_client.py"])
@pytest.mark.parametrize(
    ("arguments", "word"), [(["nix", "Hund"], "not found"), (["copy", "nix.jpg"], "nix.jpg")]
)
def test_a_client_says_in_one_line_what_is_wrong(ours, exported, client, arguments, word):  # noqa: F811
    where = ["--url", ours.url] if client == "rest.py" else ["--address", ours.grpc]
    done = run(exported, client, *arguments, *where)
    (line,) = said(done)
    assert done.returncode == 1 and word in line
