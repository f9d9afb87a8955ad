"""`zoo train --tsv`: whose a run folder is, what is said, and the numbers that can be chosen."""

import dataclasses
import json
import random
import shutil

import pytest

from zoo import recipes, registry
from zoo.cli.main import main
from zoo.recipes import run_folder

pytestmark = pytest.mark.model  # most of them train one

SMALL = ["model_dim=16", "num_layers=1", "dropout=0", "batch_tokens=128"]


def write_pairs(path, source, target):
    rng = random.Random(0)
    rows = [rng.choices(range(5), k=rng.randint(1, 4)) for _ in range(90)]
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        "".join(
            " ".join(source[i] for i in row) + "\t" + " ".join(target[i] for i in row) + "\n"
            for row in rows
        ),
        encoding="utf-8",
    )


def train(out, tsv="a/train.tsv", steps=2, numbers=SMALL, more=()):
    chosen = [part for number in numbers for part in ("--set", number)]
    command = ["train", "--tsv", tsv, "--valid", "a/valid.tsv", "--out", out]
    return main([*command, "--steps", str(steps), *chosen, *more])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two data sets of one name, and what was printed of a training on the first."""
    folder = tmp_path_factory.mktemp("own")
    german = "rot blau grau gelb weiß".split()
    english = "red blue grey yellow white".split()
    write_pairs(folder / "a" / "train.tsv", german, english)
    write_pairs(folder / "a" / "valid.tsv", german[::-1], english[::-1])
    write_pairs(folder / "b" / "train.tsv", "un deux trois quatre cinq".split(), english)
    return folder


@pytest.fixture
def first(folder, tmp_path, monkeypatch, capsys):
    """A finished run on the first data set, in the current folder; its output."""
    done = folder / "done"
    if not done.exists():
        work = folder / "work"
        shutil.copytree(folder / "a", work / "a")
        shutil.copytree(folder / "b", work / "b")
        monkeypatch.chdir(work)
        assert train("first") == 0
        (work / "output").write_text(capsys.readouterr().out)
        work.rename(done)
    shutil.copytree(done, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return (tmp_path / "output").read_text()


def test_training_says_what_it_trains_how_far_it_is_and_the_path_once(first):
    about, size, progress, path = first.splitlines()
    assert about.startswith("training on ") and "pairs of a/train.tsv" in about
    assert size.startswith("Transformer of ") and "2 steps" in size and "runs/train-" in size
    assert progress.startswith("2 of 2 steps: loss ")
    assert all(word in progress for word in ("validation loss", "rate", "spent", "left"))
    assert path == "first/model.keras" and first.count("model.keras") == 1


def test_other_data_of_the_same_name_gets_a_folder_and_a_vocabulary_of_its_own(
    first, tmp_path, capsys
):
    assert train("second", "b/train.tsv") == 0
    assert len(list((tmp_path / "runs").iterdir())) == 2
    assert "nothing is left" not in capsys.readouterr().out
    translator = registry.load(tmp_path / "second" / "model.keras")
    assert b"cinq" in translator.source_tokenizer.proto  # a word of the second file alone


def test_folder_that_is_named_and_holds_another_run_is_refused_in_one_line(first, tmp_path, capsys):
    (run,) = (tmp_path / "runs").iterdir()
    for change in ({"tsv": "b/train.tsv"}, {"numbers": [*SMALL, "peak=0.01"]}):
        assert train("second", more=["--run-dir", str(run)], **change) == 2
        seen = capsys.readouterr()
        assert seen.err.count("\n") == 1 and "a run of other data or other numbers" in seen.err
        assert "pairs of a/train.tsv" in seen.err and not (tmp_path / "second").exists()


def test_run_that_does_not_say_what_it_trains_is_refused(first, tmp_path, capsys):
    (run,) = (tmp_path / "runs").iterdir()
    (run / "run.json").unlink()
    assert train("second") == 2
    assert "does not say what it trains" in capsys.readouterr().err


def test_finished_run_says_so_and_more_steps_go_on_from_its_end(first, tmp_path, capsys):
    assert train("second") == 0
    assert "has 2 steps behind it: nothing is left to do" in capsys.readouterr().out
    assert train("third", steps=4) == 0
    shown = capsys.readouterr().out
    assert "4 steps, of which 2 lie behind it" in shown and "4 of 4 steps: loss" in shown
    (log,) = (tmp_path / "runs").glob("*/log.csv")
    assert [line[0] for line in log.read_text().splitlines()] == ["e", "0", "1"]


def test_numbers_that_are_chosen_are_those_of_the_model(first, tmp_path):
    config = registry.config(tmp_path / "first" / "model.keras")["config"]["model"]["config"]
    chosen = ("model_dim", "num_encoder_layers", "num_decoder_layers", "dropout")
    assert [config[name] for name in chosen] == [16, 1, 1, 0]


def test_lines_that_are_left_out_are_counted_in_one_line(first, tmp_path, capsys):
    path = tmp_path / "a" / "train.tsv"
    path.write_text("\nrot\tred\tthird\n" + path.read_text("utf-8"), encoding="utf-8")
    assert train("second") == 0
    (line,) = [x for x in capsys.readouterr().err.splitlines() if "a/train.tsv" in x]
    assert line.startswith("zoo: warning: ") and "blank lines, skipped: 1" in line
    assert "further columns, which are ignored: 1" in line


def test_digest_tells_recipes_apart_but_not_their_number_of_steps():
    found = [recipes.recipe(name).RECIPE for name in recipes.names()]
    longer = [dataclasses.replace(recipe, steps=recipe.steps + 1) for recipe in found]
    digests = list(map(run_folder.digest, found))
    assert len(set(digests)) == len(found)
    assert digests == list(map(run_folder.digest, longer))


def test_packed_training_of_another_recipe_is_refused(tmp_path, capsys):
    recipe = recipes.recipe("translate_fr_de").RECIPE
    run_folder.claim(tmp_path / "trip", recipe, "translate_fr_de")
    assert set(json.loads((tmp_path / "trip" / "run.json").read_text())) == {
        "title",
        "digest",
        "recipe",
    }
    trip = str(tmp_path / "trip")
    for option in ("--pack", "--weights"):
        assert main(["train", "translate_zh_en", option, trip]) == 2
        assert "translate_fr_de" in capsys.readouterr().err


def test_training_that_cannot_be_packed_is_refused(tmp_path, capsys):
    for option in ("--pack", "--weights"):
        (tmp_path / "weights").mkdir(exist_ok=True)
        folder = tmp_path / option.strip("-")
        assert main(["train", "caption_en", option, str(folder)]) == 2
        error = capsys.readouterr().err
        assert "can be packed" in error and "translate_de_en" in error and "'caption_en'" in error
    assert not (tmp_path / "pack").exists()
