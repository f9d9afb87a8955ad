"""Does a captioner look where the word is? Cover that place, and see what becomes of the word.

    python scripts/check_attention.py caption_en caption_en_rnn caption_zh

For each word of a caption, by its first token, the fifth of the photograph that it attends to most
is covered with grey, and, for comparison, a fifth picked at random. If the attention points at what
the word was taken from, the first takes much more of the word's log-probability than the second.
The photographs are the first of the validation split, whatever is on them: fifty, or `--images`.

Reference: Petsiuk et al. 2018, RISE, section 4 (the deletion metric).
"""

import argparse

import numpy as np
from rich.progress import track

import zoo
from zoo import data

SHARE = 0.2  # of the cells that is covered
GREY = 127
# Words that no place in a picture stands for.
EMPTY = {*"a an the is are in on of with and to at by up its his her their it as".split()}
EMPTY |= {*"一 个 的 在 着 了 和 上 里 地 把 被 穿".split()}


def covered(image, cells, grid):
    """A copy of an image (H, W, 3) with the given cells of its grid grey."""
    copy, (height, width) = image.copy(), (image.shape[0] // grid[0], image.shape[1] // grid[1])
    for row, column in (divmod(int(cell), grid[1]) for cell in cells):
        copy[row * height : (row + 1) * height, column * width : (column + 1) * width] = GREY
    return copy


def word_log_probs(captioner, images, ids, place):
    """Log-probability of token `place` of a caption, given each of several images."""
    count = len(images)
    whole, _ = captioner.teacher_forced_scores(images, [ids[: place + 1]] * count)
    before = captioner.teacher_forced_scores(images, [ids[:place]] * count)[0] if place else 0.0
    return whole - before


def begun_words(pieces):
    """The place of the first token of each word, and the word; in Chinese each token is one."""
    starts = [i for i, piece in enumerate(pieces) if piece.startswith("▁")]
    if len(starts) < 2:
        starts = range(len(pieces))
    for start, end in zip(starts, [*starts[1:], len(pieces)], strict=False):
        yield start, "".join(pieces[start:end]).strip("▁")


def losses(captioner, path, rng):
    """For each word of the caption of a photograph: nats lost by attention, and by chance."""
    out = captioner.generate(str(path), return_dict=True)
    (ids,) = captioner.tokenizer.encode([" ".join(out.text.split())])
    weights = out.attention[-1].mean(axis=0)  # (T, S): the last layer, the mean of its heads
    count = round(SHARE * weights.shape[1])
    for place, word in begun_words(captioner.tokenizer.pieces(ids)):
        if place < len(weights) and word not in {"", *EMPTY}:
            attended = np.argsort(weights[place])[-count:]
            chance = rng.choice(weights.shape[1], count, replace=False)
            cells = [[], attended, chance]
            images = [covered(out.image, chosen, out.grid) for chosen in cells]
            seen, without, random = word_log_probs(captioner, images, ids, place)
            yield seen - without, seen - random


def main():
    """Read the command line, and print a line a model."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument("--images", type=int, default=50)
    arguments = parser.parse_args()
    paths = [data.flickr8k_image(n) for n in list(data.flickr8k("val", "en"))[: arguments.images]]
    for name in arguments.names:
        captioner, rng = zoo.load(name), np.random.default_rng(0)
        found = np.array(
            [pair for path in track(paths, name) for pair in losses(captioner, path, rng)]
        )
        attended, chance = found.mean(axis=0)
        print(
            f"{name}: {len(found)} words of {len(paths)} photographs; covering the {SHARE:.0%} "
            f"that a word attends to takes {attended:.2f} nats of it, at random {chance:.2f}; "
            f"the first takes more in {np.mean(found[:, 0] > found[:, 1]):.0%} of cases"
        )


if __name__ == "__main__":
    main()
