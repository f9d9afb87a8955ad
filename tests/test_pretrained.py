"""Public checkpoints: small ones that transformers wrote, with what it made of them.

`scripts/write_reference_checkpoint.py` made the folders in `tests/checkpoints`.
"""

import json
import shutil

import keras
import numpy as np
import pytest
from conftest import ROOT

import zoo
from zoo.cli import main
from zoo.text import END_ID, PAD_ID, START_ID

pytest.importorskip("safetensors")
MARIAN = ROOT / "tests" / "checkpoints" / "marian"
EXPECTED = json.loads((MARIAN / "expected.json").read_text("utf-8"))
VOCABULARY = json.loads((MARIAN / "vocab.json").read_text("utf-8"))
NAMES = {number: name for name, number in VOCABULARY.items()}
TEXTS = EXPECTED["texts"][: len(EXPECTED["answers"]["1"])]


MULTILINGUAL = MARIAN.with_name("marian_multilingual")


@pytest.fixture(scope="module")
def translator():
    return zoo.from_pretrained(MARIAN)


@pytest.fixture(scope="module")
def into_english():
    return zoo.from_pretrained(MULTILINGUAL, target_language="eng")


def pieces(translator, text):
    return translator.source_tokenizer.pieces(translator.encode_sources([text])[0])


def without_runs(names):
    """Names of tokens; each run of unknown ones as one."""
    return [name for i, name in enumerate(names) if name != "<unk>" or names[i - 1] != "<unk>"]


def test_texts_have_the_tokens_that_transformers_gives_them(translator):
    for text, ids in zip(EXPECTED["texts"], EXPECTED["ids"], strict=True):
        theirs = without_runs([NAMES[i] for i in ids])
        ours = pieces(translator, text)
        # A piece that the vocabulary lacks has a text here, and is unknown there.
        ours = without_runs([name if name in VOCABULARY else "<unk>" for name in ours])
        assert ours == theirs, text


def test_logits_are_those_of_transformers(translator):
    reference = np.load(MARIAN / "expected.npz")
    known = {name: i for i, name in enumerate(translator.source_tokenizer.pieces(range(V)))}
    ours = np.array([known[NAMES[i]] for i in range(len(VOCABULARY))])
    source = translator.collate(translator.encode_sources(TEXTS[:4]))
    target = ours[reference["target"]]
    start = np.full((4, 1), START_ID)
    inputs = {"source": source, "target": np.concatenate([start, target[:, :-1]], axis=1)}
    logits = keras.ops.convert_to_numpy(translator.model(inputs))
    end = VOCABULARY["</s>"]
    assert np.abs(reference["logits"]).max() > 5
    np.testing.assert_allclose(logits[..., ours], reference["logits"], atol=1e-4)
    np.testing.assert_allclose(logits[..., END_ID], reference["logits"][..., end], atol=1e-4)
    # The start of an answer is their padding, and what their vocabulary lacks is never written.
    np.testing.assert_allclose(logits[..., START_ID], logits[..., PAD_ID])
    lacking = [i for name, i in known.items() if i > END_ID and name not in VOCABULARY]
    assert lacking and (logits[..., lacking] < -1e8).all()


V = 4 + sum(name not in ("<pad>", "<unk>", "</s>") for name in VOCABULARY)
V += len(EXPECTED["lacking"])


@pytest.mark.parametrize("beams", [1, 4])
def test_answers_are_those_of_transformers(translator, beams):
    answers = translator.generate(TEXTS, num_beams=beams, max_new_tokens=EXPECTED["new_tokens"])
    assert answers == EXPECTED["answers"][str(beams)]
    assert len(set(answers)) > 50


def test_language_is_put_in_front_of_each_source(into_english, tmp_path):
    expected = json.loads((MULTILINGUAL / "expected.json").read_text("utf-8"))
    names = {i: n for n, i in json.loads((MULTILINGUAL / "vocab.json").read_text("utf-8")).items()}
    first = into_english.source_tokenizer.pieces(into_english.encode_sources(TEXTS[:1])[0])
    first = [name if name in names.values() else "<unk>" for name in first]
    assert first[0] == ">>eng<<" and first == [names[i] for i in expected["ids"][0]]
    options = {"num_beams": 4, "max_new_tokens": expected["new_tokens"]}
    assert into_english.generate(TEXTS, **options) == expected["answers"]["4"]
    assert into_english.generate(["", " "]) == ["", ""]
    # The same in its graph of strings, and from a file.
    into_english.decoding = into_english.decoding.updated(**options)
    found = [text.decode() for text in into_english(TEXTS[:9]).numpy()]
    assert found == expected["answers"]["4"][:9]
    into_english.save(tmp_path / "model.keras")
    assert keras.models.load_model(tmp_path / "model.keras").generate(TEXTS[:9]) == found


@pytest.mark.parametrize("language", [None, "deu"])
def test_language_that_a_model_does_not_have_is_an_error(language):
    with pytest.raises(ValueError, match="target_language must be one of eng, fra for"):
        zoo.from_pretrained(MULTILINGUAL, target_language=language)
    with pytest.raises(ValueError, match="target_language must be one of None for .*got .*'eng'"):
        zoo.from_pretrained(MARIAN, target_language="eng")


def test_decoding_is_that_of_the_checkpoint(translator):
    assert translator.decoding.num_beams == 4 and translator.decoding.max_new_tokens == 512
    assert translator.max_target_ratio is None and translator.max_sentence_length is None


def test_command_writes_a_file_that_answers_the_same(translator, tmp_path, capfd):
    file = tmp_path / "models" / "marian.keras"
    assert main(["import", str(MARIAN), "--out", str(file)]) == 0
    assert capfd.readouterr().out.strip() == str(file)
    loaded = keras.models.load_model(file)
    options = {"num_beams": 4, "max_new_tokens": 12}
    assert loaded.generate(TEXTS[:8], **options) == translator.generate(TEXTS[:8], **options)


def damaged(tmp_path, file, change):
    folder = tmp_path / "damaged"
    shutil.copytree(MARIAN, folder)
    content = json.loads((folder / file).read_text("utf-8"))
    (folder / file).write_text(json.dumps(change(content)), "utf-8")
    return folder


SETTINGS = {
    "another family": ({"model_type": "t5"}, "model_type must be one of gpt2, .*; got 't5'"),
    "another norm": ({"normalize_before": True}, "normalize_before must be False; got True"),
    "an activation": ({"activation_function": "mish"}, "activation_function must be one of gelu"),
    "more layers": ({"encoder_layers": 3}, "weight model.encoder.layers.2.self_attn.q_proj.weight"),
    "fewer layers": ({"encoder_layers": 1}, "must have no other weights than those of marian"),
    "another width": (
        {"encoder_ffn_dim": 64, "decoder_ffn_dim": 64},
        r"must have shape \(64, 16\)",
    ),
    "two widths": ({"decoder_ffn_dim": 64}, "decoder_ffn_dim must be 32; got 64"),
}


@pytest.mark.parametrize("what", SETTINGS)
def test_settings_that_do_not_fit_are_named(what, tmp_path):
    settings, message = SETTINGS[what]
    folder = damaged(tmp_path, "config.json", lambda config: config | settings)
    with pytest.raises(ValueError, match=message) as error:
        zoo.from_pretrained(folder)
    assert str(folder) in str(error.value)


def test_vocabulary_that_does_not_fit_is_named(tmp_path):
    def change(vocabulary):
        return {name: i for name, i in vocabulary.items() if name != "<pad>"}

    with pytest.raises(ValueError, match="vocab.json must have <pad>"):
        zoo.from_pretrained(damaged(tmp_path, "vocab.json", change))


@pytest.mark.parametrize("name", ["config.json", "vocab.json", "source.spm", "model.safetensors"])
def test_file_that_is_missing_is_named(name, tmp_path, capfd):
    folder = tmp_path / "folder"
    shutil.copytree(MARIAN, folder)
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=name):
        zoo.from_pretrained(folder)
    assert main(["import", str(folder), "--out", str(tmp_path / "x.keras")]) == 2
    assert name in capfd.readouterr().err and not (tmp_path / "x.keras").exists()


@pytest.mark.parametrize("name", ["source.spm", "model.safetensors"])
def test_file_that_is_cut_is_named(name, tmp_path):
    folder = tmp_path / "folder"
    shutil.copytree(MARIAN, folder)
    (folder / name).write_bytes((folder / name).read_bytes()[:100])
    with pytest.raises(ValueError, match=name):
        zoo.from_pretrained(folder)


def test_folder_that_is_none_is_an_error_without_a_download(tmp_path):
    with pytest.raises(FileNotFoundError, match="path must be a folder with a config.json"):
        zoo.from_pretrained(tmp_path / "nothing")
