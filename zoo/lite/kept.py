"""What a translator takes over as it is: what it copies better stands for it in the search."""

import re
from typing import NamedTuple

from zoo.lite import addresses, names

_TURNS = 2  # different names that are tried in the place of one


class Question(NamedTuple):
    """A text as the search reads it.

    Attributes:
        text: str.
        addresses: dict from a number to the e-mail address, URL or number that it stands for.
        names: dict from a well-known name to the one that it stands for.
        expected: list of patterns that an answer must have.
    """

    text: str
    addresses: dict[str, str]
    names: dict[str, str]
    expected: list[re.Pattern]

    def shown(self, answer):
        """An answer with what was taken out of the text; None where it has lost some of it."""
        if not all(pattern.search(answer) for pattern in self.expected):
            return None
        answer = addresses.uncovered(answer, self.addresses)
        return None if answer is None else names.uncovered(answer, self.names)


def as_it_stands(text):
    """The `Question` in which nothing stands for anything."""
    return Question(text, {}, {}, [])


def questions(text, language):
    """The ways to ask for a translation, of which the first counts whose answer has lost nothing.

    Args:
        text: str.
        language: "de", "en", "fr" or "zh"; or None.

    Returns:
        list of `Question`, at least one: with stand-ins for addresses; for names and long numbers,
        too, where the answer has lost one; for addresses alone, whatever became of the others; and
        for nothing.
    """
    some = Question(*addresses.covered(text), {}, [])
    every, expected = addresses.covered(text, long_numbers=True), addresses.numbers(text)
    ways = []
    for turn in range(_TURNS):
        covered, known = names.covered(every[0], language, turn)
        if known or (expected and not turn):
            ways.append(Question(covered, every[1], known, []))
    if ways:
        expected = [addresses.pattern(number) for number in expected]
        expected += [names.pattern(name, language) for name in ways[0].names.values()]
        ways.insert(0, some._replace(expected=expected))
    if some.addresses:
        ways.append(some)
    return [*ways, as_it_stands(text)]


def answered(asked, ask):
    """The answer to each of some texts, by the first way to ask for it that loses nothing.

    Args:
        asked: list of lists of `Question`, as from `questions`.
        ask: `(places in asked, a Question for each) -> an answer for each`; an answer is a function
            of a `Question` that gives what is shown, or None where it has lost something.

    Returns:
        list of what the answers show, one for each text.
    """
    found, said = [None] * len(asked), [{} for _ in asked]
    left, way = list(range(len(asked))), 0
    while left:
        # What stands as it is was perhaps asked before, with more that was expected of the answer.
        new = [i for i in left if asked[i][way].text not in said[i]]
        if new:
            for i, answer in zip(new, ask(new, [asked[i][way] for i in new]), strict=True):
                said[i][asked[i][way].text] = answer
        for i in left:
            found[i] = said[i][asked[i][way].text](asked[i][way])
        way, left = way + 1, [i for i in left if found[i] is None]
    return found
