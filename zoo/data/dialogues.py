"""Loaders of dialogues, and of conversations with their summaries."""

import json
import re
from typing import NamedTuple

from zoo.data.checks import check
from zoo.data.files import read_lines
from zoo.data.pairs import comparable

_SPLITS = {
    "dailydialog": ("train", "val", "test"),
    "self_dialogue": ("train",),
    "chinese": ("train", "val", "test"),
}
_LONG = 30  # letters of a turn that two dialogues do not share by chance


class Summarized(NamedTuple):
    """A conversation, its turns joined by line breaks, and the summaries that people wrote."""

    dialogue: str
    summaries: list[str]


def dialogues(name, split, data_dir=None):
    """Dialogues, each a list of turns.

    The text of DailyDialog, which is tokenised, is put as people write it (`untokenized`).

    Args:
        name: `"dailydialog"` (everyday talk as in English textbooks), `"self_dialogue"` (films,
            music and sport, each written by one person who played both), `"chinese"` (exercises for
            learners, films, music, travel, television, social media).
        split: `"train"`, `"val"` or `"test"`; self-dialogues have `"train"` alone. 300 dialogues of
            DailyDialog that stand in another split are not in `"train"`.
        data_dir: as for `zoo.data.multi30k`.

    Returns:
        list of lists of str.

    Raises:
        ValueError: an unknown name or split, or a damaged file.
        FileNotFoundError: the set is not here.

    References:
        Li et al. 2017, DailyDialog; Fainberg et al. 2018, Talking to Myself: Self-dialogues as Data
        for Conversational Agents; Sun et al. 2020, C3; Wang et al. 2020, CDial-GPT; Zhou et al.
        2020, KdConv; Chen et al. 2022, CPED.
    """
    check("name", name, tuple(_SPLITS))
    check("split", split, _SPLITS[name])
    rows = [row["turns"] for row in _rows(f"dialogue/{name}.{split}.jsonl", data_dir)]
    if name == "dailydialog":
        rows = [list(map(untokenized, turns)) for turns in rows]
    return [[turn.strip() for turn in turns if turn.strip()] for turns in rows]


def chinese_origins(split, data_dir=None):
    """Where each dialogue of `dialogues("chinese", split)` comes from: a list of str."""
    check("split", split, _SPLITS["chinese"])
    rows = _rows(f"dialogue/chinese.{split}.jsonl", data_dir)
    return [row["origin"].split()[0] for row in rows]


def dailydialog_references(data_dir=None):
    """The test dialogues of DailyDialog with several replies to each turn.

    Returns:
        list of (turns, references), both tokenised and in lower case: `references[i]`, a list of
        str, are replies to `turns[: i + 1]`, the original one first.

    Reference:
        Gupta et al. 2019, Investigating Evaluation of Open-Domain Dialogue Systems With
        Human-Generated Multiple References.
    """
    rows = _rows("dialogue/dailydialog.test.multiref.jsonl", data_dir)
    return [([turn.lower() for turn in row["turns"]], row["references"]) for row in rows]


def self_dialogue(split, data_dir=None):
    """All turns of `dialogues("self_dialogue", split)`, one after the other: a list of str."""
    return [turn for turns in dialogues("self_dialogue", split, data_dir) for turn in turns]


def dialogsum(split, data_dir=None):
    """Conversations of two people, `#Person1#` and `#Person2#`, mostly, with their summaries.

    Args:
        split: `"train"`, `"val"`, or `"test"`, where each has three summaries.
        data_dir: as for `zoo.data.multi30k`.

    Returns:
        list of `Summarized`.

    Reference:
        Chen et al. 2021, DialogSum: A Real-Life Scenario Dialogue Summarization Dataset.
    """
    check("split", split, ("train", "val", "test"))
    return _summarized(f"summaries/dialogsum.{split}.jsonl", data_dir)


def samsum(split, data_dir=None):
    """Chats of friends with their summaries, to evaluate on alone: the terms allow no more.

    Args:
        split: `"val"`; there is no other.
        data_dir: as for `zoo.data.multi30k`.

    Returns:
        list of `Summarized`.

    Reference:
        Gliwa et al. 2019, SAMSum Corpus: A Human-annotated Dialogue Dataset for Abstractive
        Summarization.
    """
    check("split", split, ("val",))
    return _summarized(f"summaries/samsum.{split}.jsonl", data_dir)


def without_held_out(found, held_out, report=None):
    """The dialogues that are none of others: nothing of a test may be learned.

    A dialogue is left out where one of its turns of some length, or, where it has no long turn, the
    whole of it, stands in a held-out dialogue, whatever the case, the spaces and the punctuation.

    Args:
        found: list of lists of turns.
        held_out: the same, such as those of a test.
        report: called with one line that says how many were left out, such as `print`; or None.

    Returns:
        list of lists of turns.
    """
    seen = {key for turns in held_out for key in _keys(turns)}
    kept = [turns for turns in found if seen.isdisjoint(_keys(turns))]
    if report is not None:
        report(f"{len(kept):,} dialogues kept; {len(found) - len(kept):,} of held-out ones dropped")
    return kept


def turns_of(dialogue):
    """The turns of a conversation as one str, without the speakers' names."""
    lines = (line.partition(": ") for line in dialogue.splitlines())
    return [(rest if mark else line).strip() for line, mark, rest in lines]


def untokenized(text):
    """Tokenised English as it is written: `I don ' t know , Jim .` -> `I don't know, Jim.`"""
    text = text.replace("’", "'")
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"(\w) ?' ?(s|t|re|ve|ll|d|m)\b", r"\1'\2", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(\w+) n't\b", r"\1n't", text)
    text = re.sub(r" (?=[.,!?;:%)\]])", "", text)
    text = re.sub(r"(?<=[($\[#]) ", "", text)
    text = re.sub(r"([a-z)])([.!?])([A-Z])", r"\1\2 \3", text)
    return re.sub(r"(\d)([.,:]) (\d\d)\b", r"\1\2\3", text)


def _keys(turns):
    """What a dialogue is known by."""
    long = [key for key in map(comparable, turns) if len(key) >= _LONG]
    return long or [comparable(" ".join(turns))]


def _summarized(path, data_dir):
    return [
        Summarized(_plain_lines(row["dialogue"]), row.get("summaries") or [row["summary"]])
        for row in _rows(path, data_dir)
    ]


def _plain_lines(dialogue):
    """Its lines without space around them, and without blank ones."""
    return "\n".join(line.strip() for line in dialogue.splitlines() if line.strip())


def _rows(path, data_dir):
    return map(json.loads, read_lines(path, data_dir))
