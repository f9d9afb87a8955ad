"""The items of a recommender by name and number, and the best of those that nobody saw yet."""

import difflib
import numbers
from collections.abc import Mapping

import numpy as np

from zoo.lite.several import listed, refuse

# What `str.strip` takes off, as a class of RE2: exports take off the same.
SPACE = r"[\s\x0b\x1c-\x1f\x{85}\p{Z}]"
SEEN = -1e9  # a score below any other, and finite, so that JSON can hold it
_NEAR = 3  # names that the error of an unknown one mentions


def item_lines(text):
    """The lines of a str without the space around them, blank ones too: list of str.

    They end with a line feed and with nothing else, in Python and in an export.
    """
    return list(map(str.strip, text.split("\n")))


def decoded(text):
    """Bytes, as arrays and data sets keep text, as a str; all else stays as it is."""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


class Catalogue:
    """Names and ids of items, which are numbered from 1.

    Args:
        names: list of C different str.
        ids: list of C different int or str, or None where items have names alone.
        what: they are, in an error: "items", "skills".

    Raises:
        TypeError: a str for `ids`, or one that is neither int nor str.
        ValueError: no name, one that is empty or of several lines, or the same one twice; ids of
            another number, or the same one twice.
    """

    def __init__(self, names, ids=None, what="items"):
        if not names or len(set(names)) < len(names):
            raise ValueError(f"{what} must be one or more, each another; got {len(names)} names.")
        for name in names:
            if len(name.splitlines()) != 1 or name != name.strip():
                raise ValueError(
                    f"{what} must be lines of text without spaces around; got {name!r}."
                )
        ids = [] if ids is None else checked_ids(ids)
        if ids and len(ids) != len(names):
            raise ValueError(f"ids must be {len(names)}, one for each name; got {len(ids)} ids.")
        self.names, self.ids, self._what = names, ids, what
        # A name goes before an id that is written in the same way.
        self.known = {
            **{str(number): i for i, number in enumerate(ids, 1)},
            **{name: i for i, name in enumerate(names, 1)},
        }

    def histories(self, history):
        """The numbers of the items of one history, or of each of several.

        Args:
            history: a list of names or ids, or a str with one of them a line: one history; or a
                list of lists.

        Returns:
            Whether these are several, and a list of lists of int.

        Raises:
            as `numbers`.
        """
        if hasattr(history, "tolist"):
            history = history.tolist()
        if not isinstance(history, (str, list, tuple)):
            raise TypeError(
                "history must be a list of names or ids of items, or a list of such lists; "
                f"got {history!r:.80} ({type(history).__name__})."
            )
        if isinstance(history, str) or not (
            len(history) and all(isinstance(row, (list, tuple)) for row in history)
        ):
            return False, [self.numbers(history)]
        return True, [self.numbers(row, f"history[{i}]") for i, row in enumerate(history)]

    def numbers(self, history, place="history"):
        """The numbers of the items of one history.

        Args:
            history: list of names or ids; or a str, one of them a line.
            place: what to call the history in an error.

        Returns:
            list of int, from 1.

        Raises:
            TypeError: it is something else.
            ValueError: an item is not in the catalogue; the message has the nearest names.
        """
        if isinstance(history, str):
            history = item_lines(history)
        history = [item.strip() if isinstance(item, str) else item for item in history]
        history = [item for item in history if item != ""]
        return [self.number(item, f"{place}[{i}]") for i, item in enumerate(history)]

    def known_lines(self, text):
        """The numbers of the items that a str names, one a line; others are passed over."""
        return [self.known[line] for line in item_lines(text) if line in self.known]

    def number(self, item, place):
        """The number of an item that is given by its name or its id; errors as of `numbers`."""
        whole = isinstance(item, numbers.Integral) and not isinstance(item, bool)
        if not whole and not isinstance(item, str):
            raise TypeError(
                f"{self._what} must be given by their names or ids; got {place}={item!r:.80} "
                f"({type(item).__name__})."
            )
        found = self.known.get(str(item))
        if found is None:
            near = [] if whole else self.near(item)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise ValueError(
                f"{self._what} must be of the {len(self.names)} that are known; "
                f"got {place}={item!r:.80}.{hint}"
            )
        return found

    def near(self, name):
        """The names that are most like one that is none: list of at most 3 str."""
        lowered = {}
        for known in self.names:
            lowered.setdefault(known.lower(), known)
        wanted = name.strip().lower()[:200]
        if wanted in lowered:
            return [lowered[wanted]]
        # Who leaves out the year, or half of the title, means what begins so.
        begun = [text for text in lowered if wanted and text.startswith(wanted)]
        close = difflib.get_close_matches(wanted, lowered, n=_NEAR)
        return [lowered[text] for text in dict.fromkeys(begun[:_NEAR] + close)][:_NEAR]


def checked_ids(ids):
    """Ids (of a dict, its keys) as a list of int and str, no two written in the same way.

    Raises:
        TypeError: one str for all, or an id of another kind.
        ValueError: the same id twice.
    """
    rule = "a list of int or str, each another"
    ids = ids.keys() if isinstance(ids, Mapping) else ids
    found, places = [], {}
    for i, one in enumerate(listed("ids", ids, rule)):
        whole = isinstance(one, numbers.Integral) and not isinstance(one, bool)
        if not whole and not isinstance(one, str):
            refuse("ids", one, rule, f"ids[{i}]=")
        first = places.setdefault(str(one), i)
        if first < i:
            raise ValueError(f"ids must be {rule}; got ids[{first}] and ids[{i}]={one!r:.80}.")
        found.append(int(one) if whole else str(one))
    return found


def ranked(scores, names, top_k):
    """The best items that were not seen.

    Args:
        scores: float (C + 1,), the first of padding; `SEEN` or less for what is seen.
        names: list of C str.
        top_k: int.

    Returns:
        list of `(name, score)`, best first, those of one score in the order of `names`; fewer than
        `top_k` where fewer are left.
    """
    top_k = min(top_k, len(names))
    least = max(np.partition(scores, -top_k)[-top_k], SEEN / 2)
    candidates = np.flatnonzero(scores >= least)
    order = candidates[np.argsort(-scores[candidates], kind="stable")][:top_k]
    return [(names[i - 1], float(scores[i])) for i in order]


def unseen(scores, seen):
    """Natural-log probabilities of all items -> those of the items that were not seen.

    Args:
        scores: float (C + 1,), the first of padding.
        seen: list of int, numbers of items.

    Returns:
        float32 (C + 1,), `SEEN` for padding and for what is seen.
    """
    kept, gone = np.array(scores, "float32"), [0, *seen]
    kept[gone] = SEEN
    highest = kept.max()
    kept -= highest + np.log(np.exp(kept - highest).sum())
    kept[gone] = SEEN
    return kept


def popularity_scores(counts):
    """How often each item was chosen -> natural-log probabilities, with one more for each.

    Args:
        counts: list of C int.

    Returns:
        float32 (C + 1,), of which the first, of padding, is `SEEN`.
    """
    more = np.array(counts, "float64") + 1
    return np.array([SEEN, *np.log(more / more.sum())], "float32")


def checked_top_k(top_k):
    """An int from 1, or an error that says so."""
    if isinstance(top_k, bool) or not isinstance(top_k, numbers.Integral):
        raise TypeError(f"top_k must be an int; got top_k={top_k!r:.80}.")
    if top_k < 1:
        raise ValueError(f"top_k must be >= 1; got top_k={top_k}.")
    return int(top_k)
