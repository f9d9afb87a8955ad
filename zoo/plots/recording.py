"""A recording with the attention of each word of its transcript, on one axis of time."""

import numpy as np

from zoo.plots.labels import FAMILIES, readable, wrap

WIDTH, SOUND, ROW = 7.0, 1.3, 0.32  # inches: the picture, its sound, a row of a token
PAD, LABELS, FOOT = 0.15, 0.9, 0.6
INK, FAINT = "0.1", "0.35"
FRAME = 0.01  # seconds between two frames
COLORS = "Blues"


def draw_recording(figure, out, frames, weights):
    """Fills a figure with what was heard, and below it where each word listened.

    Args:
        figure: an empty `matplotlib.figure.Figure`.
        out: result of `transcribe(..., return_dict=True)`.
        frames: float (F, bands).
        weights: float (T, S), a column for every four frames.
    """
    tokens = readable(out.tokens)
    note = (
        "Above, the recording: frequency from low to high, dark where it is loud. Below, each row "
        f"shows when one token listened. Score: {out.score:.2f}."
    )
    title, caption = wrap(out.text, WIDTH - 2 * PAD, 12), wrap(note, WIDTH - 2 * PAD, 8)
    head, foot = PAD + 0.25 * len(title), FOOT + 0.17 * len(caption)
    rows = ROW * len(tokens)
    height = head + SOUND + 0.12 + rows + foot
    figure.set_size_inches(WIDTH, height)
    style = {"family": FAMILIES, "parse_math": False}

    def box(y, h):
        left = LABELS / WIDTH
        return figure.add_axes((left, y / height, 1 - left - PAD / WIDTH, h / height))

    figure.text(
        0.5, 1 - PAD / 2 / height, "\n".join(title), size=12, ha="center", va="top", **style
    )
    figure.text(
        0.5, PAD / 2 / height, "\n".join(caption), size=8, ha="center", color=FAINT, **style
    )
    seconds = len(frames) * FRAME
    sound = box(foot + rows + 0.12, SOUND)
    sound.imshow(frames.T, origin="lower", aspect="auto", cmap="Greys", extent=(0, seconds, 0, 1))
    sound.set_xticks([])
    sound.set_yticks([])
    sound.set_ylabel("frequency", size=9, color=FAINT, family=FAMILIES)
    heat = box(foot, rows)
    last = weights.shape[1] * 4 * FRAME  # the last column may reach beyond the recording
    heat.imshow(
        weights,
        aspect="auto",
        cmap=COLORS,
        vmin=0,
        vmax=float(weights.max()),
        extent=(0, last, len(tokens), 0),
        interpolation="nearest",
    )
    heat.set_xlim(0, seconds)
    heat.set_yticks(np.arange(len(tokens)) + 0.5, tokens, size=10, color=INK, **style)
    heat.tick_params(axis="y", length=0)
    heat.set_xlabel("seconds", size=9, color=FAINT, family=FAMILIES)
    for axes in (sound, heat):
        axes.spines[:].set_color("0.8")
