"""Sheets of small pictures, and where the cells of one looked."""

import numpy as np

from zoo.plots.files import checked_path, save
from zoo.plots.labels import FAMILIES, glyphs
from zoo.plots.photograph import DPI, INK, PAD, glowing
from zoo.system import advising

_SIDE, _GAP = 0.55, 0.04  # of a picture and between two, in inches
_LINE = 0.2  # of text
_MARK = "#0b6fd6"  # around the cell that looks


def plot_pictures(rows, labels=None, path=None, title=""):
    """Draw rows of pictures, each row with its label at the left.

    Args:
        rows: uint8 (R, N, h, w), or a list of R arrays (N, h, w).
        labels: list of R str, or None.
        path: file to write as well, .png or another format of matplotlib.
        title: str above all.

    Returns:
        `matplotlib.figure.Figure`, without pyplot state.

    Raises:
        ValueError: no pictures, or another number of labels than of rows.
    """
    rows = [np.asarray(row) for row in rows]
    if not rows or any(row.ndim != 3 or not len(row) for row in rows):
        raise ValueError(
            f"rows must be arrays (N, h, w), N >= 1; got shapes {[row.shape for row in rows]}."
        )
    labels = [""] * len(rows) if labels is None else list(map(str, labels))
    if len(labels) != len(rows):
        raise ValueError(f"labels must be one for each of {len(rows)} rows; got {len(labels)}.")
    glyphs()
    left = PAD + 0.085 * max(map(len, labels)) + (PAD / 2 if any(labels) else 0)
    head = PAD + (_LINE if title else 0)
    step = _SIDE + _GAP
    width = left + max(map(len, rows)) * step + PAD
    height = head + len(rows) * step + PAD
    figure = _figure(width, height)
    style = {"family": FAMILIES, "color": INK, "parse_math": False, "size": 9}
    figure.text(left / width, 1 - PAD / height, title, va="top", **style)
    for i, (row, label) in enumerate(zip(rows, labels, strict=True)):
        y = height - head - i * step - _SIDE
        middle = (y + _SIDE / 2) / height
        figure.text((left - PAD / 2) / width, middle, label, va="center", ha="right", **style)
        for j, image in enumerate(row):
            _show(figure, (left + j * step, y, _SIDE, _SIDE), image)
    return _written(figure, path)


def plot_looks(drawn, cells=None, path=None):
    """Draw where cells of pictures looked: a row for each picture, a panel for each cell.

    The cell that looks has a blue frame. What it looks at is bright, each panel scaled by its own
    highest weight; the mean of all heads.

    Args:
        drawn: `zoo.tasks.Drawn`, of `generate(..., return_dict=True)`.
        cells: list of (row, column) of the grid. Default: for each picture four cells of ink, apart
            from each other, and one of the ground.
        path: file to write as well.

    Returns:
        `matplotlib.figure.Figure`, without pyplot state.

    Raises:
        TypeError: `drawn` is no such result.
        ValueError: a cell outside the grid.
    """
    if not hasattr(drawn, "grid") or not hasattr(drawn, "digits"):
        raise TypeError(
            f"drawn must be of generate(..., return_dict=True); got {type(drawn).__name__}."
        )
    with advising():
        from matplotlib.patches import Rectangle

    height, width = drawn.grid
    for row, column in cells or ():
        if not (0 <= row < height and 0 <= column < width):
            raise ValueError(f"cells must be in a grid of {height} x {width}; got {(row, column)}.")
    weights = drawn.attention.mean(axis=1)  # (N, S, S)
    chosen = [cells or telling_cells(image, drawn.grid) for image in drawn.images]
    side = 1.2
    step = side + PAD
    inches = (1 + max(map(len, chosen))) * step + PAD, len(chosen) * step + PAD
    figure = _figure(*inches)
    for i, (image, looking) in enumerate(zip(drawn.images, chosen, strict=True)):
        y = inches[1] - (i + 1) * step
        _show(figure, (PAD, y, side, side), image)
        grey = np.repeat(255 - image[..., None] // 2, 3, axis=2)
        for j, (row, column) in enumerate(looking):
            heat = weights[i, row * width + column].reshape(drawn.grid)
            axes = _show(figure, (PAD + (j + 1) * step, y, side, side), glowing(grey, heat))
            size = len(image) / height
            frame = (column * size - 0.5, row * size - 0.5)
            axes.add_patch(Rectangle(frame, size, size, fill=False, color=_MARK, linewidth=1.5))
    return _written(figure, path)


def telling_cells(image, grid, count=4):
    """Cells of a picture that say something: of ink, apart from each other, and one of the ground.

    Args:
        image: uint8 (h, w).
        grid: (rows, columns), divisors of h and w.

    Returns:
        list of `count` + 1 pairs (row, column).
    """
    rows, columns = grid
    size = image.shape[0] // rows, image.shape[1] // columns
    ink = image.reshape(rows, size[0], columns, size[1]).mean(axis=(1, 3))
    places = np.stack(np.meshgrid(range(rows), range(columns), indexing="ij"), axis=-1)
    places = places.reshape(-1, 2)
    dark = places[ink.ravel() > 0.6 * ink.max()]
    dark = dark if len(dark) else places
    chosen = [dark[0]]  # the highest; then always what is farthest from those before
    while len(chosen) < count:
        apart = [min(np.abs(place - other).sum() for other in chosen) for place in dark]
        chosen.append(dark[int(np.argmax(apart))])
    chosen.append(places[int(np.argmin(ink.ravel() - 1e-3 * np.arange(ink.size)))])
    return [tuple(map(int, place)) for place in chosen]


def _figure(width, height):
    with advising():
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

    figure = Figure((width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _show(figure, box, image):
    """A picture in a box of inches; a grey one with black ink on white, as on paper."""
    width, height = figure.get_size_inches()
    x, y, w, h = box
    axes = figure.add_axes((x / width, y / height, w / width, h / height))
    axes.imshow(image, cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
    axes.set_axis_off()
    return axes


def _written(figure, path):
    if path is not None:
        save(figure, checked_path(path, figure.canvas.get_supported_filetypes()))
    return figure
