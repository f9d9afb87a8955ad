"""The attention of a caption over its photograph, and contact sheets."""

import numpy as np
import pytest
from PIL import Image

from zoo.plots import plot_attention
from zoo.plots.photograph import draw_sheet, glowing, group_words
from zoo.tasks.output import Generated

TOKENS = ["▁a", "▁grey", "hound", "▁runs", "</s>"]


def answer(text="a greyhound runs", tokens=TOKENS):
    weights = np.random.default_rng(0).dirichlet(np.ones(6), (2, 3, len(tokens)))
    return Generated(
        text=text,
        tokens=tokens,
        source_tokens=[],
        score=-1.0,
        attention=weights.astype("float32"),
        image=np.full((20, 30, 3), 100, "uint8"),
        grid=(2, 3),
    )


def test_words_are_made_of_their_pieces():
    assert group_words(TOKENS, True) == [("a", [0]), ("greyhound", [1, 2]), ("runs", [3])]


def test_without_spaces_each_token_is_a_word_and_bytes_are_one():
    tokens = ["▁", "狗", "奔跑", "<0xE7>", "<0x8B>", "<0x97>", "</s>"]
    assert group_words(tokens, False) == [("狗", [1]), ("奔跑", [2]), ("狗", [3, 4, 5])]


def test_picture_has_the_photograph_and_a_panel_for_each_word(tmp_path):
    figure = plot_attention(answer(), tmp_path / "a.png")
    assert len([axes for axes in figure.axes if axes.images]) == 1 + 3
    shown = [text.get_text() for text in figure.texts]
    assert shown == ["a greyhound runs", "a", "greyhound", "runs"]
    with Image.open(tmp_path / "a.png") as image:
        assert image.width > image.height > 100


def test_a_photograph_of_its_own_aspect_takes_the_place_of_what_was_seen():
    tall = np.zeros((60, 30, 3), "uint8")
    axes = plot_attention(answer(), photograph=tall).axes[0]
    assert axes.images[0].get_array().shape == (60, 30, 3)


def test_one_map_must_be_chosen():
    with pytest.raises(ValueError, match="must choose one map for a photograph; got layer=-1"):
        plot_attention(answer(), head="all")


def test_light_falls_on_the_cell_that_is_looked_at_and_fades():
    heat = np.zeros((2, 3))
    heat[1, 2] = 1.0
    lit = glowing(np.full((40, 60, 3), 100, "uint8"), heat).mean(-1)
    row, column = np.unravel_index(lit.argmax(), lit.shape)
    assert row > 20 and column > 40
    assert np.abs(np.diff(lit, axis=0)).max() < 0.05  # no edges of cells


def test_sheet_shows_every_photograph(tmp_path):
    photograph = np.full((24, 24, 3), 200, "uint8")
    groups = [("best", [(photograph, "a dog")] * 3), ("worst", [(photograph, "一只狗")])]
    draw_sheet(tmp_path / "sheet.png", groups)
    with Image.open(tmp_path / "sheet.png") as image:
        assert image.width > 1000
