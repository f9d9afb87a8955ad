"""M2M-100 and NLLB-200: small ones that transformers wrote, with what it made of them.

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
from zoo.text import END_ID, START_ID

pytest.importorskip("safetensors")
CROSS_ENTROPY = keras.losses.sparse_categorical_crossentropy
CHECKPOINTS = ROOT / "tests" / "checkpoints"
LANGUAGES = {
    "m2m100": {"source_language": "de", "target_language": "fr"},
    "nllb": {"source_language": "deu_Latn", "target_language": "fra_Latn"},
}


class Family:
    def __init__(self, name):
        self.path, self.languages = CHECKPOINTS / name, LANGUAGES[name]
        self.expected = json.loads((self.path / "expected.json").read_text("utf-8"))
        self.texts = self.expected["texts"][: len(self.expected["answers"]["1"])]
        self.options = {"max_new_tokens": self.expected["new_tokens"]}
        self.translator = zoo.from_pretrained(self.path, **self.languages)


@pytest.fixture(scope="module", params=LANGUAGES)
def family(request):
    return Family(request.param)


@pytest.fixture(scope="module")
def nllb():
    return Family("nllb")


def rows(family):
    """Our token of each row of the checkpoint."""
    vocabulary = family.path / "vocab.json"
    tokenizer = family.translator.source_tokenizer
    names = tokenizer.pieces(range(tokenizer.vocab_size))
    known = {name: i for i, name in enumerate(names) if i > END_ID}
    if vocabulary.is_file():
        theirs = json.loads(vocabulary.read_text("utf-8"))
        text = sorted(theirs, key=theirs.get)[4:]
    else:  # all of the model's pieces, in its order
        text = [name for name in names[4:] if not name.startswith("<bos>")]
        text = text[: names.index("<bos>") - 4]
    rest = names[names.index("<bos>") + 1 :]
    return np.array([known["<bos>"], 0, END_ID, 1, *(known[name] for name in [*text, *rest])])


def test_texts_have_the_tokens_that_transformers_gives_them(family):
    ours_of = rows(family).tolist()
    lacking = set(range(END_ID + 1, family.translator.source_tokenizer.vocab_size)) - {*ours_of}
    texts, theirs = family.expected["texts"], family.expected["ids"]
    for text, ids, ours in zip(texts, theirs, family.translator.encode_sources(texts), strict=True):
        assert (
            family.translator.source_tokenizer.pieces(ours[:1])[0].strip("_")
            == (family.languages["target_language"])
        )
        assert [1 if i in lacking else i for i in ours[1:]] == [ours_of[i] for i in ids], text
    assert bool(lacking) == (family.path / "vocab.json").is_file()


def test_logits_are_those_of_transformers(family):
    reference, ours = np.load(family.path / "expected.npz"), rows(family)
    translator = family.translator
    source = translator.collate(translator.encode_sources(family.texts[:4]))
    target = ours[reference["target"]]
    start = np.full((4, 1), START_ID)
    inputs = {"source": source[:, 1:], "target": np.concatenate([start, target[:, :-1]], axis=1)}
    logits = keras.ops.convert_to_numpy(translator.model(inputs))
    assert np.abs(reference["logits"]).max() > 5
    np.testing.assert_allclose(logits[..., ours], reference["logits"], atol=1e-4)
    others = np.delete(logits, ours, axis=-1)  # the start, and what the vocabulary lacks
    assert (others < -1e8).all()


@pytest.mark.parametrize("beams", [1, 4])
def test_answers_are_those_of_transformers(family, beams):
    answers = family.translator.generate(family.texts, num_beams=beams, **family.options)
    assert answers == family.expected["answers"][str(beams)]
    assert len(set(answers)) > 25


def test_languages_are_chosen_for_each_call(nllb):
    translator, texts = nllb.translator, nllb.texts[:6]
    into_english = zoo.from_pretrained(
        nllb.path, source_language="fra_Latn", target_language="eng_Latn"
    )
    asked = {"source_language": "fra_Latn", "target_language": "eng_Latn"}
    # Stops and prefixes leave the languages as they are.
    held = {"prefix": ["Good"] * len(texts), "stop": "~", "num_beams": 1, **nllb.options}
    found = translator.generate(texts, **asked, **held)
    assert all(text.startswith("Good") for text in found)
    assert found == into_english.generate(texts, **held)
    assert found != translator.generate(texts, **held)
    assert translator.generate(["", " "], **asked) == ["", ""]


@pytest.mark.parametrize(
    "code, message",
    [
        ("fra", "target_language must be .* such as fra_Latn; got target_language='fra'"),
        ("eng_latn", "such as eng_Latn"),
        ("??", "one of deu_Latn, eng_Latn, fra_Latn; got"),
        (None, "one of deu_Latn, eng_Latn, fra_Latn; got target_language=None"),
    ],
)
def test_language_that_a_model_does_not_have_is_an_error(nllb, code, message):
    with pytest.raises(ValueError, match=message):
        zoo.from_pretrained(nllb.path, source_language="deu_Latn", target_language=code)
    if code is not None:
        with pytest.raises(ValueError, match=message):
            nllb.translator.generate("a", target_language=code)


def test_source_language_of_a_family_that_has_none_is_an_error():
    with pytest.raises(ValueError, match="source_language must be None for .*marian"):
        zoo.from_pretrained(CHECKPOINTS / "marian", source_language="deu_Latn")


def test_score_and_attention_are_those_of_the_text(nllb):
    translator, text = nllb.translator, nllb.texts[0]
    found = translator.generate(text, num_beams=1, return_dict=True, **nllb.options)
    number = translator.target_tokenizer.id_of
    given = [number(name) for name in ["fra_Latn", *found.tokens]]
    source = translator.collate(translator.encode_sources([text]))[:, 1:]
    logits = translator.model({"source": source, "target": np.array([[START_ID, *given[:-1]]])})
    losses = CROSS_ENTROPY(np.array([given]), logits, from_logits=True)
    assert found.score == pytest.approx(-float(losses[0, 1:].numpy().sum()), abs=1e-4)
    assert found.source_tokens[0] == "deu_Latn" and found.source_tokens[-1] == "</s>"
    assert found.attention.shape[2:] == (len(found.tokens), len(found.source_tokens))
    assert "fra_Latn" not in found.tokens[:1]


@pytest.fixture(scope="module")
def file(nllb, tmp_path_factory):
    file = tmp_path_factory.mktemp("models") / "nllb.keras"
    languages = ["--source-language", "deu_Latn", "--target-language", "fra_Latn"]
    assert main(["import", str(nllb.path), "--out", str(file), *languages]) == 0
    return file


def test_file_and_graph_answer_the_same(nllb, file):
    loaded = keras.models.load_model(file)
    texts = nllb.texts[:5]
    asked = {"source_language": "eng_Latn", "target_language": "deu_Latn"}
    for options in ({}, asked):
        theirs = nllb.translator.generate(texts, **options, **nllb.options)
        assert loaded.generate(texts, **options, **nllb.options) == theirs
    loaded.decoding = loaded.decoding.updated(**nllb.options)
    found = [text.decode() for text in loaded(texts).numpy()]
    assert found == nllb.expected["answers"]["4"][:5]


@pytest.mark.slow
def test_command_takes_languages(nllb, file, capfd):
    text, asked = nllb.texts[0], {"source_language": "eng_Latn", "target_language": "deu_Latn"}
    answer = nllb.translator.generate(text, **asked, **nllb.options)
    languages = ["--source-language", "eng_Latn", "--target-language", "deu_Latn"]
    assert main(["translate", str(file), text, *languages, "--max-new-tokens", "12"]) == 0
    assert capfd.readouterr().out == f"{answer}\n"
    assert main(["translate", str(file), text, "--target-language", "deu"]) == 2
    assert "such as deu_Latn; got target_language='deu'" in capfd.readouterr().err


@pytest.mark.slow
def test_litert_file_answers_the_same(nllb, tmp_path):
    from zoo.serving import export_litert, open_litert

    translator = zoo.from_pretrained(nllb.path, **nllb.languages)
    translator.decoding = translator.decoding.updated(**nllb.options)
    reader = open_litert(export_litert(translator, tmp_path, weights="float32"))
    texts = nllb.texts[:5]
    asked = {"source_language": "eng_Latn", "target_language": "deu_Latn"}
    assert reader.generate(texts) == nllb.expected["answers"]["4"][:5]
    assert reader.generate(texts, **asked) == translator.generate(texts, **asked)
    with pytest.raises(ValueError, match="such as fra_Latn"):
        reader.generate(texts, target_language="fra")


def test_training_is_of_the_texts_alone(nllb):
    pairs = [("Guten Tag", "Good day"), ("ja", "yes")]
    inputs, labels, weights = next(iter(nllb.translator.batches(pairs, batch_size=2)))
    language = nllb.translator.target_tokenizer.id_of("fra_Latn")
    assert (inputs["target"][:, :2].numpy() == [START_ID, language]).all()
    assert (labels[:, 0].numpy() == language).all() and (weights[:, 0].numpy() == 0).all()
    assert inputs["source"][0, 0] == nllb.translator.source_tokenizer.id_of("deu_Latn")
    losses = -nllb.translator.score(*map(list, zip(*pairs, strict=True)))
    logits = nllb.translator.model(inputs)
    found = CROSS_ENTROPY(labels, logits, from_logits=True)
    np.testing.assert_allclose((found * weights).numpy().sum(1), losses, rtol=1e-4)


def changed(nllb, tmp_path, file, content):
    folder = tmp_path / "changed"
    shutil.copytree(nllb.path, folder)
    (folder / file).write_text(json.dumps(content), "utf-8")
    return folder


CHANGES = {
    "suffixes": ("tokenizer_config.json", {"legacy_behaviour": True}, "legacy_behaviour must be"),
    "another tokenizer": (
        "tokenizer_config.json",
        {"tokenizer_class": "SMALL100Tokenizer"},
        "tokenizer_class must be one of M2M100Tokenizer, .*got 'SMALL100Tokenizer'",
    ),
    "no languages": ("special_tokens_map.json", {}, "with the tokens of the languages; got none"),
    "a short table": (
        "added_tokens.json",
        {"deu_Latn": 900, "fra_Latn": 901},
        "vocab_size must be above 901, the number of fra_Latn",
    ),
    "another vocabulary": ("vocab.json", {"<pad>": 0, "a": 1}, "the first tokens must be <s>"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_tokenizer_that_does_not_fit_is_named(what, nllb, tmp_path):
    file, content, message = CHANGES[what]
    folder = changed(nllb, tmp_path, file, content)
    with pytest.raises(ValueError, match=message) as error:
        zoo.from_pretrained(folder, **nllb.languages)
    assert str(folder) in str(error.value)
