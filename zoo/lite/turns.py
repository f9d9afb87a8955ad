"""Texts of several turns as token ids: a line is a turn, and an end token stands between two."""

from zoo.lite.subwords import END_ID


def encode_turns(tokenizer, texts, sampling=0.0):
    """Texts of lines -> for each a list of turns, each a list of ids without an end token.

    Lines without a token are left out. Both sides of a conversation read alike, so that who speaks
    is told by the place of a turn, or by a name at its beginning.

    Args:
        tokenizer: with `encode`, as `zoo.lite.subwords.Subwords`.
        texts: list of str.
        sampling: see `Subwords.encode`.
    """
    lines = [text.split("\n") for text in texts]
    ids = iter(tokenizer.encode([line for part in lines for line in part], sampling))
    return [[turn for turn in (next(ids) for _ in part) if turn] for part in lines]


def joined_turns(turns):
    """Turns as one list of ids, an end token between two."""
    ids = [token for turn in turns for token in (*turn, END_ID)]
    return ids[:-1]


def newest_turns(turns, room):
    """The newest turns that fit, whole; of one that alone does not fit, its end.

    Args:
        turns: list of lists of ids.
        room: the most tokens, an end token behind each turn included.

    Returns:
        The turns that stay.
    """
    if turns and len(turns[-1]) >= room:
        return [turns[-1][1 - room :]] if room > 1 else []
    kept, left = [], room
    for turn in reversed(turns):
        left -= len(turn) + 1
        if left < 0:
            break
        kept.append(turn)
    return kept[::-1]


def filled_parts(turns, room):
    """Turns in parts that fit, each as full as can be; of a turn that is too long its beginning.

    Args:
        turns: list of lists of ids.
        room: the most tokens of a part, an end token behind each turn included.

    Returns:
        list of lists of turns, at least one.
    """
    parts, left = [[]], room
    for turn in turns:
        turn = turn[: room - 1]
        if len(turn) + 1 > left and parts[-1]:
            parts.append([])
            left = room
        parts[-1].append(turn)
        left -= len(turn) + 1
    return parts
