"""What a translator takes over as it is: e-mail addresses, URLs and long numbers.

In the search a number of four digits stands for each, which translators copy.
"""

import re

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+"
# Those that are hardly a word behind a stop, where somebody forgot the space.
_DOMAINS = "com|org|net|info|edu|gov|io|eu|de|at|ch|fr|uk|cn|app|dev"
# It ends before what ends a sentence.
_PATH = r"(?::\d+)?(?:/(?:[\w./?=&%#~+:@,;!$'*-]*[\w/=&#])?)?"
_ADDRESS = re.compile(
    r"(?<![\w@/.+-])(?:"
    rf"[\w.+-]*[\w+]@{_HOST}[A-Za-z]{{2,}}"
    rf"|(?:https?://|www\.)[\w.-]*\w{_PATH}"
    rf"|{_HOST}(?:{_DOMAINS})(?![\w@-])(?!\.[a-z]){_PATH}"
    r")",
    re.ASCII,  # in Chinese, no space stands around it
)
# Of three digits or more, alone: not of a time, a date, a price with cents, a word or a range. And
# what hyphens join to a telephone number or the like: three parts or more, or two behind a zero.
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9_.,:/+-])"
    r"(?:\d{3,}|(?=\+?[\d-]*\d{3})\+?\d+(?:-\d+){2,}|0\d+-\d{3,})"
    r"(?![A-Za-z0-9_:/-]|[.,]\d)"
)
_PARTED = "[.,'’ \u00a0]?"  # between the thousands of a number
# Translators copy a number of four digits that is no year and no round one.
_STAND_INS = ("2839", "5926", "3417")


def numbers(text):
    """The long numbers of a text that are none of its addresses: list of str, each once."""
    return list(dict.fromkeys(_NUMBER.findall(_ADDRESS.sub(" ", text))))


def pattern(number):
    """What an answer has that has kept a number; it may part the thousands."""
    return re.compile(rf"(?<!\d){_PARTED.join(map(re.escape, number))}(?!\d)")


def covered(text, long_numbers=False):
    """A text with numbers in the place of its addresses.

    Args:
        text: str.
        long_numbers: whether other numbers stand for long ones, too.

    Returns:
        The text, and a dict from a number to what it stands for, of at most three different ones.
        Further ones stay, and so does a number that the text has itself.
    """
    free = [number for number in _STAND_INS if number not in text]
    found = {}

    def cover(match):
        what = match[0]
        if what not in found and free:
            found[what] = free.pop(0)
        return found.get(what, what)

    text = _ADDRESS.sub(cover, text)
    if long_numbers:
        stand_ins = set(found.values())
        text = _NUMBER.sub(lambda m: m[0] if m[0] in stand_ins else cover(m), text)
    return text, {number: what for what, number in found.items()}


def uncovered(answer, addresses):
    """The answer to a text from `covered`, with its addresses.

    Args:
        answer: str.
        addresses: dict from `covered`.

    Returns:
        str; or None where one of the numbers is not in the answer.
    """
    for number, address in addresses.items():
        found = pattern(number)
        if not found.search(answer):
            return None
        answer = found.sub(lambda match, address=address: address, answer)
    return answer
