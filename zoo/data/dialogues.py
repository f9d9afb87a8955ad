"""Loader of dialogues, as text to learn words from."""

import json

from zoo.data.checks import check
from zoo.data.files import read_lines


def self_dialogue(split, data_dir=None):
    """What people wrote who played both sides of a talk on films, music or sport.

    Args:
        split: `"train"`, 23,988 dialogues; there is no other.
        data_dir: as for `zoo.data.multi30k`.

    Returns:
        list of str, a turn each.

    Raises:
        ValueError: an unknown split, or a damaged file.
        FileNotFoundError: the set is not here.

    Reference:
        Fainberg et al. 2018, Talking to Myself: Self-dialogues as Data for Conversational Agents.
    """
    check("split", split, ("train",))
    rows = map(json.loads, read_lines(f"dialogue/self_dialogue.{split}.jsonl", data_dir))
    return [turn for row in rows for turn in row["turns"]]
