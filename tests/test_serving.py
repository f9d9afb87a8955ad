import json
import os
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import yaml
from tensorflow.core.protobuf import saved_model_pb2

from zoo.serving import export
from zoo.serving.warmup import BATCH_SIZES

INPUTS = [
    b"der Hund",
    b"",
    b"eine Katze l\xc3\xa4uft",
    b"   ",
    b"\xff\xfe Hund",
    b"zwei \xe4\xb8",
    b"Kinder \x00\x07",
    "狗 🐕‍🦺".encode(),
    "كلب أسود".encode(),
    "\u2028\ufeff\u200b".encode(),
    b"Hund" * 60,
    b"zwei Kinder " * 40,
    b"der",
    *(b"der Hund eine Katze zwei Kinder"[:n] for n in range(3, 31, 2)),
    "schläft".encode() * 3,
    b"x\ty\nz",
    b"<s> Hund </s>",
]

# Reads hex from the command line, so that any bytes come through.
SERVE = """
import json, sys
import tensorflow as tf, tensorflow_text
assert "zoo" not in sys.modules
serve = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
batches = [sys.argv[2:], sys.argv[2:3], []]
answers = [serve(text=tf.constant([bytes.fromhex(t) for t in b], tf.string)) for b in batches]
print(json.dumps([[t.decode() for t in a["text"].numpy()] for a in answers]))
print(json.dumps(answers[0]["score"].numpy().tolist()))
"""


@pytest.fixture(scope="module")
def version(exported):
    return exported / "copy" / "1"


@pytest.fixture(scope="module")
def loaded(version):
    return tf.saved_model.load(str(version))


def decoded(strings):
    return [string.decode() for string in np.ravel(strings.numpy())]


def test_another_process_without_zoo_gives_the_strings_of_generate(
    translator, version, fresh_python, tmp_path, monkeypatch
):
    monkeypatch.setattr(translator, "max_sentence_length", None)  # an export cuts no text
    arguments = [text.hex() for text in INPUTS]
    # Not from the repository, where `import zoo` would work.
    printed = fresh_python(SERVE, version, *arguments, cwd=tmp_path).splitlines()
    texts, scores = map(json.loads, printed[-2:])
    answers = translator.generate(
        [text.decode("utf-8", "replace") for text in INPUTS], return_dict=True
    )
    assert texts == [[out.text for out in answers], [answers[0].text], []]
    # Sums of up to 20 float32 terms, by steps there and in one pass here.
    np.testing.assert_allclose(scores, [out.score for out in answers], rtol=1e-4, atol=1e-4)


def test_signatures_have_the_promised_names_types_and_shapes(loaded):
    assert set(loaded.signatures) == {"serving_default", "attention"}
    text = tf.TensorSpec([None], tf.string, name="text")
    for signature in loaded.signatures.values():
        assert signature.structured_input_signature == ((), {"text": text})
    outputs = {
        name: {key: (t.dtype.name, t.shape.rank) for key, t in f.structured_outputs.items()}
        for name, f in loaded.signatures.items()
    }
    assert outputs == {
        "serving_default": {"text": ("string", 1), "score": ("float32", 1)},
        "attention": {
            "text": ("string", 1),
            "source_tokens": ("string", 2),
            "target_tokens": ("string", 2),
            "attention": ("float32", 3),
        },
    }


def test_attention_rows_sum_to_one_at_tokens_and_to_zero_elsewhere(loaded, translator):
    sources = ["eine Katze läuft", "", "Hund"]
    out = loaded.signatures["attention"](text=tf.constant(sources))
    expected = translator.generate(sources, return_dict=True)
    assert decoded(out["text"]) == [answer.text for answer in expected]
    b, t, s = out["attention"].shape
    assert (b, t) == out["target_tokens"].shape and (b, s) == out["source_tokens"].shape
    real = out["target_tokens"].numpy() != b""
    # 1e-5: a softmax in float32 over at most 5 tokens
    np.testing.assert_allclose(tf.reduce_sum(out["attention"], axis=-1), real, atol=1e-5)
    for row, answer in enumerate(expected):
        t, s = len(answer.tokens), len(answer.source_tokens)
        assert decoded(out["target_tokens"][row])[:t] == answer.tokens
        assert decoded(out["source_tokens"][row])[:s] == answer.source_tokens
        assert not np.any(out["attention"][row, t:]) and not np.any(out["attention"][row, :, s:])
        last_layer = answer.attention[-1].mean(axis=0)
        np.testing.assert_allclose(out["attention"][row, :t, :s], last_layer, atol=1e-5)


@pytest.mark.parametrize("texts", [[], [""], ["", " "]])
def test_batches_without_a_word_are_answered(loaded, texts):
    for signature in loaded.signatures.values():
        out = signature(text=tf.constant(texts, tf.string))
        assert decoded(out["text"]) == [""] * len(texts)
        assert {tensor.shape[0] for tensor in out.values()} == {len(texts)}


def test_tfsm_layer_gives_the_same(translator, version):
    layer = keras.layers.TFSMLayer(str(version), call_endpoint="serving_default")
    sources = ["der Hund", "zwei Kinder"]
    assert decoded(layer(tf.constant(sources))["text"]) == translator.generate(sources)


def test_export_keeps_the_decoding_of_the_model(tokenizer, translator, tmp_path):
    config = {**translator.get_config(), "decoding": {"num_beams": 1, "max_new_tokens": 3}}
    greedy = type(translator).from_config(config)
    greedy.build()
    greedy.set_weights(translator.get_weights())
    greedy.export(tmp_path / "1")
    serve = tf.saved_model.load(str(tmp_path / "1")).signatures["serving_default"]
    source = "zwei Kinder der Hund"
    answer = decoded(serve(text=tf.constant([source]))["text"])[0]
    assert answer == greedy.generate(source)
    assert answer == translator.generate(source, num_beams=1, max_new_tokens=3)


def test_export_uses_standard_and_sentencepiece_operations_only(version):
    graph = (
        saved_model_pb2.SavedModel.FromString((version / "saved_model.pb").read_bytes())
        .meta_graphs[0]
        .graph_def
    )
    nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
    functions = {f.signature.name for f in graph.library.function}
    operations = {node.op for node in nodes} - functions
    foreign = {op for op in operations if not hasattr(tf.raw_ops, op)}
    assert foreign == {
        "SentencepieceOp",
        "SentencepieceTokenizeOp",
        "SentencepieceDetokenizeOp",
    }
    assert not [op for op in operations if "PyFunc" in op or op.startswith("Xla")]
    assert not [node.name for node in nodes if node.attr["_XlaMustCompile"].b]


def test_export_holds_no_path_of_the_machine_that_made_it(version):
    repository = str(keras.src.__path__[0]).encode(), __file__.rpartition("/tests/")[0].encode()
    files = [path for path in version.rglob("*") if path.is_file()]
    assert {"saved_model.pb", "variables.index"} <= {path.name for path in files}
    for path in files:
        content = path.read_bytes()
        for word in (*repository, str(version.parent).encode()):
            assert word not in content, (path.name, word)


class Exporter:
    """A model whose export is small, or fails when half of it is written."""

    name, choices = "small", ()

    def __init__(self, error=None):
        self.error = error

    def export(self, path):
        if self.error:
            path.mkdir(exist_ok=True)
            (path / "saved_model.pb").write_bytes(b"half")
            raise self.error
        module = tf.Module()
        spec = tf.TensorSpec([None], tf.string, name="text")
        module.function = tf.function(lambda text: {"text": text}, input_signature=[spec])
        tf.saved_model.save(module, str(path), {"serving_default": module.function})


@pytest.mark.parametrize(
    ("there", "expected"), [([], "1"), (["1", "2"], "3"), (["9", "10", "old", ".11.7"], "11")]
)
def test_version_is_one_above_the_highest(tmp_path, there, expected):
    for name in there:
        (tmp_path / "m" / name).mkdir(parents=True)
    version = export(Exporter(), tmp_path, "m")
    assert version == tmp_path / "m" / expected
    assert {path.name for path in version.parent.iterdir()} == {*there, expected}
    assert (version / "assets.extra" / "tf_serving_warmup_requests").stat().st_size > 0


def test_failed_export_leaves_nothing_behind(tmp_path):
    with pytest.raises(OSError, match="disk full"):
        export(Exporter(OSError("disk full")), tmp_path, "m")
    assert list((tmp_path / "m").iterdir()) == []
    assert export(Exporter(), tmp_path, "m").name == "1"


def test_what_a_killed_export_left_is_no_version_and_goes_away(tmp_path):
    old, young = tmp_path / "m" / ".new.1", tmp_path / "m" / ".new.2"
    for folder in (old, young):
        folder.mkdir(parents=True)
    os.utime(old, (0, 0))
    assert export(Exporter(), tmp_path, "m").name == "1"
    assert not old.exists() and young.exists()


@pytest.mark.parametrize("name", ["", "a/b", "a:b", ".a", "a b"])
def test_name_that_cannot_stand_in_a_url_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match="name must be of letters"):
        export(Exporter(), tmp_path, name)


def test_folder_of_several_models_gets_what_a_server_needs(tmp_path):
    export(Exporter(), tmp_path, "one")
    export(Exporter(), tmp_path)
    config = (tmp_path / "models.config").read_text(encoding="utf-8")
    assert re.findall('name: "(.*)"', config) == ["one", "small"]
    assert re.findall('base_path: "(.*)"', config) == ["/models/one", "/models/small"]
    batching = (tmp_path / "batching.txt").read_text(encoding="utf-8")
    sizes = tuple(map(int, re.findall("allowed_batch_sizes: (.*)", batching)))
    assert sizes == BATCH_SIZES and f"max_batch_size {{ value: {sizes[-1]} }}" in batching

    compose = yaml.safe_load((tmp_path / "compose.yaml").read_text(encoding="utf-8"))
    manifest = (tmp_path / "kubernetes.yaml").read_text(encoding="utf-8")
    deployment, service = yaml.safe_load_all(manifest)
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    for options in (compose["services"]["serving"]["command"], container["args"]):
        for option in options:
            file = option.partition("=/models/")[2]
            assert not file or (tmp_path / file).is_file(), option
    assert container["readinessProbe"]["httpGet"]["path"] == "/v1/models/one/metadata"
    assert deployment["kind"] == "Deployment" and service["kind"] == "Service"
    clients = {path.name for path in (tmp_path / "clients").iterdir()}
    assert clients == {"curl.sh", "rest.py", "grpc_client.py"}


@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_manifests_fit_the_schema_of_kubernetes(tmp_path, version):
    kubernetes = pytest.importorskip("kubernetes_validate")
    export(Exporter(), tmp_path)
    guide = (Path(__file__).parents[1] / "docs" / "scale.md").read_text(encoding="utf-8")
    texts = [(tmp_path / "kubernetes.yaml").read_text(encoding="utf-8")]
    texts += re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    documents = [document for text in texts for document in yaml.safe_load_all(text)]
    assert [one["kind"] for one in documents] == ["Deployment", "Service", "Service", "Job"]
    for document in documents:
        kubernetes.validate(document, version, strict=True)
    documents[0]["spec"]["replica"] = 2
    with pytest.raises(kubernetes.ValidationError):
        kubernetes.validate(documents[0], version, strict=True)
