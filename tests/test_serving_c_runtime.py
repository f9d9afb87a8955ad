"""Exports answer in TensorFlow's C++ runtime, where no Python of ours runs, as they do here."""

import importlib.util
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from zoo import registry
from zoo.serving import export, saved_model, warmup

PACKAGE = Path(importlib.util.find_spec("tensorflow").origin).parent
TEXT = Path(importlib.util.find_spec("tensorflow_text").origin).parent
LIBRARIES = [PACKAGE / "libtensorflow_framework.so.2", PACKAGE / "libtensorflow_cc.so.2"]
SCRIPT = Path(__file__).with_name("c_runtime.py")

pytestmark = pytest.mark.skipif(
    not all(path.exists() for path in LIBRARIES), reason="the C++ library is in Linux wheels only"
)

AWKWARD = [
    b"",
    b"   ",
    b"\xff\xfe Hund",
    b"zwei \xe4\xb8",
    b"Kinder \x00\x07",
    "狗 🐕‍🦺".encode(),
    "كلب أسود".encode(),
    "\u2028\ufeff\u200b".encode(),
    b"Hund" * 300,
    b"zwei Kinder " * 40,
    b"x\ty\nz",
    b"<s> Hund </s>",
]


def as_json(tensor):
    """A tensor as `c_runtime.py` takes it: type, shape, values."""
    values = tensor.numpy().ravel().tolist()
    if tensor.dtype == tf.string:
        values = [text.hex() for text in values]
    return tensor.dtype.as_datatype_enum, tensor.shape.as_list(), values


def request(signature, **inputs):
    """Names of tensors for their aliases: what `c_runtime.py` runs."""
    outputs = [signature.outputs[alias].name for alias in sorted(signature.outputs)]
    return {
        signature.inputs[alias].name: as_json(value) for alias, value in inputs.items()
    }, outputs


def warmups(version):
    """The warmup records, as requests: without the classes of TF Serving, by their wire format."""
    apis = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    signatures = saved_model.signatures(version)
    for record in tf.data.TFRecordDataset(str(version / warmup.PATH)):
        log = apis.PredictionLog.FromString(record.numpy()).predict_log.request
        inputs = {alias: tf.constant(tf.make_ndarray(t)) for alias, t in log.inputs.items()}
        yield log, request(signatures[log.model_spec.signature_name], **inputs)


def run(version, folder, requests, load):
    """Copies a version to a read-only folder with a space in its name, and runs requests there."""
    shutil.copytree(version, folder)
    for path in folder.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder.chmod(0o555)
    plan = {
        "libraries": list(map(str, LIBRARIES)),
        "op_libraries": [str(path) for path in sorted(TEXT.rglob("*.so"))],
        "folder": str(folder),
        "requests": requests,
        "load": load,
    }
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT)],
        input=json.dumps(plan),
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_NUM_INTRAOP_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def beginnings(lines):
    """200 texts: awkward ones, and lines with their beginnings of every length."""
    rng = random.Random(0)
    cut = [line[: rng.randint(1, len(line))].encode() for line in rng.choices(lines, k=140)]
    return [*AWKWARD, *cut, *(line.encode() for line in rng.choices(lines, k=48))]


def batched(texts, size=25):
    return [texts[i : i + size] for i in range(0, len(texts), size)]


def check(model, version, lines, folder):
    signatures = saved_model.signatures(version)
    texts = beginnings(lines)
    plans = [
        request(signatures["serving_default"], text=tf.constant(batch)) for batch in batched(texts)
    ]
    attention = request(signatures["attention"], text=tf.constant(texts[:20]))
    replayed = [plan for _, plan in warmups(version)]
    small = [
        request(signature, text=tf.constant(texts[12:15])) for signature in signatures.values()
    ]
    found = run(version, folder, [*plans, attention, *replayed], small)

    assert found["python"] == []
    place = sorted(signatures["serving_default"].outputs).index("text")
    answers = [bytes.fromhex(t).decode() for out in found["answers"][: len(plans)]
               for t in out[place][1]]  # fmt: skip
    assert answers == model.generate([text.decode("utf-8", "replace") for text in texts])
    shown = found["answers"][len(plans)]
    place = sorted(signatures["attention"].outputs).index("text")
    assert [bytes.fromhex(t).decode() for t in shown[place][1]] == answers[:20]
    assert {shape[0] for shape, _ in shown} == {20}
    assert len(found["answers"]) == len(plans) + 1 + len(replayed)
    # 8 threads, 4 rounds: no answer differs from that of one thread, and after the first round,
    # in which every thread makes its buffers, memory stands still.
    assert found["wrong"] == 0
    assert found["memory"][-1] < found["memory"][1] * 1.1 + 20, found["memory"]


@pytest.fixture(scope="module")
def copier(exported):
    return exported / "copy" / "1"


def test_warmup_covers_every_signature_at_every_batch_size(copier):
    logs = [log for log, _ in warmups(copier)]
    assert {log.model_spec.name for log in logs} == {"copy"}
    assert [(log.model_spec.signature_name, log.inputs["text"].tensor_shape.dim[0].size)
            for log in logs] == [(name, size) for name in ("attention", "serving_default")
                                 for size in warmup.BATCH_SIZES]  # fmt: skip


def test_export_in_the_c_runtime_equals_python(translator, copier, sentences, tmp_path):
    check(translator, copier, sentences, tmp_path / "read only")


def test_shipped_translator_in_the_c_runtime_equals_python(tmp_path):
    """The one whose examples are read here; the others differ in their weights alone."""
    path = registry.find("translate_fr_de")
    examples = (path.parent / "examples.jsonl").read_text(encoding="utf-8").splitlines()
    model = registry.load(path)
    version = export(model, tmp_path, "translate_fr_de")
    check(model, version, [json.loads(line)["input"] for line in examples], tmp_path / "read only")
