"""Attention pictures: the numbers, the labels, the fonts, the file."""

import ast
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.figure import Figure

from zoo.plots import attention, plot_attention
from zoo.plots import labels as labels_module
from zoo.plots.attention import COLORS, COPIED
from zoo.plots.labels import FONT, glyphs, readable
from zoo.tasks.output import Ranked

LAYERS, HEADS = 2, 5
SOURCE = ["▁一", "只", "沙滩", "。", "</s>"]
TARGET = ["▁Größe", "n", "▁$x$", "</s>"]


@pytest.fixture
def make_out():
    """Return a function that makes a result with random weights whose rows sum to 1."""

    def make(source=SOURCE, target=TARGET, text="Größen", layers=LAYERS, heads=HEADS):
        shape = (layers, heads, len(target))
        weights = np.random.default_rng(0).dirichlet(np.ones(len(source)), shape)
        return SimpleNamespace(
            text=text,
            source_tokens=source,
            tokens=target,
            attention=weights.astype("float32"),
            score=-4.321,
        )

    return make


def panels(figure):
    """Return the axes that hold a heat map, without the colour bar."""
    return [axes for axes in figure.axes if axes.images]


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def words(figure):
    return [text.get_text() for text in figure.texts]


def test_heat_map_is_the_mean_over_heads_of_the_last_layer(make_out):
    out = make_out()
    (axes,) = panels(plot_attention(out))
    # Both are float32 sums of 5 values below 1, perhaps in another order.
    np.testing.assert_allclose(axes.images[0].get_array(), out.attention[-1].mean(0), atol=1e-6)


@pytest.mark.parametrize(
    ("layer", "head", "expected"),
    [
        (0, 3, lambda a: a[0, 3]),
        (-2, -1, lambda a: a[0, 4]),
        ("mean", 1, lambda a: a[:, 1].mean(0)),
        ("mean", "mean", lambda a: a.mean((0, 1))),
    ],
)
def test_layer_and_head_choose_the_weights(make_out, layer, head, expected):
    out = make_out()
    (axes,) = panels(plot_attention(out, layer=layer, head=head))
    # float32 means of at most 10 values below 1, perhaps in another order.
    np.testing.assert_allclose(axes.images[0].get_array(), expected(out.attention), atol=1e-6)


def test_all_layers_and_heads_fill_a_grid_of_layers_down_and_heads_across(make_out):
    out = make_out()
    figure = plot_attention(out, layer="all", head="all")
    grid = panels(figure)
    assert len(grid) == LAYERS * HEADS
    for axes, values in zip(grid, out.attention.reshape(-1, *out.attention.shape[2:])):
        np.testing.assert_array_equal(axes.images[0].get_array(), values)
    corners = np.array([axes.get_position().p0 for axes in grid]).reshape(LAYERS, HEADS, 2)
    assert (np.diff(corners[..., 0], axis=1) > 0).all() and (
        np.diff(corners[..., 1], axis=0) < 0
    ).all()
    assert [w for w in words(figure) if w.startswith("layer")] == [
        f"layer {i}, head {j}" for i in range(LAYERS) for j in range(HEADS)
    ]
    assert len({axes.images[0].get_clim() for axes in grid}) == 1, "panels must share one scale"


def test_every_token_is_a_label_in_order(make_out):
    (axes,) = panels(plot_attention(make_out()))
    assert labels(axes.yaxis) == ["Größe", "n", "$x$", "</s>"]
    assert labels(axes.xaxis) == ["一", "只", "沙滩", "。", "</s>"]
    assert axes.yaxis_inverted(), "the first target token stands at the top"


def test_over_narrow_columns_ideographs_are_stacked_and_words_turned(make_out):
    (axes,) = panels(plot_attention(make_out(SOURCE * 4 + ["▁Größe"])))
    turns = {label.get_text(): label.get_rotation() for label in axes.get_xticklabels()}
    assert turns == {"一": 0, "只": 0, "沙\n滩": 0, "。": 0, "</s>": 90, "Größe": 90}


def test_title_axes_caption_and_color_bar_are_named(make_out):
    figure = plot_attention(make_out(), head=1)
    found = words(figure)
    assert {"Größen", "source", "target", "layer 1 (of 0 to 1), head 1 (of 0 to 4)"} <= set(found)
    assert any("Score: -4.32" in text.replace("\n", " ") for text in found)
    assert "attention weight" in [axes.get_ylabel() for axes in figure.axes]


def test_a_document_that_was_ranked_shows_likeness_and_does_not_call_it_attention():
    found = Ranked("cats", "7", "A cat.", 3.2, ["▁cats"], ["▁a", "▁cat"], np.zeros((1, 1, 1, 2)))
    figure = plot_attention(found)
    note = " ".join(words(figure)).replace("\n", " ")
    assert "which token of the document one token of the query found" in note
    assert "attention" not in note
    assert "likeness" in [axes.get_ylabel() for axes in figure.axes]


def test_few_cells_carry_their_weight_as_a_number(make_out):
    out = make_out(layers=1, heads=1)
    out.attention[0, 0, 0] = [0.75, 0.25, 0, 0, 0]
    (axes,) = panels(plot_attention(out))
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written[0, 0] == "0.75" and written[1, 0] == "0.25" and (2, 0) not in written


@pytest.mark.parametrize("count", [5, 23, 60, 130])
def test_labels_neither_overlap_nor_leave_the_paper(make_out, count):
    source = [["▁Donaudampfschiff", "沙滩", "▁a", "，"][i % 4] for i in range(count)]
    figure = plot_attention(make_out(source, source[1:], layers=1, heads=1))
    (axes,) = panels(figure)
    paper = figure.bbox
    for axis, low, high in ((axes.xaxis, "x0", "x1"), (axes.yaxis, "y0", "y1")):
        boxes = [label.get_window_extent() for label in axis.get_ticklabels()]
        boxes.sort(key=lambda box: getattr(box, low))
        # One pixel: glyph boxes are rounded outwards to whole pixels.
        assert all(getattr(a, high) <= getattr(b, low) + 1 for a, b in zip(boxes, boxes[1:]))
        assert all(paper.x0 <= b.x0 and b.x1 <= paper.x1 for b in boxes)
        assert all(paper.y0 <= b.y0 and b.y1 <= paper.y1 for b in boxes)
    texts = [text.get_window_extent() for text in figure.texts if text.get_text()]
    assert not any(a.overlaps(b) for i, a in enumerate(texts) for b in texts[:i])


def test_labels_of_sixty_tokens_are_at_least_nine_points_high(make_out):
    tokens = ["▁Hund"] * 60
    (axes,) = panels(plot_attention(make_out(tokens, tokens, layers=1, heads=1)))
    assert min(label.get_size() for label in axes.get_xticklabels()) >= 9


def test_figure_grows_with_the_tokens(make_out):
    widths, heights = zip(
        *(
            plot_attention(make_out(["▁a"] * n, ["▁b"] * n, layers=1, heads=1)).get_size_inches()
            for n in (17, 29, 43)
        )
    )
    assert widths[0] < widths[1] < widths[2] and heights[0] < heights[1] < heights[2]


def test_no_glyph_is_missing_whatever_the_script(make_out, tmp_path):
    odd = [
        "▁一只",
        "灣",
        "，",
        "▁über",
        "мир",
        "مرحبا",
        "שלום",
        "한",
        "👍",
        "🚀",
        "\x07",
        "$\\frac$",
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns for each glyph that it draws as a box
        plot_attention(make_out(odd, odd, "".join(odd)), tmp_path / "odd.png", head="all")
        plot_attention(make_out(odd, odd, "".join(odd)), tmp_path / "odd.svg")


def test_bundled_font_holds_all_of_gb2312_and_common_traditional_characters():
    from matplotlib.ft2font import FT2Font

    font = FT2Font(str(FONT))
    assert font.family_name == "Zoo Sans CJK"
    hanzi = [
        bytes([row, cell]).decode("gb2312", errors="ignore")
        for row in range(0xB0, 0xF8)
        for cell in range(0xA1, 0xFF)
    ]
    have = set(font.get_charmap())
    assert have <= glyphs()
    assert not [c for c in "".join(hanzi) + "，。！？《》灣龍鄉雲" if ord(c) not in have]
    assert FONT.stat().st_size < 4 * 2**20
    assert "© 2014-2021 Adobe" in (FONT.parent / "OFL.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (["▁Hund", "e", "▁", "a▁b"], ["Hund", "e", "␣", "a b"]),
        (["<0xE4>", "<0xBD>", "<0xA0>", "<0xC3>", "<0xA4>"], ["你", "·", "·", "ä", "·"]),
        (["<0xE4>", "<0xBD>", "x", "<0xFF>"], ["<0xE4>", "<0xBD>", "x", "<0xFF>"]),
        (["<0x0A>", "\t", "🚀", "</s>"], ["⏎", "U+0009", "U+1F680", "</s>"]),
    ],
)
def test_tokens_become_readable_one_label_each(tokens, expected):
    assert readable(tokens) == expected


def test_colors_darken_steadily_so_that_grey_print_keeps_the_order():
    grey = colormaps[COLORS](np.linspace(0, 1, 64))[:, :3] @ [0.299, 0.587, 0.114]
    assert (np.diff(grey) < 0).all()


@pytest.mark.parametrize(
    ("suffix", "start"), [(".png", b"\x89PNG"), (".PDF", b"%PDF"), (".svg", b"<?xml")]
)
def test_path_receives_the_picture_in_the_format_of_its_suffix(make_out, tmp_path, suffix, start):
    path = tmp_path / f"map{suffix}"
    plot_attention(make_out(), str(path))
    assert path.read_bytes().startswith(start)
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_picture_and_no_rest(make_out, tmp_path, monkeypatch):
    def fail(self, target, **kwargs):
        target.write_bytes(b"half")
        raise OSError("disk full")

    path = tmp_path / "map.png"
    path.write_bytes(b"old")
    monkeypatch.setattr(Figure, "savefig", fail)
    with pytest.raises(OSError, match="disk full"):
        plot_attention(make_out(), path)
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"layer": 2}, ValueError, r'layer must be in \[-2, 1\], "mean" or "all"; got layer=2'),
        ({"head": -6}, ValueError, r"head must be in \[-5, 4\].*got head=-6"),
        ({"head": "max"}, ValueError, r"head must be .*got head='max'"),
        ({"layer": 0.5}, TypeError, r"layer must be an integer.*got layer=0.5"),
        ({"path": "map.doc"}, ValueError, r"path must end in .*\.png.*got path='map.doc'"),
        ({"path": "map"}, ValueError, r"path must end in .*got path='map'"),
        ({"path": "no/such/map.png"}, FileNotFoundError, r"folder.*got path='no/such/map.png'"),
    ],
)
def test_bad_arguments_are_named(make_out, kwargs, error, message):
    with pytest.raises(error, match=message):
        plot_attention(make_out(), **kwargs)


def test_a_plain_string_is_refused_with_the_way_to_get_a_result():
    with pytest.raises(TypeError, match=r"return_dict=True.*got str without text"):
        plot_attention("Ein Hund.")


@pytest.mark.parametrize("weights", [None, np.zeros((1, 1, 4, 6)), np.zeros((4, 5))])
def test_attention_that_does_not_fit_the_tokens_is_refused(make_out, weights):
    out = make_out()
    out.attention = weights
    with pytest.raises(ValueError, match=r"out.attention must be .*\(4, 5\).*got shape"):
        plot_attention(out)


@pytest.mark.parametrize("module", [attention, labels_module])
def test_matplotlib_is_imported_only_when_a_picture_is_drawn(module):
    top = ast.parse(Path(module.__file__).read_text(encoding="utf-8")).body
    imports = [ast.unparse(node) for node in top if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert imports and not [line for line in imports if "matplotlib" in line]


def test_drawing_touches_no_pyplot_state_and_no_settings(make_out):
    import matplotlib

    before = dict(matplotlib.rcParams)
    plot_attention(make_out())
    assert dict(matplotlib.rcParams) == before
    assert not getattr(sys.modules.get("matplotlib.pyplot"), "get_fignums", list)()


def test_copied_tokens_are_red_and_the_caption_says_so(make_out):
    out = make_out()
    assert not any("Red" in text for text in words(plot_attention(out)))
    out.copied = (0.9, 0.2, 0.51, 0.0)
    figure = plot_attention(out)
    (axes,) = panels(figure)
    colors = [label.get_color() for label in axes.get_yticklabels()]
    assert [color == COPIED for color in colors] == [True, False, True, False]
    assert any("Red tokens were copied." in " ".join(text.split()) for text in words(figure))


def test_axes_of_a_generator_are_named_for_its_one_text(make_out):
    out = make_out()
    out.axes = ("earlier text", "new text")
    found = words(plot_attention(out))
    assert {"earlier text", "new text"} <= set(found) and "source" not in found
    assert any("one token of the new text" in text.replace("\n", " ") for text in found)


def test_single_letters_stand_upright_beside_words_that_are_turned(make_out):
    letters = ["T", "h", "▁", "<0xC3>", "<0xA4>", "\n", "</s>"]
    (axes,) = panels(plot_attention(make_out(letters * 6)))
    turns = {label.get_text(): label.get_rotation() for label in axes.get_xticklabels()}
    assert turns == {"T": 0, "h": 0, "␣": 0, "ä": 0, "·": 0, "⏎": 0, "</s>": 90}
