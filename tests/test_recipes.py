import csv
import dataclasses
import json
import random
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from zoo import data, recipes
from zoo.data import read_pairs
from zoo.models import Transformer
from zoo.recipes import own_pairs, run_folder
from zoo.recipes.adversarial import AdversarialRecipe
from zoo.recipes.captioning import CaptioningRecipe
from zoo.recipes.classification import ClassificationRecipe
from zoo.recipes.conversation import ConversationRecipe
from zoo.recipes.generate_digits_vaegan import ImageRecipe
from zoo.recipes.generation import GenerationRecipe
from zoo.recipes.matching import MatchingRecipe
from zoo.recipes.numbers import numbers, overridden
from zoo.recipes.procedure import _finished_epochs
from zoo.recipes.ranking import RankingRecipe
from zoo.recipes.recommend_films import RecommendationRecipe
from zoo.recipes.tracing import TracingRecipe
from zoo.recipes.transcribe_digits import RecognitionRecipe
from zoo.recipes.translation import TranslationRecipe

ROOT = Path(__file__).resolve().parent.parent
STEPS, INTERVAL = 6, 2

# Trains the tiny recipe, and kills itself after a step; 0 is never.
TRAIN = """
import os, signal, sys
import keras
sys.path.insert(0, "tests")
from test_recipes import STEPS, tiny_recipe
from zoo.tasks import Translator

folder, kill_at = sys.argv[1], int(sys.argv[2])
fit = Translator.fit

class Kill(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        print("step", int(self.model.optimizer.iterations), flush=True)
        if self.model.optimizer.iterations == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

def fit_and_kill(self, *args, callbacks, **options):
    return fit(self, *args, callbacks=[*callbacks, Kill()], **options)

Translator.fit = fit_and_kill
tiny_recipe(folder).train(out=folder + "/out", run_dir=folder + "/run", steps=STEPS, verbose=0)
"""

KINDS = {
    "classify": ClassificationRecipe,
    "translate": TranslationRecipe,
    "generate": (GenerationRecipe, AdversarialRecipe),
    "match": MatchingRecipe,
    "rank": RankingRecipe,
    "caption": CaptioningRecipe,
    "recommend": RecommendationRecipe,
    "trace": TracingRecipe,
    "chat": ConversationRecipe,
    "summarize": ConversationRecipe,
    "transcribe": RecognitionRecipe,
}


def tiny_model(source, target):
    return Transformer(
        source,
        target,
        num_encoder_layers=1,
        num_decoder_layers=1,
        model_dim=8,
        num_heads=2,
        ff_dim=16,
        dropout=0.0,
        share_embeddings=True,
    )


def tiny_recipe(folder):
    """The recipe for your own file, with a model that trains in a second."""
    recipe = own_pairs.own_pairs_recipe(f"{folder}/train.tsv", f"{folder}/valid.tsv")
    return dataclasses.replace(
        recipe, model=tiny_model, interval=INTERVAL, peak=0.05, batch_tokens=100
    )


def write_tsv(folder):
    """90 pairs of 1 to 5 words, of which the 30 of valid.tsv are in train.tsv, too."""
    rng = random.Random(0)
    source, target = "rot blau grau gelb weiß".split(), "red blue grey yellow white".split()
    lines = []
    for _ in range(90):
        words = rng.choices(range(5), k=rng.randint(1, 5))
        sides = (" ".join(side[i] for i in words) for side in (source, target))
        lines.append("\t".join(sides) + "\n")
    (folder / "train.tsv").write_text("".join(lines), encoding="utf-8")
    (folder / "valid.tsv").write_text("".join(lines[:30]), encoding="utf-8")


def train(folder, kill_at=0):
    command = [sys.executable, "-c", TRAIN, str(folder), str(kill_at)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    steps = [int(line.split()[1]) for line in done.stdout.splitlines() if line[:4] == "step"]
    return done, steps


def log(folder):
    with (folder / "run" / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    return [int(row["epoch"]) for row in rows], [float(row["loss"]) for row in rows]


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A run that is killed in its third interval, and then started again."""
    folder = tmp_path_factory.mktemp("killed")
    write_tsv(folder)
    first, first_steps = train(folder, kill_at=5)
    assert first.returncode == -9, first.stderr
    assert not (folder / "out").exists()
    second, second_steps = train(folder)
    assert second.returncode == 0, second.stderr
    return folder, first_steps, second_steps


def test_killed_run_goes_on_from_its_checkpoint_to_the_last_step(killed):
    folder, first, second = killed
    assert first == [1, 2, 3, 4, 5]
    assert second == [5, 6]  # step 5 was after the last checkpoint
    assert log(folder)[0] == [0, 1, 2]


@pytest.mark.slow  # the steps and the log of the killed run are checked above
def test_killed_run_loses_nothing(killed, tmp_path):
    write_tsv(tmp_path)
    recipe = tiny_recipe(tmp_path)
    recipe.train(out=tmp_path / "out", run_dir=tmp_path / "run", steps=STEPS, verbose=0)
    # The same sums, but threads may add in another order; a step more or less changes 1e-2.
    assert log(killed[0])[1] == pytest.approx(log(tmp_path)[1], rel=1e-3)
    assert len({round(loss, 2) for loss in log(tmp_path)[1]}) == 3


def test_finished_run_leaves_a_model_that_loads_in_float32(killed):
    model = keras.models.load_model(killed[0] / "out" / "model.keras")
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert model.decoding.num_beams == 5
    assert isinstance(model.generate("rot blau"), str)
    assert [path.name for path in (killed[0] / "out").iterdir()] == ["model.keras"]


@pytest.mark.parametrize(
    ("steps", "expected"), [(1, (1, 1)), (4, (2, 2)), (7, (4, 2)), (9, (5, 2)), (None, (3, 2))]
)
def test_no_step_is_left_out_and_the_schedule_ends_with_the_last(
    tmp_path, monkeypatch, steps, expected
):
    monkeypatch.setattr("zoo.recipes.translation.Translator.fit", remember := Remember())
    write_tsv(tmp_path)
    recipe = dataclasses.replace(tiny_recipe(tmp_path), steps=6)
    recipe.train(out=tmp_path / "out", run_dir=tmp_path / "run", steps=steps)
    epochs, interval = remember.options["epochs"], remember.options["steps_per_epoch"]
    assert (epochs, interval) == expected
    assert remember.schedule["total_steps"] == epochs * interval >= (steps or 6)


class Remember:
    """In place of a method `fit`: keeps what it was called with."""

    def __get__(self, translator, owner):
        def fit(pairs, **options):
            self.options = options
            self.schedule = translator.optimizer.get_config()["learning_rate"]["config"]

        return fit


def test_vocabulary_of_a_run_is_trained_once(tmp_path):
    write_tsv(tmp_path)
    recipe = dataclasses.replace(tiny_recipe(tmp_path), vocab_size=(300, 310))
    pairs = read_pairs(tmp_path / "train.tsv")
    source, target = recipe._tokenizers(pairs, tmp_path)
    assert source.proto != target.proto
    again = recipe._tokenizers([("other", "text")], tmp_path)
    assert [tokenizer.proto for tokenizer in again] == [source.proto, target.proto]


@pytest.mark.parametrize(
    ("content", "expected"), [(None, 0), ("", 0), ('{"epo', 0), ('{"epoch": 3, "batch": 0}', 3)]
)
def test_missing_or_half_written_checkpoint_counts_as_none(tmp_path, content, expected):
    if content is not None:
        (tmp_path / "training_metadata.json").write_text(content)
    assert _finished_epochs(tmp_path) == expected


def test_checkpoint_before_takes_over_from_a_half_written_one(tmp_path):
    (tmp_path / "training_metadata.json").write_text('{"epo')
    (tmp_path / "training_metadata.json.bkp").write_text('{"epoch": 2, "batch": 0}')
    (tmp_path / "latest.weights.h5").write_bytes(b"of epoch 3")
    (tmp_path / "latest.weights.h5.bkp").write_bytes(b"of epoch 2")
    assert _finished_epochs(tmp_path) == 2
    assert (tmp_path / "latest.weights.h5").read_bytes() == b"of epoch 2"


def test_own_file_keeps_held_out_pairs_out_of_training(tmp_path):
    write_tsv(tmp_path)
    recipe = own_pairs.own_pairs_recipe(tmp_path / "train.tsv", tmp_path / "valid.tsv")
    training, held_out = recipe.pairs(None)
    assert held_out == read_pairs(tmp_path / "valid.tsv")
    assert training and not set(training) & set(held_out)
    assert (recipe.vocab_size, recipe.steps) == (400, 200)  # the least, for so small a file


def test_recipes_are_the_files_of_their_folder():
    folder = ROOT / "zoo" / "recipes"
    files = {path.stem for task in KINDS for path in folder.glob(f"{task}_*.py")}
    assert recipes.names() == sorted(files)
    for name in files:
        module = recipes.recipe(name)
        kind = ImageRecipe if name == "generate_digits_vaegan" else KINDS[name.partition("_")[0]]
        assert isinstance(module.RECIPE, kind)
        assert module.CARD


def test_every_recipe_has_numbers_that_can_be_chosen():
    for name in recipes.names():
        recipe = recipes.recipe(name).RECIPE
        known = numbers(recipe)
        size, other = ("model_dim", "dropout")
        if isinstance(recipe, ImageRecipe):
            size, other = ("channels", "divergence")
        assert {"steps", "peak", "seed", other, size} <= set(known), name
        chosen = overridden(recipe, {other: "0.05", "peak": 1e-4, "seed": "7"})
        assert numbers(chosen) == {**known, other: 0.05, "peak": 1e-4, "seed": 7}
        assert numbers(recipe) == known
        assert run_folder.digest(chosen) != run_folder.digest(recipe)
        of_model = overridden(recipe, {size: 2 * known[size]})
        assert run_folder.digest(of_model) != run_folder.digest(recipe)


def test_several_numbers_are_chosen_with_commas_between_them():
    recipe = recipes.recipe("caption_en").RECIPE
    assert numbers(recipe)["branch_steps"] == recipe.branch_steps
    for given in ("300,400,500", (300, 400, 500), [300, 400, 500]):
        assert overridden(recipe, {"branch_steps": given}).branch_steps == (300, 400, 500)
    assert overridden(recipe, {"branch_steps": "300"}).branch_steps == (300,)
    for wrong in ("", "300,", "300,x", 300, ()):
        with pytest.raises(ValueError, match="branch_steps must be an integer, or several with"):
            overridden(recipe, {"branch_steps": wrong})


def test_a_recipe_with_other_numbers_trains_and_notes_them(tmp_path, monkeypatch):
    reviews = [
        (word * n, label) for n in (1, 2, 3) for word, label in (("好", "好评"), ("坏", "差评"))
    ]
    monkeypatch.setattr(data, "shopping_zh", lambda split, column, data_dir: reviews)
    chosen = {"model_dim": 8, "filters": "4", "batch_size": 3, "interval": 1}
    path = recipes.train(
        "classify_reviews_zh",
        out=tmp_path / "out",
        run_dir=tmp_path / "run",
        steps=2,
        numbers=chosen,
        verbose=False,
    )
    note = json.loads((tmp_path / "out" / "recipe.json").read_text("utf-8"))
    assert note["recipe"] == "classify_reviews_zh"
    expected = {"model_dim": 8, "filters": 4, "batch_size": 3, "steps": 2, "dropout": 0.5}
    assert {name: note["numbers"][name] for name in expected} == expected
    classifier = keras.models.load_model(path)
    assert classifier.model.get_config()["model_dim"] == 8
    assert classifier.classify("好") in ("好评", "差评") and classifier.temperature != 1
    with pytest.raises(ValueError, match="holds a run of other data or other numbers"):
        recipes.train("classify_reviews_zh", out=tmp_path / "o", run_dir=tmp_path / "run", steps=2)
    with pytest.raises(ValueError, match="out must be given with numbers"):
        recipes.train("classify_reviews_zh", numbers=chosen)


def test_recipes_of_translators_say_their_language_and_the_reverse_does_not():
    languages = {"de_en": "de", "de_en_rnn": "de", "fr_de": "fr", "fr_en": "fr", "zh_en": "zh"}
    for name, language in languages.items():
        recipe = recipes.recipe(f"translate_{name}").RECIPE
        assert (recipe.source_language, recipe.reversed().source_language) == (language, None)


def test_a_recipe_gives_its_model_its_language_and_its_longest_line(tokenizer):
    recipe = dataclasses.replace(
        TranslationRecipe(pairs=None, vocab_size=0, model=tiny_model, steps=1),
        source_language="de",
        max_sentence_length=40,
    )
    translator = recipe._translator([tokenizer])
    assert (translator.source_language, translator.max_sentence_length) == ("de", 40)


def test_a_last_stage_goes_on_from_what_was_learned(tmp_path):
    write_tsv(tmp_path)
    pair = ("gelb rot", "blue blue")
    recipe = dataclasses.replace(
        tiny_recipe(tmp_path), last=lambda data_dir: [pair] * 30, last_steps=10, last_peak=0.01
    )
    path = recipe.train(
        out=tmp_path / "out", run_dir=tmp_path / "run", steps=2 * INTERVAL, verbose=False
    )
    before = keras.models.load_model(tmp_path / "run" / "before_last" / "model.keras")
    after = keras.models.load_model(path)
    assert after.score(*pair) > before.score(*pair) + 1
    recipe.pack(tmp_path / "packed", run_dir=tmp_path / "run")
    spec = json.loads((tmp_path / "packed" / "training.json").read_text("utf-8"))
    assert [stage["steps"] for stage in spec["stages"]] == [recipe.steps, 10]
    assert spec["stages"][0].get("train") != spec["stages"][1]["train"]


def test_unknown_recipe_is_an_error_that_lists_the_known():
    known = ", ".join(recipes.names())
    with pytest.raises(ValueError, match=f"one of {known}; got name='translate_xx'"):
        recipes.train("translate_xx")


@pytest.mark.parametrize("steps", [0, -3])
def test_training_for_no_step_is_an_error(steps):
    with pytest.raises(ValueError, match=f"steps must be >= 1; got steps={steps}"):
        recipes.train(recipes.names()[0], steps=steps)


def test_missing_file_of_pairs_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="existing file; got path=.*none.tsv"):
        recipes.train(tsv=tmp_path / "none.tsv", valid=tmp_path / "none.tsv", out=tmp_path)
