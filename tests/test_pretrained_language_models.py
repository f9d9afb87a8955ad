"""Language models from public checkpoints: small ones that transformers wrote.

`scripts/write_reference_checkpoint.py` made the folders in `tests/checkpoints`.
"""

import json
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT

import zoo
from zoo.cli import main
from zoo.layers.rotary import stretch
from zoo.lite.spaced_pairs import vocabulary
from zoo.pretrained import causal
from zoo.pretrained.checkpoint import Checkpoint
from zoo.pretrained.vocabulary import model_of

pytest.importorskip("safetensors")
FOLDER = ROOT / "tests" / "checkpoints"
FAMILIES = ("gpt2", "gpt_neox", "llama2", "llama3", "qwen2", "qwen3")


class Case:
    """A checkpoint, its model, and what transformers made of it."""

    def __init__(self, name):
        self.path = FOLDER / name
        self.model = zoo.from_pretrained(self.path)
        self.tokenizer = self.model.tokenizer
        self.expected = json.loads((self.path / "expected.json").read_text("utf-8"))
        self.texts = self.expected["texts"]
        self.all_texts = self.texts + self.expected["hard"]
        tokens = causal.tokens(Checkpoint(self.path))
        self.theirs = order = tokens.order  # theirs, of ours
        self.ends = {3, *tokens.ends}
        self.ours = {theirs: ours for ours, theirs in enumerate(order)}

    def answers(self, beams):
        """The texts that transformers wrote."""
        rows = [[self.ours[i] for i in row] for row in self.expected["answers"][str(beams)]]
        pairs = zip(self.texts, self.tokenizer.decode(rows), strict=True)
        return [text + new for text, new in pairs]

    def logits(self, model):
        """Of the tokens in the reference, in its order."""
        reference = np.load(self.path / "expected.npz")
        tokens = np.vectorize(self.ours.get)(reference["tokens"])
        found = keras.ops.convert_to_numpy(model.model(tokens))
        columns = [self.ours[i] for i in range(reference["logits"].shape[-1])]
        return found[..., columns], reference["logits"], found


@pytest.fixture(scope="module")
def cases():
    return {name: Case(name) for name in FAMILIES}


@pytest.fixture(params=FAMILIES)
def case(request, cases):
    return cases[request.param]


@pytest.fixture
def gpt2(cases):
    return cases["gpt2"]


def test_texts_have_the_tokens_that_transformers_gives_them(case):
    for source, ids in zip(
        case.model.preprocess(case.all_texts)[0], case.expected["ids"], strict=True
    ):
        if source.text:
            assert [case.theirs[i] for i in source.ids] == ids, source.text
    in_graph = case.tokenizer(tf.constant([text.encode() for text in case.all_texts])).to_list()
    assert in_graph == case.tokenizer.encode(case.all_texts)
    assert in_graph == vocabulary(case.tokenizer.proto).encode(case.all_texts)  # of LiteRT


def test_text_comes_back_as_transformers_has_it(case):
    ids = case.tokenizer.encode(case.all_texts)
    found = case.tokenizer.decode(ids)
    in_graph = case.tokenizer.detokenize(tf.ragged.constant(ids, dtype=tf.int32).to_tensor())
    assert [text.decode() for text in in_graph.numpy()] == found
    space = " " if case.tokenizer.adds_space else ""
    assert found == [space + text for text in case.expected["decoded"]]


@pytest.mark.parametrize("spacing", ["first", "always", "never", "legacy"])
def test_spaces_go_where_transformers_has_them(cases, spacing, tmp_path):
    case = cases["llama2"]
    settings = case.expected["spacings"][spacing]

    def change(content):
        if spacing == "legacy":
            space = {"String": " "}, "▁"
            first = {"type": "Prepend", "prepend": "▁"}
            then = {"type": "Replace", "pattern": space[0], "content": space[1]}
            content |= {"pre_tokenizer": None}
            content["normalizer"] = {"type": "Sequence", "normalizers": [first, then]}
        return content

    folder = changed(tmp_path, "llama2", "tokenizer.json", change)
    config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    (folder / "tokenizer_config.json").write_text(json.dumps(config | settings), "utf-8")
    tokens = causal.tokens(Checkpoint(folder))
    texts = case.expected["spaced"]
    found = tokens.tokenizer.encode(texts)
    start = tokens.order[2]
    assert [[start, *(tokens.order[i] for i in row)] for row in found] == case.expected[
        "spaced_ids"
    ][spacing]
    assert tokens.tokenizer(tf.constant([text.encode() for text in texts])).to_list() == found
    if spacing != "legacy":  # the same from the SentencePiece model alone
        (folder / "tokenizer.json").unlink()
        assert causal.tokens(Checkpoint(folder)).tokenizer.encode(texts) == found


def test_text_that_begins_with_nothing_has_no_space_in_front(cases):
    model = cases["llama2"].model
    sources, _ = model.preprocess(["", "a"])
    assert [model.postprocess(source, " Das") for source in sources] == ["Das", "a Das"]
    inputs = tf.constant(["", "a"])
    in_graph = model.postprocess_answer_tf(inputs, tf.constant([" Das", " Das"])).numpy()
    assert in_graph.tolist() == [b"Das", b"a Das"]


def test_random_text_has_the_same_tokens_in_the_graph(case):
    random = np.random.default_rng(0)
    parts = [
        *"aZ09 \n\t\r.,'|<é你😀ש\u00a0\u3000½\u0301\0_",
        "  ",
        "'s",
        "'LL",
        "<|end|>",
        "<|user|>",
    ]
    texts = ["".join(random.choice(parts, random.integers(1, 30))) for _ in range(300)]
    ids = case.tokenizer.encode(texts)
    assert case.tokenizer(tf.constant([text.encode() for text in texts])).to_list() == ids
    rows = random.integers(4, case.tokenizer.vocab_size, [200, 8])  # characters break anywhere
    in_graph = case.tokenizer.detokenize(tf.constant(rows, tf.int32)).numpy()
    assert [text.decode() for text in in_graph] == case.tokenizer.decode(rows.tolist())


def test_logits_are_those_of_transformers(case):
    found, reference, whole = case.logits(case.model)
    assert np.abs(reference).max() > 3
    np.testing.assert_allclose(found, reference, atol=1e-4)
    # Copies of the end token have no share of the probability.
    both = [np.logaddexp.reduce(logits, axis=-1) for logits in (whole, reference)]
    np.testing.assert_allclose(*both, atol=1e-4)


def slow(name):
    return pytest.param(name, marks=pytest.mark.slow)


@pytest.mark.parametrize("name", ["gpt2", slow("llama2"), "llama3", slow("qwen3")])
def test_beams_are_those_of_transformers(cases, name):
    case = cases[name]
    answers = case.model.generate(case.texts, num_beams=4, max_new_tokens=12)
    assert answers == case.answers(4) and len(set(answers)) > 30


@pytest.mark.parametrize("name", ["gpt2", slow("gpt_neox"), "llama2", "qwen3"])
def test_greedy_answers_are_those_of_transformers(cases, name):
    case = cases[name]
    answers = case.model.generate(case.texts, max_new_tokens=12)
    assert answers == case.answers(1) and len(set(answers)) > 30


@pytest.mark.slow
@pytest.mark.parametrize("name", ["llama3", "qwen2"])
def test_each_of_several_end_tokens_ends_an_answer(cases, name):
    case = cases[name]
    rows = [[case.ours[i] for i in row] for row in case.expected["answers"]["1"]]
    last = [row[-1] for row in rows if len(row) < 12]
    assert set(last) | {3} == case.ends and len(last) > 1
    assert case.model.generate(case.texts, max_new_tokens=12) == case.answers(1)


def test_end_tokens_are_kept_with_the_model_and_end_a_stream(cases):
    case = cases["qwen2"]
    kept = case.model.get_config()["end_tokens"]
    assert {3, *kept} == case.ends and len(kept) == 1
    rows = case.expected["answers"]["1"]
    short = next(i for i, row in enumerate(rows) if case.ours[row[-1]] in kept)
    parts = case.model.stream(case.texts[short], max_new_tokens=12)
    assert "".join(parts) == case.answers(1)[short]


def test_pieces_and_stops_are_of_text(gpt2):
    text = gpt2.answers(1)[0]
    stop = text[-4:-2]
    found = gpt2.model.generate(gpt2.texts[0], stop=stop, max_new_tokens=12)
    new = text.removeprefix(gpt2.texts[0])
    assert found == gpt2.texts[0] + new[: new.index(stop)]
    ids = gpt2.tokenizer.encode(["Das ist 你"])[0]
    names = gpt2.tokenizer.pieces(ids)
    assert "▁" in "".join(names) and names[-1].startswith("<0x")
    assert gpt2.tokenizer.id_of(names[0]) == ids[0]


def test_stream_gives_the_same_text_and_no_broken_character(gpt2):
    for text, answer in zip(gpt2.texts[:6], gpt2.answers(1)[:6], strict=True):
        parts = list(gpt2.model.stream(text, max_new_tokens=12))
        assert "".join(parts) == answer


def test_file_and_graph_of_strings_answer_the_same(gpt2, tmp_path, capfd):
    texts, file = ["", *gpt2.texts[:5]], tmp_path / "models" / "gpt2.keras"
    assert main(["import", str(gpt2.path), "--out", str(file)]) == 0
    assert capfd.readouterr().out.strip() == str(file)
    loaded = keras.models.load_model(file)
    expected = gpt2.model.generate(texts, max_new_tokens=12)
    assert loaded.generate(texts, max_new_tokens=12) == expected
    loaded.decoding = loaded.decoding.updated(max_new_tokens=12)
    # The same in its graph of strings, of which an export is made.
    assert [text.decode() for text in loaded(texts).numpy()] == expected


def test_context_that_is_full_is_read_anew(gpt2):
    # 128 positions, of which each has a vector of its own.
    found = gpt2.model.generate(gpt2.texts[0], max_new_tokens=150, return_dict=True)
    assert len(found.tokens) == 150 and np.isfinite(found.score)
    assert gpt2.model.generate(gpt2.texts[:2], max_new_tokens=150)[0] == found.text


def changed(tmp_path, name, file, change):
    folder = tmp_path / "changed"
    shutil.copytree(FOLDER / name, folder)
    content = json.loads((folder / file).read_text("utf-8"))
    (folder / file).write_text(json.dumps(change(content)), "utf-8")
    return folder


SCALINGS = json.loads((FOLDER / "llama3" / "scalings.json").read_text("utf-8"))


@pytest.mark.parametrize("name", SCALINGS)
def test_logits_with_scaled_positions_are_those_of_transformers(cases, name, tmp_path):
    scaling = {"rope_theta": 500.0, **SCALINGS[name]}
    folder = changed(tmp_path, "llama3", "config.json", lambda c: c | {"rope_parameters": scaling})
    model, case = zoo.from_pretrained(folder), cases["llama3"]
    reference = np.load(FOLDER / "llama3" / "scaled.npz")
    tokens, logits = reference[f"{name}/tokens"], reference[f"{name}/logits"]
    found = keras.ops.convert_to_numpy(model.model(np.vectorize(case.ours.get)(tokens)))
    found = found[..., [case.ours[i] for i in range(logits.shape[-1])]]
    np.testing.assert_allclose(found, logits, atol=1e-4)
    # The frequencies of a stretched context hold up to 32 positions.
    assert model.model.context_length == (32 if name == "longrope" else 128)


def test_factor_of_a_scaling_follows_from_the_contexts(cases, tmp_path):
    """As older files have it: the first context in the configuration, and no factor."""
    scaling = {"type": "longrope", "short_factor": [1.5, 2.0], "long_factor": [3.0, 5.0]}

    def older(config):
        config.pop("rope_parameters")
        first = {"original_max_position_embeddings": 32}
        return config | first | {"rope_theta": 500.0, "rope_scaling": scaling}

    model = zoo.from_pretrained(changed(tmp_path, "llama3", "config.json", older))
    assert model.model.get_config()["rotary"]["scaling"]["factor"] == 4
    assert model.model.context_length == 32


def test_configuration_of_older_files_is_read(cases, tmp_path):
    def older(config):
        rope = config.pop("rope_parameters")
        return config | {"rope_theta": rope.pop("rope_theta"), "rope_scaling": rope}

    folder = changed(tmp_path, "llama3", "config.json", older)
    found, reference, _ = cases["llama3"].logits(zoo.from_pretrained(folder))
    np.testing.assert_allclose(found, reference, atol=1e-4)


CONFIGS = {
    "another activation": ("gpt2", {"activation_function": "mish"}, "one of gelu, .*; got 'mish'"),
    "cross attention": ("gpt2", {"add_cross_attention": True}, "must be False; got True"),
    "more layers": ("gpt2", {"n_layer": 3}, "weight transformer.h.2.attn.c_attn.weight"),
    "fewer layers": ("gpt2", {"n_layer": 1}, "no other weights than those of gpt2"),
    "other shapes": ("gpt2", {"n_inner": 32}, r"must have shape \(16, 32\); got \(16, 64\)"),
    "a small vocabulary": ("gpt2", {"vocab_size": 300}, "at most vocab_size=300 tokens"),
    "a scaling": (
        "llama3",
        {"rope_parameters": {"rope_type": "proportional", "factor": 2.0}},
        "rope_type must be one of default, linear, .*, longrope; got 'proportional'",
    ),
    "a scaling without numbers": (
        "llama3",
        {"rope_parameters": {"rope_type": "linear"}},
        "does not fit llama: scaling must have factor",
    ),
    "a scaling of another width": (
        "llama3",
        {"rope_parameters": {"rope_type": "longrope", "short_factor": [1.0] * 3}},
        "does not fit llama: scaling must have a short_factor of 2 numbers; got 3",
    ),
    "heads": ("llama3", {"num_key_value_heads": 3}, "num_kv_heads must divide num_heads"),
    "a number that is none": ("llama3", {"hidden_size": "16"}, "does not fit llama: TypeError"),
    "a window": ("qwen2", {"use_sliding_window": True}, "use_sliding_window must be False"),
    "wide heads": ("llama3", {"head_dim": 8}, r"must have shape \(32, 16\); got \(16, 16\)"),
    "rotated in part": ("llama3", {"partial_rotary_factor": 0.5}, "must be 1.0; got 0.5"),
    "fewer blocks": ("gpt_neox", {"num_hidden_layers": 1}, "no other weights than those of"),
    "biases": ("llama3", {"attention_bias": True}, "weight model.layers.0.self_attn.q_proj.bias"),
}


@pytest.mark.parametrize("what", CONFIGS)
def test_settings_that_do_not_fit_are_named(what, tmp_path):
    name, settings, message = CONFIGS[what]
    folder = changed(tmp_path, name, "config.json", lambda config: config | settings)
    with pytest.raises(ValueError, match=message) as error:
        zoo.from_pretrained(folder)
    assert str(folder) in str(error.value)


def test_end_token_that_the_vocabulary_lacks_is_named(tmp_path):
    file = "generation_config.json"
    folder = changed(tmp_path, "gpt2", file, lambda config: config | {"eos_token_id": [0, 900]})
    with pytest.raises(ValueError, match=f"{file}.*below vocab_size=400; got .0, 900"):
        zoo.from_pretrained(folder)


def with_parts(parts):
    """What puts other parts into a `tokenizer.json`; those of its model beside what is there."""

    def change(content):
        for name, part in parts.items():
            content[name] = content[name] | part if name == "model" else part
        return content

    return change


TOKENIZERS = {
    "another kind": ({"model": {"type": "WordPiece"}}, "type of model must be 'BPE'"),
    "byte fallback": ({"model": {"byte_fallback": True}}, "must put ▁ for spaces as those of"),
    "another normalizer": ({"normalizer": {"type": "NFKC"}}, "normalizer must be none or NFC"),
    "other words": ({"pre_tokenizer": {"type": "Whitespace"}}, "pre_tokenizer must cut text as"),
    "another decoder": ({"decoder": {"type": "Metaspace"}}, "type of decoder must be 'ByteLevel'"),
    "no merges": ({"model": {"merges": []}}, "a merge for each longer token"),
}


@pytest.mark.parametrize("what", TOKENIZERS)
def test_rules_of_a_tokenizer_that_are_not_known_are_named(what, tmp_path):
    parts, message = TOKENIZERS[what]

    folder = changed(tmp_path, "gpt2", "tokenizer.json", with_parts(parts))
    with pytest.raises(ValueError, match=message) as error:
        zoo.from_pretrained(folder)
    assert str(folder / "tokenizer.json") in str(error.value)


SPACED = {
    "another normalizer": ({"normalizer": {"type": "NFKC"}}, "must put ▁ for spaces as those of"),
    "other words": ({"pre_tokenizer": {"type": "Whitespace"}}, "must put ▁ for spaces as those of"),
    "another decoder": (
        {"decoder": {"type": "ByteLevel"}},
        "decoder must be Replace, ByteFallback",
    ),
    "whole words": ({"model": {"ignore_merges": True}}, "ignore_merges of model must be None"),
    "no merges": ({"model": {"merges": []}}, "a merge for each longer token"),
}


@pytest.mark.parametrize("what", SPACED)
def test_rules_of_a_spaced_vocabulary_that_are_not_known_are_named(what, tmp_path):
    parts, message = SPACED[what]

    folder = changed(tmp_path, "llama2", "tokenizer.json", with_parts(parts))
    with pytest.raises(ValueError, match=message) as error:
        causal.tokens(Checkpoint(folder))
    assert str(folder / "tokenizer.json") in str(error.value)


PROTOS = {
    "unigrams": ("trainer_spec", {"model_type": 1}, r"model_type \(2 is BPE\) must be 2; got 1"),
    "no bytes": ("trainer_spec", {"byte_fallback": False}, "byte_fallback must be True; got False"),
    "no space": ("normalizer_spec", {"add_dummy_prefix": False}, "add_dummy_prefix must be True"),
    "rules": (
        "normalizer_spec",
        {"precompiled_charsmap": b"x"},
        "precompiled_charsmap must be b''",
    ),
}


@pytest.mark.parametrize("what", PROTOS)
def test_sentencepiece_model_of_another_kind_is_named(what, tmp_path):
    spec, settings, message = PROTOS[what]
    folder = changed(tmp_path, "llama2", "config.json", dict)
    (folder / "tokenizer.json").unlink()
    model = model_of(folder / "tokenizer.model")
    for name, value in settings.items():
        setattr(getattr(model, spec), name, value)
    (folder / "tokenizer.model").write_bytes(model.SerializeToString())
    with pytest.raises(ValueError, match=message) as error:
        causal.tokens(Checkpoint(folder))
    assert str(folder / "tokenizer.model") in str(error.value)
    (folder / "tokenizer.model").unlink()
    with pytest.raises(FileNotFoundError, match=r"must hold tokenizer\.json"):
        causal.tokens(Checkpoint(folder))


def test_vocabulary_in_two_files_is_the_same(gpt2, tmp_path):
    folder = tmp_path / "older"
    shutil.copytree(gpt2.path, folder)
    content = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    (folder / "tokenizer.json").unlink()
    ids, merges = content["model"]["vocab"], content["model"]["merges"]
    with pytest.raises(FileNotFoundError, match=r"tokenizer\.json"):
        zoo.from_pretrained(folder)
    ids = {name: i for name, i in ids.items() if not name.startswith("<|")}
    (folder / "vocab.json").write_text(json.dumps(ids | {"<|endoftext|>": 0}), "utf-8")
    with pytest.raises(FileNotFoundError, match=r"merges\.txt"):
        zoo.from_pretrained(folder)
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges), ""]
    (folder / "merges.txt").write_text("\n".join(lines), "utf-8")
    tokenizer = zoo.from_pretrained(folder).tokenizer
    texts = [text for text in gpt2.all_texts if "<|" not in text]
    assert tokenizer.encode(texts) == gpt2.tokenizer.encode(texts)
    assert tokenizer.encode(["a<|endoftext|>"]) == gpt2.tokenizer.encode(["a<|end|>"])


def test_language_of_a_language_model_is_an_error(gpt2):
    with pytest.raises(ValueError, match="target_language must be None for a language model"):
        zoo.from_pretrained(gpt2.path, target_language="fra")


def test_scalings_of_rotary_positions():
    assert stretch(8, 10_000.0, None) == (None, 1.0)
    assert stretch(8, 1e4, {"rope_type": "linear", "factor": 4.0}).factors == [0.25] * 4
    with pytest.raises(ValueError, match="rope_type of default, linear, dynamic, .*; got .*'ntk'"):
        stretch(8, 1e4, {"rope_type": "ntk"})
    with pytest.raises(ValueError, match="scaling must have factor, low_freq_factor"):
        stretch(8, 1e4, {"rope_type": "llama3", "high_freq_factor": 4})


def test_yarn_keeps_what_turns_often_and_divides_what_turns_seldom():
    scaling = {"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 4096}
    factors, magnitude = stretch(128, 10_000.0, scaling)
    assert factors[0] == 1 and factors[-1] == 0.25 and sorted(factors, reverse=True) == factors
    # Of 128 components those up to the 20th turn more than 32 times, those from the 46th on not
    # once: 4096 / (2 pi 10000^(2i / 128)).
    assert [factor == 1 for factor in factors].index(False) == 21
    assert factors.index(0.25) == 46
    assert magnitude == pytest.approx(1.1386, abs=1e-4)  # YaRN, equation 22
