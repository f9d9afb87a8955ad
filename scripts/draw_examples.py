"""Draw what a captioner says of three photographs, and where the words look: the README's picture.

    python scripts/draw_examples.py caption_en docs/captions.jpg

Two that it gets right come first, then one that it gets wrong. Beside each photograph stand the
words of its caption that say most: those that are no article or preposition.
"""

import argparse
from pathlib import Path

import numpy as np
from check_attention import EMPTY
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

import zoo
from zoo.plots.photograph import glowing, group_words

PHOTOS = Path(__file__).resolve().parent.parent / "examples" / "photos"
SHOWN = ("cat", "coffee", "rocket")
WORDS, SIDE = 3, 1.75  # panels beside a photograph, and the side of a panel in inches


def panels(out):
    """Pairs of a word and its weights (h, w): those that are not empty, spread over the caption."""
    weights = out.attention[-1].mean(axis=0)  # (T, S): the last layer, the mean of its heads
    found = [
        (word, weights[rows].mean(axis=0).reshape(out.grid))
        for word, rows in group_words(out.tokens, " " in out.text)
        if word not in EMPTY
    ]
    chosen = np.linspace(0, len(found) - 1, min(WORDS, len(found))).round().astype(int)
    return [found[i] for i in chosen]


def draw(captioner, path):
    """Write the picture."""
    figure = Figure(figsize=((1 + WORDS) * SIDE, len(SHOWN) * (SIDE + 0.45)), dpi=110)
    FigureCanvasAgg(figure)
    rows = figure.subplots(len(SHOWN), 1 + WORDS, squeeze=False)
    for axes, name in zip(rows, SHOWN, strict=True):
        photograph = np.asarray(
            Image.open(PHOTOS / f"{name}.jpg").convert("RGB").resize((300, 300))
        )
        out = captioner.generate(PHOTOS / f"{name}.jpg", return_dict=True)
        axes[0].imshow(photograph)
        axes[0].set_title(out.text, size=10, loc="left")
        for ax, (word, heat) in zip(axes[1:], panels(out), strict=False):
            ax.imshow(glowing(photograph, heat))
            ax.text(0.5, -0.02, word, size=9, ha="center", va="top", transform=ax.transAxes)
        for ax in axes:
            ax.set_axis_off()
    figure.subplots_adjust(left=0.01, right=0.99, top=0.95, bottom=0.04, wspace=0.03, hspace=0.28)
    figure.savefig(path, pil_kwargs={"quality": 88})


def main():
    """Read the command line, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", help="of a captioner")
    parser.add_argument("path", type=Path, help="of the picture to write")
    arguments = parser.parse_args()
    draw(zoo.load(arguments.name), arguments.path)


if __name__ == "__main__":
    main()
