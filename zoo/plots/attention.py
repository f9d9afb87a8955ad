"""Heat maps of attention weights: the tokens of an answer down, those of its source across."""

import dataclasses
import itertools
from numbers import Integral

import numpy as np

from zoo.plots.files import checked_path, save
from zoo.plots.labels import FAMILIES, glyphs, is_wide, readable, wrap
from zoo.plots.photograph import draw_photograph
from zoo.plots.pictures import plot_looks
from zoo.plots.recording import draw_recording
from zoo.system import advising

DPI = 150
PAD = 0.15  # all lengths in inches
NAME = 0.3  # room for the name of an axis or a panel
MIN_WIDTH = 5.0
COLORS = "Blues"  # lightness falls steadily, so it prints well in grey
INK, FAINT = "0.1", "0.35"
COPIED = "#b33c00"  # of a token that was copied rather than written
_NOTES = {
    "attention weight": "Each row shows how one token of the {target} divides its attention over "
    "the tokens of the {source}.",
    "likeness": "Each row shows which token of the {source} one token of the {target} found, and "
    "how like it is.",
}


def plot_attention(out, path=None, layer=-1, head="mean", photograph=None):
    """Draw the attention of an answer over its source as a heat map.

    Of a captioner's answer, the photograph is drawn with a panel for each word, bright where the
    word looks; of a transcript, the recording, and below it when each word listened. Of pictures
    that were drawn, see `zoo.plots.plot_looks`.

    Row t of a panel holds the weights that target token t gives to the S source tokens; they sum
    to 1. Of a document that was ranked, it holds how like the token is to the one that it found.
    All panels share one colour scale. Cells carry their number where few. Of an answer that says
    what was `copied`, the tokens that were copied rather than written are red.

    Args:
        out: result of `generate(..., return_dict=True)` for one input, with `text` str,
            `source_tokens` S str, `tokens` T str, `attention` float32 (layers, heads, T, S) and
            `score` float; and, where they are no source and target, `axes`, what they are; of a
            document that was found by the likeness of tokens, `cells` is "likeness".
        path: file to write as well, in the format that its suffix names (.png, .pdf, .svg ...). It
            is replaced in one step, so that a reader never sees half a picture.
        layer: index (from 0; negative counts from the last layer), "mean" or "all".
        head: the same for heads. "all" draws a panel each, and is for text alone.
        photograph: uint8 (height, width, 3), to draw a caption on in place of the scaled picture
            that the captioner saw.

    Returns:
        `matplotlib.figure.Figure`, without pyplot state; it grows with T, S and the panels.

    Raises:
        TypeError: `out` is no such result, or `layer` or `head` is neither integer nor string.
        ValueError: `layer` or `head` is none of the above, the attention does not fit the tokens,
            or the suffix of `path` names no picture format.
        FileNotFoundError: the folder of `path` does not exist.

    Reference: Bahdanau et al., 2015, figure 3 (https://arxiv.org/abs/1409.0473).
    """
    with advising():
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

    if hasattr(out, "digits"):
        _choose("layer", layer, 1)
        (_, heads), *others = _choose("head", head, out.attention.shape[1])
        if others:
            raise ValueError(f'head must be one or "mean" for pictures; got head={head!r}.')
        return plot_looks(dataclasses.replace(out, attention=out.attention[:, heads]), path=path)
    seen, heard = getattr(out, "image", None), getattr(out, "frames", None)
    weights = _check(out, out.attention.shape[-1] if seen is not None else None)
    layers = _choose("layer", layer, weights.shape[0])
    heads = _choose("head", head, weights.shape[1])
    panels = [
        (", ".join(filter(None, (layer_name, head_name))), weights[i][:, j].mean((0, 1)))
        for (layer_name, i), (head_name, j) in itertools.product(layers, heads)
    ]
    columns = len(heads) if len(layers) > 1 and len(heads) > 1 else min(len(panels), 4)

    figure = Figure(dpi=DPI, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    if path is not None:
        path = checked_path(path, canvas.get_supported_filetypes())
    glyphs()  # the bundled font must be known before the first text
    if seen is None and heard is None:
        _draw(figure, out, panels, columns)
    elif len(panels) > 1:
        what = "photograph" if heard is None else "recording"
        raise ValueError(
            f"layer and head must choose one map for a {what}; "
            f"got layer={layer!r}, head={head!r}, which are {len(panels)}."
        )
    elif heard is not None:
        draw_recording(figure, out, heard, panels[0][1])
    else:
        draw_photograph(figure, out, seen if photograph is None else photograph, panels[0][1])
    if path is not None:
        save(figure, path)
    return figure


def _check(out, cells):
    """The attention of `out`, over `cells` of an image or, where None, over its source tokens."""
    fields = ("text", "source_tokens", "tokens", "attention", "score")
    missing = [field for field in fields if not hasattr(out, field)]
    if missing:
        raise TypeError(
            "out must be a result of generate(..., return_dict=True) for one input; "
            f"got {type(out).__name__} without {', '.join(missing)}."
        )
    expected = (len(out.tokens), len(out.source_tokens) if cells is None else cells)
    shape = np.shape(out.attention)
    if len(shape) != 4 or shape[2:] != expected or 0 in shape:
        raise ValueError(
            "out.attention must be (layers, heads, T, S), all at least 1, with "
            f"(T, S) = (len(out.tokens), len(out.source_tokens)) = {expected}; got shape {shape}."
        )
    return np.asarray(out.attention)


def _choose(name, which, count):
    """Return (caption, indices) of each panel along the axis of `count` layers or heads."""
    if not isinstance(which, (str, Integral)):
        raise TypeError(f'{name} must be an integer, "mean" or "all"; got {name}={which!r}.')
    if which not in ("mean", "all", *range(-count, count)):
        rule = f'{name} must be in [{-count}, {count - 1}], "mean" or "all"'
        raise ValueError(f"{rule}; got {name}={which!r}.")
    if count == 1:
        return [("", [0])]
    if which == "mean":
        return [(f"mean of {count} {name}s", list(range(count)))]
    if which == "all":
        return [(f"{name} {i}", [i]) for i in range(count)]
    return [(f"{name} {which % count} (of 0 to {count - 1})", [which % count])]


def _cell(rows, columns, T, S):
    """Return the side of a cell: wide for few tokens, narrow enough for the grid on one sheet."""
    if rows * columns == 1:
        return min(max(4.8 / max(T, S), 0.3), 0.6, 18 / max(T, S))
    return min(max(2.4 / max(T, S), 0.14), 0.3, 48 / max(rows * T, columns * S))


def _draw(figure, out, panels, columns):
    """Cut the paper to its content, then put the panels, the texts and the colour bar on it."""
    T, S = panels[0][1].shape
    rows = -(-len(panels) // columns)
    cell = _cell(rows, columns, T, S)
    size = min(10.0, max(45 * cell, 1.0))  # points; 0.62 of a cell, so that neighbours never touch
    target = readable(out.tokens)
    source, turns = _across(figure, readable(out.source_tokens), cell, size)
    target_width = _extent(figure, target, [0] * T, size)[0]
    source_height = _extent(figure, source, turns, size)[1]

    gap = PAD + NAME
    grid_width = columns * S * cell + (columns - 1) * PAD
    grid_height = rows * T * cell + (rows - 1) * gap
    left = PAD + NAME + target_width + 0.1
    right = 0.9  # colour bar with its numbers and name
    width = max(left + grid_width + right, MIN_WIDTH)
    left += (width - left - grid_width - right) / 2
    title = wrap(out.text, width - 2 * PAD, 12)
    source_name, target_name = getattr(out, "axes", ("source", "target"))
    cells = getattr(out, "cells", "attention weight")
    note = _NOTES[cells].format(source=source_name, target=target_name)
    copied = [share > 0.5 for share in getattr(out, "copied", ())]
    if any(copied):
        note += " Red tokens were copied."
    caption = wrap(f"{note} Score: {out.score:.2f}.", width - 2 * PAD, 8)
    bottom = PAD + 0.17 * len(caption) + NAME + 0.1
    ceiling = bottom + grid_height
    height = ceiling + 0.15 + source_height + NAME + 0.24 * len(title) + PAD
    figure.set_size_inches(width, height)

    def box(x, y, w, h):
        return figure.add_axes((x / width, y / height, w / width, h / height))

    def write(x, y, text, size, **style):
        style = {"color": FAINT, "ha": "center", "va": "center", **style}
        figure.text(
            x / width, y / height, text, family=FAMILIES, size=size, parse_math=False, **style
        )

    write(width / 2, height - PAD, "\n".join(title), 12, va="top", color=INK)
    write(left + grid_width / 2, ceiling + 0.1 + source_height + NAME / 2, source_name, 9)
    beside = left - 0.1 - target_width - NAME / 2
    write(beside, bottom + grid_height / 2, target_name, 9, rotation=90)
    write(width / 2, PAD, "\n".join(caption), 8, va="bottom")

    highest = max(float(values.max()) for _, values in panels)
    for i, (name, values) in enumerate(panels):
        row, column = divmod(i, columns)
        x = left + column * (S * cell + PAD)
        y = ceiling - (row + 1) * T * cell - row * gap
        axes = box(x, y, S * cell, T * cell)
        image = axes.imshow(
            values, cmap=COLORS, vmin=0, vmax=highest, aspect="auto", interpolation="nearest"
        )
        _rule(axes, T, S)
        _label(axes, target if column == 0 else [], source if row == 0 else [], turns, size)
        for tick, is_copied in zip(axes.get_yticklabels(), copied):
            tick.set_color(COPIED if is_copied else INK)
        write(x + S * cell / 2, y - 0.05 - NAME / 2, name, 9, color=INK)
        if len(panels) == 1 and T * S <= 150:
            _number(axes, values, highest, min(9, 22 * cell))

    bar = figure.colorbar(image, cax=box(left + grid_width + PAD, bottom, 0.14, grid_height))
    bar.outline.set_visible(False)
    bar.set_label(cells, family=FAMILIES, size=8, color=FAINT)
    bar.ax.tick_params(labelsize=7, labelcolor=FAINT, color=FAINT, width=0.5, length=2)


def _across(figure, labels, cell, size):
    """Return the labels as they stand over columns of width `cell`, and the angle of each."""
    level = [0] * len(labels)
    if _extent(figure, labels, level, size)[0] < 0.95 * cell:
        return labels, level
    # Ideographs are stacked, as in vertical writing, and single letters stand; the rest is turned.
    stacked = ["\n".join(label) if is_wide(label) else label for label in labels]
    return stacked, [0 if is_wide(label) or len(label) == 1 else 90 for label in labels]


def _extent(figure, labels, turns, size):
    """Return the width of the widest label and the height of the highest one, in inches."""
    style = {"family": FAMILIES, "size": size, "parse_math": False}
    texts = [figure.text(0, 0, label, rotation=turn, **style) for label, turn in zip(labels, turns)]
    boxes = [text.get_window_extent() for text in texts]
    for text in texts:
        text.remove()
    return max(b.width for b in boxes) / figure.dpi, max(b.height for b in boxes) / figure.dpi


def _label(axes, target, source, turns, size):
    axes.tick_params(length=0, pad=3, top=True, labeltop=True, bottom=False, labelbottom=False)
    style = {"family": FAMILIES, "size": size, "color": INK, "parse_math": False}
    axes.set_yticks(range(len(target)), target, **style)
    axes.set_xticks(range(len(source)), source, **style)
    for label, turn in zip(axes.get_xticklabels(), turns):
        label.set_rotation(turn)


def _rule(axes, T, S):
    """Draw white lines between the cells and a faint frame around them."""
    axes.set_xticks(np.arange(0.5, S - 1), minor=True)
    axes.set_yticks(np.arange(0.5, T - 1), minor=True)
    axes.grid(which="minor", color="white", linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    axes.spines[:].set_color("0.8")


def _number(axes, values, highest, size):
    style = {"family": FAMILIES, "size": size, "ha": "center", "va": "center"}
    for (t, s), value in np.ndenumerate(values):
        if value >= 0.005:  # below, it would read 0.00
            color = "white" if value > 0.5 * highest else INK
            axes.text(s, t, f"{value:.2f}", color=color, **style)
