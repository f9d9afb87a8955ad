"""Loaders of what people say: everyday sentences, daily conversations, customers' chats."""

import re

from zoo.data.checks import check
from zoo.data.files import read_lines
from zoo.data.translation import pairs_of

_TATOEBA = (("de", "en"), ("fr", "de"), ("fr", "en"))
_CONVERSATION = ("en", "de", "zh")  # columns of xdailydialog
_SPACE_BEFORE = re.compile(r"\s+([.,!?;:'’])")
_SPACE_AFTER = re.compile(r"(['’])\s+(?=(?:s|t|m|d|ll|re|ve)\b)")


def tatoeba(split, source="de", target="en", data_dir=None):
    """Everyday sentences in German, English and French.

    Args:
        split: `"train"`, `"val"` or `"test"`.
        source, target: `"de", "en"` (157,953, 1,000 and 15,565 pairs), `"fr", "de"` (85,708, 1,000
            and 10,418) or `"fr", "en"` (152,324, 1,000 and 12,681), or the other way round.
        data_dir: as for `multi30k`.

    Returns:
        list of `(source, target)`. The French-German pairs of train and val were joined by a shared
        English sentence.

    Reference:
        https://tatoeba.org; the tests are of Tiedemann (2020), The Tatoeba Translation Challenge.
    """
    check("split", split, ("train", "val", "test"))
    directions = {pair[::step]: step for pair in _TATOEBA for step in (1, -1)}
    if (source, target) not in directions:
        raise ValueError(
            "source and target must be de-en, fr-de or fr-en, in either order; "
            f"got source={source!r}, target={target!r}."
        )
    step = directions[source, target]
    name = "_".join((source, target)[::step])
    rows = (line.split("\t")[:2] for line in read_lines(f"tatoeba/{name}.{split}.tsv", data_dir))
    return pairs_of((row[::step] for row in rows), split)


def xdailydialog(split, source="de", target="en", data_dir=None):
    """Turns of daily conversations in English, German and Chinese: 7,386, 8,025 and 5,339.

    Args:
        split: `"train"`, `"val"` or `"test"`.
        source, target: two of `"en"`, `"de"`, `"zh"`.
        data_dir: as for `multi30k`.

    Returns:
        list of `(source, target)`. English is cut into tokens in the file; in the training split
        it is put together again, as people write it.

    Reference:
        Liu et al. (2023), XDailyDialog: A Multilingual Parallel Dialogue Corpus.
    """
    check("split", split, ("train", "val", "test"))
    check("source", source, _CONVERSATION)
    check("target", target, [language for language in _CONVERSATION if language != source])
    columns = [_CONVERSATION.index(language) for language in (source, target)]
    rows = [line.split("\t") for line in read_lines(f"xdailydialog/{split}.tsv", data_dir)]
    if split == "train":
        rows = [[joined(row[0]), *row[1:]] for row in rows]
    return pairs_of(([row[column] for column in columns] for row in rows), split)


def bcontrast(split, source="de", target="en", speaker=None, data_dir=None):
    """Chats of customers, who write German, and agents, who write English: 13,845 and 1,902 turns.

    Args:
        split: `"train"` or `"val"`.
        source, target: `"de"` and `"en"`, in either order.
        speaker: keep the turns of one alone: `"customer"` or `"agent"`.
        data_dir: as for `multi30k`.

    Returns:
        list of `(source, target)`, turned into the direction that is asked for.

    Reference:
        Farajian et al. (2020), Findings of the WMT 2020 Shared Task on Chat Translation.
    """
    check("split", split, ("train", "val"))
    check("source", source, ("de", "en"))
    check("target", target, [language for language in ("de", "en") if language != source])
    if speaker is not None:
        check("speaker", speaker, ("customer", "agent"))
    rows = [line.split("\t")[:3] for line in read_lines(f"bcontrast/{split}.tsv", data_dir)]
    if speaker is not None:
        rows = [row for row in rows if row[2] == speaker]
    writes = {"customer": "de", "agent": "en"}
    turned = (row[:2] if writes[row[2]] == source else row[1::-1] for row in rows)
    return pairs_of(turned, split)


def joined(text):
    """English tokens as people write them: `"I 'm fine , Jim ."` -> `"I'm fine, Jim."`."""
    return _SPACE_AFTER.sub(r"\1", _SPACE_BEFORE.sub(r"\1", text))
