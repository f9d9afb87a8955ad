"""Loaders for the texts that language models learn from."""

from zoo.data.checks import check
from zoo.data.files import read_lines

_TRAINING_NOVELS = (
    "a_princess_of_mars",
    "frankenstein",
    "the_first_men_in_the_moon",
    "the_invisible_man",
    "the_island_of_doctor_moreau",
    "the_war_of_the_worlds",
    "twenty_thousand_leagues_under_the_sea",
)
_TEST_NOVEL = "the_time_machine"
_HELD_OUT_EVERY = 100  # poems; of two of these one is for validation and one for the test


def tiny_shakespeare(split, data_dir=None):
    """Scenes of Shakespeare's plays, 1,115,394 characters, cut as it is usual.

    Args:
        split: `"train"`, the first 90 % of the characters, or `"val"`, the last 10 %.
        data_dir: folder that holds `text/`; by default as `find` says.

    Returns:
        list of one str.

    Raises:
        ValueError: an unknown split, or a damaged file.
        FileNotFoundError: the text is neither here nor to be downloaded.

    Reference:
        Karpathy (2015), char-rnn.
    """
    check("split", split, ("train", "val"))
    text = "\n".join(read_lines("text/tinyshakespeare.txt", data_dir)) + "\n"
    cut = int(0.9 * len(text))
    return [text[:cut] if split == "train" else text[cut:]]


def quatrains(split, data_dir=None):
    """Quatrains of seven-character lines, Tang and Song, in traditional characters.

    Of every hundred poems one is held out for validation and one for the test. What shares a line
    with one of these is in no training split, so that no line of a held-out poem was ever read.

    Args:
        split: `"train"`, `"val"` or `"test"`.
        data_dir: as for `tiny_shakespeare`.

    Returns:
        list of str, a poem each: `七字，七字。七字，七字。`, 32 characters. No poem is there twice.
    """
    check("split", split, ("train", "val", "test"))
    poems = [
        poem
        for dynasty in ("tang", "song")
        for poem in read_lines(f"text/poetry/{dynasty}_7jue.txt", data_dir)
    ]
    poems = list(dict.fromkeys(poems))
    places = {"val": 0, "test": _HELD_OUT_EVERY // 2}
    held_out = {name: poems[place::_HELD_OUT_EVERY] for name, place in places.items()}
    if split != "train":
        return held_out[split]
    lines = {line for part in held_out.values() for poem in part for line in poem_lines(poem)}
    return [poem for poem in poems if lines.isdisjoint(poem_lines(poem))]


def poem_lines(poem):
    """The lines of a poem, without the punctuation between them: list of str."""
    return [line for line in poem.replace("。", "，").split("，") if line]


def scifi(split, data_dir=None):
    """Eight science-fiction novels by Wells, Verne, Burroughs and Shelley.

    *The Time Machine* is the test. Of each of the others the last thirtieth is for validation.

    Args:
        split: `"train"`, `"val"` or `"test"`.
        data_dir: as for `tiny_shakespeare`.

    Returns:
        list of str, a novel or the end of one each, a paragraph a line.
    """
    check("split", split, ("train", "val", "test"))
    if split == "test":
        return ["\n".join(_paragraphs(_TEST_NOVEL, data_dir))]
    texts = []
    for novel in _TRAINING_NOVELS:
        paragraphs = _paragraphs(novel, data_dir)
        cut = len(paragraphs) * 29 // 30
        texts.append("\n".join(paragraphs[:cut] if split == "train" else paragraphs[cut:]))
    return texts


def _paragraphs(novel, data_dir):
    text = "\n".join(read_lines(f"text/scifi/{novel}.txt", data_dir))
    paragraphs = (" ".join(part.split()) for part in text.split("\n\n"))
    return [paragraph for paragraph in paragraphs if paragraph]
