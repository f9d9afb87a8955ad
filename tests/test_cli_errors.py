"""What is refused at once: before TensorFlow is imported, a model loaded, an answer made."""

from importlib import metadata
from pathlib import Path

import pytest

import zoo
from zoo import registry
from zoo.cli.main import main

MODEL = "translate_fr_de"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with `empty/`, `a.tsv` and a model file whose load is a failure."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.tsv").write_text("a\tb\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_load", lambda path: pytest.fail("the model is loaded"))
    monkeypatch.setattr("zoo.recipes.train", lambda *_, **__: pytest.fail("the training begins"))
    return tmp_path


NAMED = ["train", "translate_fr_de", "--out", "o"]
OWN = ["train", "--tsv", "a.tsv", "--valid", "a.tsv", "--out", "o"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["translate", "translate_frde", "a"], "Did you mean translate_fr_de?"),
        (["translate", MODEL, "a", "--attend", "no/a.png"], "a folder that exists; got 'no/a.png'"),
        (["translate", MODEL, "a", "--attend", "a.xyz"], "must end in one of"),
        (["translate", MODEL, "a", "--num-beams", "0"], "0 is not in the range x>=1"),
        (["generate", "generate_tang", "--top-p", "1.5"], "1.5 is not in the range 0<x<=1"),
        (["attend", MODEL, "a", "--out", "no/a.png"], "a folder that exists; got 'no/a.png'"),
        (["attend", MODEL, "a", "--out", "a.xyz"], ".png"),
        (["attend", MODEL, "a", "--out", "empty"], "must end in one of"),
        (["attend", MODEL, "a", "--out", "a.png", "--head", "99"], "[-4, 3], 'mean' or 'all'; got"),
        (["attend", MODEL, "a", "--out", "a.png", "--layer", "3"], "--layer must be in [-3, 2]"),
        (["attend", MODEL, "a", "--out", "a.png", "--layer", "top"], "got 'top'"),
        (["attend", "translate_de_en_rnn", "a", "--out", "a.png", "--head", "1"], "in [-1, 0]"),
        (["attend", "caption_en", "no.jpg", "--out", "a.png"], "exists; got 'no.jpg'"),
        (["caption", "no.jpg"], "PATH must be a file that exists; got 'no.jpg'"),
        (["caption", "a.tsv", "no.jpg"], "exists; got 'no.jpg'"),
        (["caption", "empty"], "PATH must hold images"),
        (["caption", "a.tsv", "--attend", "a.xyz"], "--attend must end in one of"),
        (["train", "translate_fr_dee"], "Did you mean translate_fr_de?"),
        (["train", "translate_fr_de", "--steps", "0"], "0 is not in the range x>=1"),
        (["train", "translate_fr_de", "--out", "a.tsv/b"], "a.tsv is none"),
        (["train", "translate_fr_de", "--data-dir", "no"], "--data-dir must be a folder"),
        (["train", "translate_fr_de", "--set", "dropout=0"], "--set needs --out"),
        ([*NAMED, "--set", "droput=0"], "droput'. Did you mean dropout?"),
        ([*NAMED, "--set", "steps=many"], "steps must be an integer, as the recipe's 20000"),
        ([*NAMED, "--set", "peak=nan"], "peak must be a finite number, as the recipe's 0.002"),
        ([*NAMED, "--set", "peak=1", "--pack", "p"], "--set goes without --pack"),
        (["train", "--tsv", "no", "--valid", "a.tsv", "--out", "o"], "exists; got 'no'"),
        ([*OWN, "--set", "droput=0"], "model_dim, num_layers, dropout, vocab_size"),
        ([*OWN, "--set", "dropout=1"], "dropout must be a number, >= 0 and < 1; got dropout=1"),
        ([*OWN, "--set", "num_layers=2.5"], "num_layers must be an integer"),
        ([*OWN, "--set", "peak=nan"], "peak must be a number"),
        ([*OWN, "--set", "peak"], "NAME=VALUE; got 'peak'"),
        ([*OWN, "--reverse"], "--reverse and --start go with NAME"),
        (["evaluate", MODEL, "--tsv", "no"], "--tsv must be a file that exists"),
        (["evaluate", MODEL, "--data-dir", "no"], "--data-dir must be a folder"),
        (["export", MODEL, "--out", "a.tsv"], "a.tsv is none"),
        (["export", "rank_documents", "--format", "litert"], "savedmodel for a Ranker"),
        (["recommend", "nope"], "of the 3706 that are known; got history[0]='nope'"),
        (["recommend", "--fast", "Toy Stori"], "Did you mean Toy Story (1995)"),
        (["trace", "nope"], "must be of the 110 that are known; got skill='nope'"),
        (["trace", "nope=1", "1"], "got answers[0][0][0]='nope'"),
        (["trace", "1=2", "1"], "lines of a skill, '=', 1 or 0; got '1=2'"),
        (["transcribe", "a.tsv"], "must be a WAV file with samples of 8, 16, 24 or 32 bits; got a"),
        (["check-export", "no"], "DIR must be a folder"),
    ],
)
def test_wrong_name_path_or_option_is_refused_before_a_model_is_loaded(folder, args, words, capsys):
    assert main(args) == 2
    seen = capsys.readouterr()
    assert seen.out == "" and words in seen.err
    assert seen.err.count("\n") == 1 and seen.err.startswith("zoo")


def test_tensorflow_is_not_imported_to_refuse(fresh_python, tmp_path):
    code = """
import sys
from zoo.cli import main
for args in (["train", "nope"], ["caption", "no.jpg"], ["caption", sys.argv[1]],
             ["attend", "translate_fr_de", "a", "--out", "a.png", "--head", "99"],
             ["attend", "translate_fr_de", "a", "--out", "a.xyz"], ["recommend", "nope"],
             ["trace", "nope"], ["transcribe", "README.md"],
             ["export", "rank_documents", "--format", "litert"],
             ["train", "--tsv", "no", "--valid", "no", "--out", "o"]):
    assert main(args) == 2
print(sorted({"keras", "tensorflow"} & set(sys.modules)))
"""
    assert fresh_python(code, tmp_path) == "[]\n"


def test_command_alone_is_help(capsys):
    assert main([]) == 0
    assert "Usage: zoo" in (seen := capsys.readouterr()).out and seen.err == ""


def test_version_names_what_is_installed_and_where_models_are(capsys):
    assert main(["--version"]) == 0
    shown = capsys.readouterr().out.splitlines()
    packages = [f"{name} {metadata.version(name)}" for name in ("keras", "tensorflow")]
    assert shown[:3] == [f"zoo {zoo.__version__}", *packages]
    assert shown[3:] == [f"models in {place}" for place in registry.places()]


def test_model_of_your_own_in_the_current_folder_is_listed(tmp_path, monkeypatch, capsys):
    shipped = registry.find(MODEL)
    (tmp_path / "saved_models" / "mine").mkdir(parents=True)
    (tmp_path / "saved_models" / "mine" / "model.keras").write_bytes(shipped.read_bytes())
    monkeypatch.chdir(tmp_path)
    assert main(["list"]) == 0
    *_, last = capsys.readouterr().out.splitlines()
    assert last.split()[:3] == ["saved_models/mine", "translation", "Transformer"]
    assert registry.find("saved_models/mine") == Path("saved_models/mine/model.keras")


@pytest.mark.parametrize(
    "command", ["attend", "train", "evaluate", "export", "caption", "translate", "generate"]
)
def test_each_option_has_a_help_of_whole_sentences(command, capsys):
    from zoo.cli.commands import zoo as group

    for option in group.commands[command].params:
        if option.param_type_name == "option":
            assert option.help and option.help.endswith("."), option.name
            assert not option.help.startswith("Of "), option.name


def test_base_and_default_of_layers_and_heads_are_said(capsys):
    assert main(["attend", "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.count("Index from 0, negative from the end") == 2
    assert "[default: (-1, the last)]" in shown and "[default: mean]" in shown


@pytest.mark.parametrize(("given", "level"), [(None, "3"), ("0", "0")])
def test_importing_zoo_asks_tensorflow_for_quiet_unless_told_otherwise(
    fresh_python, monkeypatch, given, level
):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    if given:
        monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", given)
    code = "import os, zoo; print(os.environ['TF_CPP_MIN_LOG_LEVEL'])"
    assert fresh_python(code) == level + "\n"


def test_level_is_left_alone_once_tensorflow_is_there(fresh_python, monkeypatch):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    code = """
import os, sys
sys.modules["tensorflow"] = sys
import zoo
print(os.environ.get("TF_CPP_MIN_LOG_LEVEL"))
"""
    assert fresh_python(code) == "None\n"
