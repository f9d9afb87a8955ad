"""Photographs with the attention of each word of their caption, and sheets of photographs."""

import numpy as np

from zoo.plots.labels import FAMILIES, readable, wrap

DPI = 150
SIDE = 1.7  # of a panel, in inches
PAD, LINE = 0.12, 0.2
COLUMNS = 5
GLOW = (1.0, 0.45, 0.0)  # what shines where a word looks
INK = "0.1"


def draw_photograph(figure, out, photograph, weights):
    """Fills a figure with a photograph and a panel for each word, bright where the word looks.

    The weights of a cell are spread smoothly over the picture, and each panel is scaled by its own
    highest weight. A word of several tokens shows their mean.

    Args:
        figure: an empty `matplotlib.figure.Figure`.
        out: result of `generate(..., return_dict=True)` of a captioner.
        photograph: uint8 (height, width, 3), the whole picture in any size.
        weights: float (T, S), S = cells of `out.grid`, row by row.
    """
    words = group_words(out.tokens, " " in out.text)
    panels = [(None, out.text)]
    panels += [(weights[rows].mean(0).reshape(out.grid), word) for word, rows in words]
    aspect = min(max(photograph.shape[0] / photograph.shape[1], 0.5), 2.0)
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    title = wrap(out.text, columns * (SIDE + PAD), 11)
    head = PAD + 0.22 * len(title)
    step = SIDE * aspect + LINE + PAD
    width, height = columns * (SIDE + PAD) + PAD, head + rows * step + PAD
    figure.set_size_inches(width, height)
    style = {"family": FAMILIES, "ha": "center", "va": "top", "color": INK, "parse_math": False}
    figure.text(0.5, 1 - PAD / 2 / height, "\n".join(title), size=11, **style)
    for i, (heat, word) in enumerate(panels):
        row, column = divmod(i, columns)
        x, y = PAD + column * (SIDE + PAD), height - head - row * step - SIDE * aspect
        axes = figure.add_axes((x / width, y / height, SIDE / width, SIDE * aspect / height))
        axes.imshow(photograph if heat is None else glowing(photograph, heat), aspect="auto")
        axes.set_axis_off()
        if heat is not None:
            middle = (x + SIDE / 2) / width
            figure.text(middle, (y - 0.03) / height, word, size=9, **style)


def draw_sheet(path, groups):
    """Writes a contact sheet: rows of photographs with what was said of them.

    Args:
        path: file to write, .png or another format of matplotlib.
        groups: list of (heading, [(photograph uint8 (height, width, 3), text)]).
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from zoo.plots.labels import glyphs

    glyphs()
    columns = max(len(photographs) for _, photographs in groups)
    side, text = 2.4, 0.62
    step = 0.3 + side + text
    width, height = columns * (side + PAD) + PAD, len(groups) * step + PAD
    figure = Figure((width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    style = {"family": FAMILIES, "va": "top", "color": INK, "parse_math": False}
    for row, (heading, photographs) in enumerate(groups):
        top = height - PAD - row * step
        figure.text(PAD / width, top / height, heading, size=10, weight="bold", **style)
        for column, (photograph, caption) in enumerate(photographs):
            x, y = PAD + column * (side + PAD), top - 0.25 - side
            axes = figure.add_axes((x / width, y / height, side / width, side / height))
            axes.imshow(photograph)
            axes.set_axis_off()
            lines = "\n".join(wrap(caption, side, 8))
            figure.text(x / width, (y - 0.04) / height, lines, size=8, **style)
    figure.savefig(path)


def group_words(tokens, spaces):
    """Tokens -> list of (word, indices of its tokens); the end token has none.

    Args:
        tokens: list of str, `▁` in front of a word.
        spaces: whether words are parted by spaces; without, each token is a word.
    """
    words = []
    for i, (token, label) in enumerate(zip(tokens, readable(tokens), strict=True)):
        if token == "</s>" or token == "▁":
            continue
        if words and (label == "·" or (spaces and not token.startswith("▁"))):
            text, rows = words[-1]
            words[-1] = text + (label if label != "·" else ""), [*rows, i]
        else:
            words.append((label, [i]))
    return words


def glowing(photograph, heat):
    """A photograph that is dark where `heat` (rows, columns) is low and glows where it is high."""
    height, width = photograph.shape[:2]
    smooth = _spread(_spread(heat, height, 0), width, 1)
    smooth = (smooth / max(float(smooth.max()), 1e-9))[..., None]
    lit = photograph / 255.0 * (0.3 + 0.7 * smooth) + 0.3 * smooth * np.array(GLOW)
    return np.clip(lit, 0, 1)


def _spread(values, size, axis):
    """Smooth values of cells over `size` pixels: a weighted mean that fades with the distance."""
    cells = values.shape[axis]
    centres = (np.arange(cells) + 0.5) * size / cells
    far = (np.arange(size)[:, None] + 0.5 - centres) * cells / size
    shares = np.exp(-((far / 0.6) ** 2))
    shares /= shares.sum(1, keepdims=True)
    return np.apply_along_axis(lambda column: shares @ column, axis, values)
