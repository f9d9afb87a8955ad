"""Texts at which an answer stops, as an automaton over tokens."""

import numpy as np

_MOST = 200  # characters of all stops: a row of the table for each of their bytes


class Stops:
    """Finds the first of some texts in what tokens spell, wherever it falls among them.

    The bytes of the texts make an automaton (Aho and Corasick), whose state says how much of one
    has been spelled; `table` moves it on by whole tokens.

    Args:
        texts: list of str, none of them empty.
        tokenizer: a `zoo.text.SentencePieceTokenizer`.
        spaces: whether spaces are part of an answer; without, they are passed over.

    Attributes:
        table: int32 (Q, V), see `zoo.decoding.stops`.

    Reference:
        Aho and Corasick 1975, Efficient string matching.
    """

    def __init__(self, texts, tokenizer, spaces=True):
        self.texts, self._spaces = tuple(texts), spaces
        moves = _byte_moves([text.encode("utf-8", "surrogatepass") for text in self.texts])
        spelled = tokenizer.spelled()
        if not spaces:
            spelled = [text.replace(b" ", b"") for text in spelled]
        table = _by_token(moves, spelled)
        # Row 0 is the beginning, where a tokenizer that normalises has no space to write.
        if tokenizer.decode(tokenizer.encode([" a"]))[0].endswith(" a"):
            first = table[:1]
        else:
            first = _by_token(moves, [text.removeprefix(b" ") for text in spelled])[:1]
        first = np.where(_silent(spelled, first), -1, first)
        self.table = (np.concatenate([first, table]) + 1).astype("int32")

    def until(self, ids):
        """The ids of an answer up to the one that completes a stop; all where none does."""
        state, caught = 0, len(self.table) - 1
        for i, token in enumerate(ids):
            state = self.table[state, token]
            if state == caught:
                return ids[: i + 1]
        return ids

    def cut(self, text):
        """A text up to the stop that is complete first."""
        text = text if self._spaces else text.replace(" ", "")
        places = ((text.find(stop), stop) for stop in self.texts)
        found = [(place + len(stop), place) for place, stop in places if place >= 0]
        return text[: min(found)[1]] if found else text

    def settled(self, text):
        """What no further text can take away any more of an answer that begins with `text`."""
        whole = self.cut(text)
        if len(whole) < len(text):
            return whole
        longest = max(map(len, self.texts)) - 1
        for size in range(min(longest, len(whole)), 0, -1):
            if any(text.startswith(whole[-size:]) for text in self.texts):
                return whole[:-size]
        return whole


def checked_stops(stop):
    """What `stop` of `generate` takes -> list of str.

    Raises:
        TypeError: what is neither a str nor a list of str.
        ValueError: an empty str, at which everything would stop; or too much text.
    """
    if stop is None:
        return []
    found = [stop] if isinstance(stop, str) else stop
    if not isinstance(found, (list, tuple)):
        raise TypeError(f"stop must be a str or a list of str; got {stop!r:.80}.")
    for i, text in enumerate(found):
        if not isinstance(text, str):
            raise TypeError(f"stop must be a str or a list of str; got stop[{i}]={text!r:.80}.")
        if not text:
            raise ValueError(f"stop must hold no empty text; got stop[{i}]='' of {stop!r:.80}.")
    size = sum(map(len, found))
    if size > _MOST:
        raise ValueError(f"stop must have at most {_MOST} characters in all; got {size}.")
    return list(found)


def _byte_moves(texts):
    """The automaton of texts: int (Q, 256), its last state that in which one was found."""
    states = sorted({text[:size] for text in texts for size in range(len(text))}, key=len)
    numbers, caught = {state: i for i, state in enumerate(states)}, len(states)
    moves = np.zeros([len(states) + 1, 256], int)
    moves[caught] = caught
    for i, state in enumerate(states):
        if state:  # it moves as the longest of its ends that begins a text, where nothing is longer
            ends = (state[begin:] for begin in range(1, len(state) + 1))
            moves[i] = moves[numbers[next(end for end in ends if end in numbers)]]
        for text in texts:
            if len(text) > len(state) and text.startswith(state):
                byte = text[len(state)]
                if moves[i, byte] != caught:
                    whole = len(text) == len(state) + 1
                    moves[i, byte] = caught if whole else numbers[text[: len(state) + 1]]
    return moves


def _by_token(moves, spelled):
    """The state after each token, from each state: int (Q, V)."""
    longest = max(map(len, spelled))
    letters = np.full([len(spelled), longest], -1)
    for row, text in zip(letters, spelled, strict=True):
        row[: len(text)] = list(text)
    states = np.repeat(np.arange(len(moves))[:, None], len(spelled), axis=1)
    for column in letters.T:
        states = np.where(column >= 0, moves[states, column], states)
    return states


def _silent(spelled, first):
    """Which tokens leave the beginning a beginning: those that spell nothing there."""
    return np.array([text.strip(b" ") == b"" for text in spelled]) & (first == 0)
