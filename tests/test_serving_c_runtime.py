"""Exports answer in TensorFlow's C++ runtime, where no Python of ours runs, as they do here."""

import importlib.util
import io
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf
from PIL import Image

import zoo
from zoo import registry
from zoo.serving import export, saved_model, warmup

PACKAGE = Path(importlib.util.find_spec("tensorflow").origin).parent
TEXT = Path(importlib.util.find_spec("tensorflow_text").origin).parent
LIBRARIES = [PACKAGE / "libtensorflow_framework.so.2", PACKAGE / "libtensorflow_cc.so.2"]
SCRIPT = Path(__file__).with_name("c_runtime.py")
PHOTOS = Path(__file__).parent.parent / "examples" / "photos"

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


def written(outputs, signature):
    """The texts among what a signature answered to each of a list of requests."""
    place = sorted(signature.outputs).index("text")
    return [bytes.fromhex(text).decode() for out in outputs for text in out[place][1]]


def photographs(count):
    """Parts of the example photographs, of every size and shape, as JPEG and PNG."""
    rng = random.Random(0)
    pictures = [Image.open(path).convert("RGB") for path in sorted(PHOTOS.glob("*.jpg"))]
    for i in range(count):
        picture = rng.choice(pictures)
        width, height = (rng.randint(size // 4, size) for size in picture.size)
        left, top = rng.randint(0, picture.width - width), rng.randint(0, picture.height - height)
        stream = io.BytesIO()
        part = picture.crop((left, top, left + width, top + height))
        part.save(stream, ("JPEG", "PNG")[i % 2])
        yield stream.getvalue()


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
    answers = written(found["answers"][: len(plans)], signatures["serving_default"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "max_sentence_length", None)  # an export cuts no text
        assert answers == model.generate([text.decode("utf-8", "replace") for text in texts])
    shown = found["answers"][len(plans)]
    assert written([shown], signatures["attention"]) == answers[:20]
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


def shipped(name, folder):
    """A shipped model, the version of its export, and the inputs of its examples."""
    path = registry.find(name)
    examples = (path.parent / "examples.jsonl").read_text(encoding="utf-8").splitlines()
    model = registry.load(path)
    lines = [json.loads(line)["input"] for line in examples]
    return model, export(model, folder, name), lines


def names(task, always):
    """The shipped models of a task: one at every run, the others with `--every-model`."""
    return [
        pytest.param(model.name, marks=() if model.name == always else pytest.mark.every_model)
        for model in registry.models()
        if model.name.startswith(task)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", names("translate", "translate_fr_de"))
def test_shipped_translator_in_the_c_runtime_equals_python(name, tmp_path):
    model, version, lines = shipped(name, tmp_path)
    check(model, version, lines, tmp_path / "read only")


@pytest.mark.filterwarnings("ignore:inputs must have at most")
@pytest.mark.slow
@pytest.mark.parametrize("name", names("generate", "generate_tang"))
def test_shipped_generator_in_the_c_runtime_equals_python(name, tmp_path):
    """By the default decoding, and by `sample` with a temperature and a seed a row."""
    model, version, lines = shipped(name, tmp_path)
    signatures = saved_model.signatures(version)
    texts = beginnings([line for line in lines if line])
    greedy = [
        request(signatures["serving_default"], text=tf.constant(batch)) for batch in batched(texts)
    ]
    draws = [
        {
            "text": tf.constant(batch),
            "temperature": tf.fill([len(batch)], 0.8),
            "top_p": tf.fill([len(batch)], 0.9),
            "seed": tf.range(i, i + len(batch)),
        }
        for i, batch in zip(range(0, len(texts), 25), batched(texts), strict=True)
    ]
    sampled = [request(signatures["sample"], **inputs) for inputs in draws]
    found = run(version, tmp_path / "read only", [*greedy, *sampled], [])

    assert found["python"] == []
    prompts = [text.decode("utf-8", "replace") for text in texts]
    answers = found["answers"]
    default = written(answers[: len(greedy)], signatures["serving_default"])
    assert default == [model.generate(prompt, seed=0) for prompt in prompts]
    drawn = written(answers[len(greedy) :], signatures["sample"])
    in_python = model.signatures()["sample"]
    together = [in_python(**inputs)["text"].numpy() for inputs in draws]
    assert drawn == [text.decode() for batch in together for text in batch]
    # `generate` makes other batches, whose products are cut into other blocks: of 80,000 draws one
    # fell between the two sums.
    others = model.generate(prompts, temperature=0.8, top_p=0.9, seed=0)
    differing = [pair for pair in zip(drawn, others, strict=True) if pair[0] != pair[1]]
    assert len(differing) <= (name == "generate_shakespeare"), differing


@pytest.mark.slow
@pytest.mark.parametrize("name", names("caption", "caption_en"))
def test_shipped_captioner_in_the_c_runtime_equals_python(name, tmp_path):
    model, version, _ = shipped(name, tmp_path)
    signature = saved_model.signatures(version)["serving_default"]
    images = list(photographs(200))
    plans = [request(signature, image_bytes=tf.constant(batch)) for batch in batched(images)]
    found = run(version, tmp_path / "read only", plans, [])

    assert found["python"] == []
    assert written(found["answers"], signature) == model.generate(images)


@pytest.mark.slow
@pytest.mark.parametrize("name", names("classify", "classify_reviews_zh"))
def test_shipped_classifier_in_the_c_runtime_equals_python(name, tmp_path):
    model, version, lines = shipped(name, tmp_path)
    signature = saved_model.signatures(version)["serving_default"]
    texts = beginnings(lines)
    plans = [request(signature, text=tf.constant(batch)) for batch in batched(texts)]
    found = run(version, tmp_path / "read only", plans, [])

    assert found["python"] == []
    place = sorted(signature.outputs).index("label")
    labels = [bytes.fromhex(label).decode() for out in found["answers"] for label in out[place][1]]
    best = labels[:: len(model.labels)]
    assert best == model.classify([text.decode("utf-8", "replace") for text in texts])


# A checkpoint for each kind of model and of tokenizer: two SentencePiece models, one of many
# languages, byte-level BPE, SentencePiece BPE, byte-level BPE with other words.
CHECKPOINTS = ("marian", "m2m100", "gpt2", "llama2", "llama3")


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKPOINTS)
def test_imported_checkpoint_in_the_c_runtime_equals_python(name, tmp_path):
    pytest.importorskip("safetensors")
    folder = Path(__file__).parent / "checkpoints" / name
    languages = {"source_language": "de", "target_language": "fr"} if name == "m2m100" else {}
    model = zoo.from_pretrained(folder, **languages)
    model.decoding = model.decoding.updated(max_new_tokens=12, num_beams=4)
    version = export(model, tmp_path, name)
    texts = json.loads((folder / "expected.json").read_text("utf-8"))["texts"][:20]
    texts += ["", *(text.decode("utf-8", "replace") for text in AWKWARD[2:7])]
    signature = saved_model.signatures(version)["serving_default"]
    plans = [request(signature, text=tf.constant(batch)) for batch in batched(texts)]
    found = run(version, tmp_path / "read only", plans, [])

    assert found["python"] == []
    answers = written(found["answers"], signature)
    assert answers == model.generate(texts) and len(set(answers)) > 10
