"""Synthetic pairs: one side written by a translator."""

import pytest

from zoo import data
from zoo.recipes import synthetic
from zoo.recipes.synthetic import Synthetic

TEXTS = [
    ("der Hund läuft", "the dog runs"),
    ("eine Katze", "held out"),
    ("zwei Kinder", "two kids"),
]


@pytest.fixture
def run_dir(translator, tmp_path, monkeypatch):
    """The folder of a run, with the model that writes beside it."""
    folder = tmp_path / "translate_de_en_reverse"
    folder.mkdir()
    translator.save(folder / "model.keras")
    monkeypatch.setattr(data, "evaluation_pairs", lambda data_dir=None: [("Held  out!", "x")])
    for writes in ("source", "target"):
        made = Synthetic(lambda data_dir: TEXTS, "translate_de_en", writes)
        monkeypatch.setitem(synthetic.SETS, f"toy_{writes}", made)
    return tmp_path / "translate_fr_de"


@pytest.fixture
def written(translator):
    """What the model writes for the texts that no evaluation split holds."""
    return translator.generate([TEXTS[0][0], TEXTS[2][0]], num_beams=1)


def test_pairs_have_the_written_side_where_it_belongs_and_nothing_that_evaluates(run_dir, written):
    kept = [TEXTS[0][1], TEXTS[2][1]]
    assert set(synthetic.pairs("toy_source", run_dir)) == set(zip(written, kept, strict=True))
    assert set(synthetic.pairs("toy_target", run_dir)) == set(zip(kept, written, strict=True))


def test_pairs_are_written_once(run_dir):
    first = synthetic.pairs("toy_source", run_dir)
    (run_dir.parent / "translate_de_en_reverse" / "model.keras").unlink()
    assert synthetic.pairs("toy_source", run_dir) == first
    with pytest.raises(FileNotFoundError, match="zoo train translate_de_en --reverse` makes it"):
        synthetic.pairs("toy_target", run_dir)


def test_what_is_written_like_an_evaluation_split_is_left_out(run_dir, written, monkeypatch):
    assert len(synthetic.pairs("toy_source", run_dir)) == 2
    held_out = [(f"{written[0].upper()}!", "x")]
    monkeypatch.setattr(data, "evaluation_pairs", lambda data_dir=None: held_out)
    assert [pair[0] for pair in synthetic.pairs("toy_source", run_dir)] == [written[1]]
